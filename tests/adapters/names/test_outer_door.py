"""Where a front door of another compose project is, in each way in which it may be written."""

import pytest

from stacktest.adapters.names import outer_doors
from stacktest.core.model import Port
from stacktest.errors import StackNotReadyError, UsageError

PORTS = {("proxy", "caddy"): (Port(target=443, published=32768, host_ip="127.0.0.1"),)}


def doors(text: str) -> dict[int, tuple[str, int]]:
    return outer_doors(text, lambda *names: PORTS.get(names, ()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proxy/caddy", {443: ("127.0.0.1", 32768)}),
        ("http://127.0.0.1:8080", {80: ("127.0.0.1", 8080)}),
        ("https://proxy.lan/", {443: ("proxy.lan", 443)}),
        ("http://[fd00::5]:81", {80: ("fd00::5", 81)}),
        ("192.168.1.5", {80: ("192.168.1.5", 80), 443: ("192.168.1.5", 443)}),
        ("my-pro_xy.lan", {80: ("my-pro_xy.lan", 80), 443: ("my-pro_xy.lan", 443)}),
        ("fd00::5", {80: ("fd00::5", 80), 443: ("fd00::5", 443)}),
    ],
)
def test_an_address(text: str, expected: object) -> None:
    assert doors(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1:8080", "proxy.lan:443", "[::1]:80", " x", "a b", "x?"),
        *("proxy/", "/caddy", "/", "a/b/c"),
        *("http://", "ftp://x", "http://x:99999", "http://x:y", "http://x/below", "http://x?y"),
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a front door") as refusal:
        doors(text)
    assert refusal.value.where == "stacktest.toml:stack.door"


def test_a_project_that_does_not_run() -> None:
    with pytest.raises(StackNotReadyError, match="'nginx' of project 'proxy' has no running"):
        doors("proxy/nginx")
