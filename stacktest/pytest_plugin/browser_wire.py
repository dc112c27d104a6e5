"""Whether a browser's answer came over the wire, or from the browser or the test itself.

answer                                what shows that nothing came over the wire
`route.fulfill`, HAR, page's cache    the request never began
service worker                        Playwright says so
browser's cache                       Chromium received no byte for it
redirect in the browser's cache       no byte of the host passed the proxy since the request began
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stacktest.adapters.names import OWN_ANSWER, ConnectProxy

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, BrowserContext, Response

CLOCKS = 0.05
"""Seconds by which the browser's clock and this one may differ in reading the same time."""
REDIRECTS = range(300, 400)
"""Their size is known from the headers, wherever they came from."""


def is_local(response: Response) -> bool:
    """Whether the test, the page or the proxy gave this answer, without a request to its host."""
    never_began: bool = response.request.timing["requestStart"] < 0
    return never_began or response.from_service_worker or is_the_proxys(response)


def is_the_proxys(response: Response | APIResponse) -> bool:
    """Whether stacktest's own proxy gave this answer, refusing the request."""
    return OWN_ANSWER.lower() in response.headers


def came_over_the_wire(
    response: Response, proxy: ConnectProxy, context: BrowserContext, clock_ahead: float = 0.0
) -> bool:
    """Whether bytes came for it from its host. Waits until the answer has arrived whole.

    The browser's count is exact, and Chromium alone has it. Otherwise, and for an answer whose page
    is gone before it is whole, the proxy's clock decides.
    """
    from playwright.sync_api import Error

    if response.status in REDIRECTS or not _counts_bytes(context):
        return passed_the_proxy(response, proxy, clock_ahead)
    try:
        sizes = response.request.sizes()
    except Error:
        return passed_the_proxy(response, proxy, clock_ahead)
    return sizes["responseHeadersSize"] + sizes["responseBodySize"] > 0


def passed_the_proxy(response: Response, proxy: ConnectProxy, clock_ahead: float = 0.0) -> bool:
    """Whether the proxy saw bytes of the host come back since the request began.

    `clock_ahead`: seconds by which the browser's machine is ahead of this one.
    """
    last_answer = proxy.last_answer(urlsplit(response.url).hostname or "")
    began: float = response.request.timing["startTime"] / 1000 - clock_ahead
    return last_answer >= began - CLOCKS


# Private


def _counts_bytes(context: BrowserContext) -> bool:
    return context.browser is not None and context.browser.browser_type.name == "chromium"
