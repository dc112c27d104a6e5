"""The browser service works when a page of the stack opens in it, and only with its token."""

from collections.abc import Iterator

import pytest
import websockets.exceptions
import websockets.sync.client
from playwright.sync_api import Browser, Playwright

from fixtures.people import secret
from fixtures.typed import Inside, ReachFrom
from stacktest.adapters.network.service_access import ServiceAccess
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("browserless")

PORT = 3000


@pytest.fixture
def browserless(inside: Inside) -> ServiceAccess:
    return inside("browserless")


@pytest.fixture
def token(stack: RunningStack) -> str:
    return secret(stack, "browserless", "TOKEN")


@pytest.fixture
def remote(browserless: ServiceAccess, token: str, playwright: Playwright) -> Iterator[Browser]:
    """A browser in the container, over the network."""
    host, port = browserless.address(PORT)
    browser = playwright.chromium.connect(f"ws://{host}:{port}/{token}", timeout=15000)
    yield browser
    browser.close()


def do_knock(browserless: ServiceAccess, path: str) -> int:
    """The status of a handshake that must be refused."""
    host, port = browserless.address(PORT)
    with (
        pytest.raises(websockets.exceptions.InvalidStatus) as refused,
        websockets.sync.client.connect(f"ws://{host}:{port}/{path}", open_timeout=5, proxy=None),
    ):
        pass
    return refused.value.response.status_code


def test_a_browser_can_be_had(remote: Browser) -> None:
    assert remote.is_connected()
    assert int(remote.version.partition(".")[0]) >= 100


def test_a_page_is_rendered(remote: Browser) -> None:
    page = remote.new_page()
    page.goto("data:text/html,<title>t</title><p id=p></p><script>p.textContent=6*7</script>")
    assert page.locator("#p").inner_text() == "42"


@pytest.mark.claim("P1.1")
def test_the_stack_can_be_visited_with_full_verification(remote: Browser) -> None:
    page = remote.new_page()
    answer = page.goto("https://stack.local/")
    assert answer is not None
    assert answer.status == 200
    assert "Reference Stack" in page.locator("body").inner_text()


def test_without_the_token_it_refuses(browserless: ServiceAccess) -> None:
    assert do_knock(browserless, "") == 400


def test_with_another_token_it_refuses(browserless: ServiceAccess) -> None:
    assert do_knock(browserless, "not-the-token") == 400


def test_only_the_backend_has_a_way_to_it(reach_from: ReachFrom) -> None:
    assert reach_from("backend", "browserless", PORT) == "open"
    assert reach_from("frontend", "browserless", PORT) == "unresolved"
