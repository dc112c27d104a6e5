"""What of a browser server's address may be shown, and what stands where tokens stand."""

import pytest

from stacktest.core.browser_endpoint import Endpoint, read_endpoint
from stacktest.errors import UsageError


@pytest.mark.parametrize(
    ("url", "shown", "secrets"),
    [
        ("ws://b:3000", "ws://b:3000", set()),
        ("ws://b:3000/", "ws://b:3000", set()),
        ("wss://b/playwright/Tok-en1", "wss://b:443", {"Tok-en1"}),
        ("ws://b/6f1dd0a5e57c", "ws://b:80", {"6f1dd0a5e57c"}),
        ("ws://user:Secret%2F1@b/", "ws://b:80", {"Secret%2F1", "Secret/1"}),
        ("ws://b/?token=Canary7&x=1", "ws://b:80", {"Canary7"}),
        (
            "ws://[::1]:4444/correcthorsebatterystaple",
            "ws://[::1]:4444",
            {"correcthorsebatterystaple"},
        ),
    ],
)
def test_addresses(url: str, shown: str, secrets: set[str]) -> None:
    endpoint = read_endpoint(url)
    assert endpoint.shown == shown
    assert endpoint.secrets - {url} == secrets
    assert (url in endpoint.secrets) == bool(secrets)
    assert url.rstrip("/") == shown or url not in repr(endpoint)


def test_the_whole_address_hides_a_token_that_is_a_word() -> None:
    assert Endpoint("ws://b:80/letmein").secrets == {"ws://b:80/letmein"}


@pytest.mark.parametrize(
    "url",
    ["b:3000/Canary", "http://b/Canary", "ws:///Canary", "ws://b:x/Canary", "ws://b:0/Canary"],
)
def test_other_addresses_are_refused_unread(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_endpoint(url)
    assert "Canary" not in str(caught.value)
    assert caught.value.code == "SK-BROWSER"
