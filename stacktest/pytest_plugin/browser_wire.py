"""Whether a browser's answer came over the network, or from the browser or the test itself.

answer from                           how it is detected that nothing came over the network
`route.fulfill`, HAR, page's cache    the request never began
service worker                        Playwright's `from_service_worker`
browser's cache                       Chromium received no byte for it
redirect in the browser's cache       no byte of the host passed the proxy since the request began
another server, by a command of the   likewise: `Fetch.continueRequest` sends a request elsewhere
debugging protocol
a browser that bypasses the proxy     likewise: its requests cannot be seen
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stacktest.adapters.names import OWN_ANSWER, ConnectProxy, Read
from stacktest.core.routing import usual_port

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, BrowserContext, Response

CLOCKS = 0.05
"""Seconds by which the browser's clock and this one may differ in reading the same time."""
DRIFT = 2.0
"""Seconds by which the clock of another machine may drift during a run, where bytes are counted."""
REDIRECTS = range(300, 400)
"""Statuses for which the browser counts bytes of the headers even from its cache."""


def is_local(response: Response) -> bool:
    """Whether the test, the page's cache, a service worker or the proxy gave this answer."""
    never_began: bool = response.request.timing["requestStart"] < 0
    return never_began or response.from_service_worker or is_the_proxys(response)


def is_the_proxys(response: Response | APIResponse) -> bool:
    """Whether stacktest's own proxy gave this answer to refuse the request."""
    return OWN_ANSWER.lower() in response.headers


def came_over_the_wire(
    response: Response, proxy: ConnectProxy, context: BrowserContext, clock_ahead: float = 0.0
) -> bool:
    """Whether bytes of this answer came from its host. Waits until the whole answer has arrived.

    The proxy's clock decides, together with the browser's own count of bytes, which is exact and
    which only Chromium has; the clock alone decides if the page is gone before the answer is whole.
    """
    from playwright.sync_api import Error

    if response.status in REDIRECTS or not _counts_bytes(context):
        return passed_the_proxy(response, proxy, clock_ahead)
    try:
        sizes = response.request.sizes()
    except Error:
        return passed_the_proxy(response, proxy, clock_ahead)
    is_counted = sizes["responseHeadersSize"] + sizes["responseBodySize"] > 0
    tolerance = DRIFT if clock_ahead else CLOCKS
    return is_counted and passed_the_proxy(response, proxy, clock_ahead, tolerance=tolerance)


def passed_the_proxy(
    response: Response, proxy: ConnectProxy, clock_ahead: float = 0.0, *, tolerance: float = CLOCKS
) -> bool:
    """Whether the proxy received bytes from the host since the request began.

    `clock_ahead`: seconds by which the browser's machine is ahead of this one.
    """
    began: float = response.request.timing["startTime"] / 1000 - clock_ahead
    return last_read(proxy, response.url).at >= began - tolerance


def last_read(proxy: ConnectProxy, url: str) -> Read:
    """When the proxy last received bytes from the host of a URL."""
    parts = urlsplit(url)
    return proxy.last_read(parts.hostname or "", parts.port or usual_port(parts.scheme))


def body_of(response: APIResponse | Response) -> str:
    """The body of an answer; empty if its page or context is gone."""
    from playwright.sync_api import Error

    try:
        return str(response.text())
    except (Error, UnicodeDecodeError):
        return ""


def whole_body_of(response: Response) -> str:
    """The body of a page's response; empty while it still arrives, which may be for ever."""
    return body_of(response) if response.request.timing["responseEnd"] >= 0 else ""


def host_and_port(url: str) -> tuple[str, int]:
    """The host and port of an HTTP URL; an empty host for any other URL, such as `data:`."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "", 0
    return parts.hostname, parts.port or usual_port(parts.scheme)


def asked_url(arguments: tuple[Any, ...], options: Mapping[str, Any]) -> str:
    """The URL of a request without a page; its argument may also be a request to repeat."""
    target = arguments[0] if arguments else options.get("url_or_request", options.get("url", ""))
    return target if isinstance(target, str) else str(getattr(target, "url", ""))


# Private


def _counts_bytes(context: BrowserContext) -> bool:
    return context.browser is not None and context.browser.browser_type.name == "chromium"
