"""Wraps Playwright's objects: they use the stack's names and CA, and their answers are noted.

    browser type   launch, launch_persistent_context    know the stack's names and its CA; with a
                                                        browser server, `launch` goes there
                   connect, connect_over_cdp            unchanged; the answers are noted
    browser        new_context, new_page                refuse what weakens TLS
    context        notes every response that came over the network; `goto` tells why it is refused
    request        new_context, get, post …             the same for requests without a page

An answer without a byte from the stack counts for no service: `route.fulfill`, a HAR file, a
service worker, a cache. Nor does an answer of a server whose certificate the stack's CA did not
sign, even if the browser was made to accept it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import pytest

from stacktest.adapters.names import ConnectProxy, NoAddress
from stacktest.core.numbers import content_length
from stacktest.errors import UsageError
from stacktest.pytest_plugin.browser_wire import (
    asked_url,
    body_of,
    came_over_the_wire,
    host_and_port,
    is_local,
    is_the_proxys,
    last_read,
    passed_the_proxy,
    whole_body_of,
)
from stacktest.pytest_plugin.host_header import extra_headers, host_header
from stacktest.pytest_plugin.remote_browser import clock_ahead
from stacktest.pytest_plugin.seen_answers import remember_line
from stacktest.pytest_plugin.stash import IN_VARIANT
from stacktest.pytest_plugin.traces import clean_traces_of
from stacktest.pytest_plugin.unreturned_answers import (
    UnreturnedAnswer,
    UnreturnedAnswers,
    failed_answer,
)
from stacktest.pytest_plugin.weakened_tls import guard_commands, refuse_weakening
from stacktest.pytest_plugin.wire import note_response

if TYPE_CHECKING:
    from playwright.sync_api import (
        APIRequestContext,
        Browser,
        BrowserContext,
        BrowserType,
        Page,
        Playwright,
        Response,
    )

    from stacktest.adapters.tls import ServerTrust
    from stacktest.application.running_stack import RunningStack
    from stacktest.pytest_plugin.remote_browser import BrowserServer
    from stacktest.pytest_plugin.running_test import Owner, RunningTest

NOWHERE = "https://nowhere.invalid"
"""An address for which there is no cookie."""
REQUESTS = ("fetch", "get", "post", "put", "patch", "delete", "head")


class LaunchOptions(Protocol):
    """A function that adds the options by which a browser reaches and trusts the stack."""

    def __call__(self, browser_type: BrowserType, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options to launch with."""


class Watch:
    """Notes the answers that Playwright's objects of one process receive."""

    def __init__(
        self,
        stack: RunningStack,
        running_test: RunningTest,
        proxy: ConnectProxy,
        launch_options: LaunchOptions,
        trust: ServerTrust,
        *,
        server: BrowserServer | None = None,
    ) -> None:
        self._stack, self._running_test, self._proxy = stack, running_test, proxy
        self._launch_options, self._trust = launch_options, trust
        self._server = server
        self._clocks_ahead: dict[Browser, float] = {}
        self._arriving: dict[Response, tuple[pytest.Item, BrowserContext]] = {}
        self._unreturned = UnreturnedAnswers(proxy, self._note_unreturned)
        running_test.before_teardown(self._note_arriving)

    def driver(self, playwright: Playwright, proxy_url: str) -> None:
        """Watch the browsers and requests of this driver."""
        for browser_type in (playwright.chromium, playwright.firefox, playwright.webkit):
            self._browser_type(browser_type)
        make = playwright.request.new_context

        @functools.wraps(make)
        def new_context(**options: Any) -> APIRequestContext:
            refuse_weakening(options, "playwright.request.new_context")
            context = make(**{**options, "proxy": {"server": proxy_url}})
            clean_traces_of(context)
            headers = dict(options.get("extra_http_headers") or {})
            self._requests(context, self._running_test.owner(), headers)
            return context

        _replace(playwright.request, "new_context", new_context)

    def browser(self, browser: Browser) -> None:
        """Watch the contexts and pages of this browser."""
        make_context, make_page = browser.new_context, browser.new_page

        @functools.wraps(make_context)
        def new_context(**options: Any) -> BrowserContext:
            refuse_weakening(options, "browser.new_context")
            return self.context(make_context(**options), options)

        @functools.wraps(make_page)
        def new_page(**options: Any) -> Page:
            refuse_weakening(options, "browser.new_page")
            page = make_page(**options)
            self.context(page.context, options)
            return page

        _replace(browser, "new_context", new_context)
        _replace(browser, "new_page", new_page)
        guard_commands(browser, "new_browser_cdp_session")

    def context(self, context: BrowserContext, options: Mapping[str, Any]) -> BrowserContext:
        """The context; from now on each of its answers is noted for its owner's test.

        `options` are those with which the context was made.
        """
        owner = self._running_test.owner()
        context.on("response", lambda response: self._response(owner, context, response))
        context.on("requestfailed", lambda request: self._failure(owner, request.url))
        context.on("page", lambda page: self._page(page, owner))
        for page in context.pages:
            self._page(page, owner)
        make_page = context.new_page

        @functools.wraps(make_page)
        def new_page() -> Page:
            page = make_page()
            self._page(page, owner)
            return page

        _replace(context, "new_page", new_page)
        guard_commands(context, "new_cdp_session")
        self._requests(context.request, owner, extra_headers(context, options))
        clean_traces_of(context)
        return context

    # Private

    def _browser_type(self, browser_type: BrowserType) -> None:
        launch = browser_type.launch
        launch_persistent = browser_type.launch_persistent_context

        @functools.wraps(launch)
        def launch_watched(**options: Any) -> Browser:
            options = self._launch_options(browser_type, options)
            if self._server is not None:
                return self._server.launch(browser_type.connect, options)
            browser = launch(**options)
            self.browser(browser)
            return browser

        @functools.wraps(launch_persistent)
        def launch_persistent_watched(user_data_dir: str, **options: Any) -> BrowserContext:
            refuse_weakening({**options, "proxy": None}, "launch_persistent_context")
            if self._server is not None:
                raise UsageError(
                    "a browser server has no persistent contexts",
                    where="launch_persistent_context",
                    hint="use browser.new_context, or run this test without a browser server",
                    code="SK-BROWSER",
                )
            options = self._launch_options(browser_type, options)
            return self.context(launch_persistent(user_data_dir, **options), options)

        _replace(browser_type, "launch", launch_watched)
        _replace(browser_type, "launch_persistent_context", launch_persistent_watched)
        for name in ("connect", "connect_over_cdp"):
            connect = getattr(browser_type, name)
            _replace(browser_type, name, self._connecting(browser_type, connect))

    def _connecting(
        self, browser_type: BrowserType, connect: Callable[..., Browser]
    ) -> Callable[..., Browser]:
        @functools.wraps(connect)
        def connect_watched(*arguments: Any, **options: Any) -> Browser:
            server = self._server
            if server is None or server.url not in (*arguments, *options.values()):
                browser = connect(*arguments, **options)
            else:
                with server.connecting(browser_type):
                    browser = connect(*arguments, **options)
                    self._clocks_ahead[browser] = clock_ahead(browser)
            self.browser(browser)
            return browser

        return connect_watched

    def _page(self, page: Page, owner: Owner) -> None:
        """Make `goto` add the reason to Playwright's error if stacktest refuses the host."""
        go = page.goto
        if getattr(go, "is_watched", False):
            return
        self._unreturned.watch(page, owner)

        @functools.wraps(go)
        def goto(url: str, **options: Any) -> Response | None:
            from playwright.sync_api import Error

            try:
                response = go(url, **options)
            except Error as error:
                if why := self._refusal(url) or self._distrust(url, error.message):
                    # Playwright's own class: a test may expect the refusal.
                    raise Error(f"{error.message}\nstacktest: {why}") from error
                raise
            if response is not None:
                self._check_server(response.url)
            return response

        vars(goto)["is_watched"] = True
        _replace(page, "goto", goto)

    def _requests(
        self, context: APIRequestContext, owner: Owner, headers: Mapping[str, str]
    ) -> None:
        for name in REQUESTS:  # They raise no event: their methods are wrapped instead.
            _replace(context, name, self._requesting(getattr(context, name), owner, headers))

    def _requesting(
        self, method: Callable[..., Any], owner: Owner, headers: Mapping[str, str]
    ) -> Callable[..., Any]:
        verb = method.__name__

        @functools.wraps(method)
        def request(*arguments: Any, **options: Any) -> Any:
            from playwright.sync_api import Error

            refuse_weakening(options, f"request.{verb}")
            before = self._proxy.reads
            try:
                response = self._ask(method, arguments, options)
            except Error as error:
                if answer := failed_answer(error.message, self._proxy, before):
                    self._note_unreturned(owner.test, answer)
                raise
            if is_the_proxys(response):
                # Playwright reports the proxy's refusal of a tunnel as the answer of the host.
                raise UsageError(response.text().strip(), where=response.url, code="SK-NAMES")
            self._check_server(response.url)
            # If no byte came from the host, the answer was made up, or went past the proxy.
            came = last_read(self._proxy, response.url).number > before
            note_response(
                owner.test if came else None,
                self._stack,
                response.url,
                response.status,
                method=str(options.get("method") or ("GET" if verb == "fetch" else verb)).upper(),
                host=host_header(options.get("headers")) or host_header(headers),
                length=content_length(response.headers),
                read_body=functools.partial(body_of, response),
            )
            return response

        return request

    def _ask(
        self, method: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        """The answer to a request; a browser server reports a refused host as a lost connection."""
        from playwright.sync_api import Error

        try:
            return method(*arguments, **options)
        except Error as error:
            url = asked_url(arguments, options)
            if self._server is None:
                raise
            if why := self._refusal(url):
                raise UsageError(why, where=url, code="SK-NAMES") from error
            if why := self._distrust(url, error.message):
                raise Error(f"{error.message}\nstacktest: {why}") from error
            raise

    def _note_unreturned(self, test: pytest.Item | None, answer: UnreturnedAnswer) -> None:
        if not self._objection(answer.url):
            note_response(
                test,
                self._stack,
                answer.url,
                answer.status,
                method=answer.method,
                length=answer.length,
            )

    def _response(self, owner: Owner, context: BrowserContext, response: Response) -> None:
        self._unreturned.leave_out(response.url)
        test = owner.test
        if test is None or test.stash.get(IN_VARIANT, False) or is_local(response):
            return
        self._arriving[response] = (test, context)
        came = came_over_the_wire(response, self._proxy, context, self._clock_ahead(context))
        # If the test ended before the answer was whole, it was counted at the test's end.
        if self._arriving.pop(response, None) is not None and came:
            self._note(test, response)

    def _note_arriving(self) -> None:
        """At the end of a test, judge answers that have not arrived whole by the proxy's clock."""
        from playwright.sync_api import Error

        arriving = {context for _, context in self._arriving.values()}
        for context in arriving | self._unreturned.unfinished():
            with contextlib.suppress(Error):
                # This call waits for the browser: events that it sent before are handled first.
                context.cookies(NOWHERE)
        while self._arriving:
            response, (test, _) = self._arriving.popitem()
            if passed_the_proxy(response, self._proxy, self._clock_ahead(context)):
                self._note(test, response)

    def _note(self, test: pytest.Item, response: Response) -> None:
        if why := self._objection(response.url):
            remember_line(test, f"not counted {response.url}: {why}")
            return
        request = response.request
        note_response(
            test,
            self._stack,
            response.url,
            response.status,
            method=request.method,
            host=host_header(request.headers),
            length=content_length(response.headers),
            read_body=functools.partial(whole_body_of, response),
        )

    def _check_server(self, url: str) -> None:
        """Raise a UsageError if the server's certificate is not trusted."""
        if why := self._objection(url):
            raise UsageError(
                f"the certificate of {urlsplit(url).netloc} is refused: {why}",
                where=url,
                hint="stacktest doctor",
                code="SK-TLS",
            )

    def _objection(self, url: str) -> str:
        """Why a certificate of the stack's servers is not trusted; empty for other servers."""
        host, port = host_and_port(url)
        if not url.startswith("https:"):
            return ""
        names = self._stack.names
        address = names.resolve(host, port)
        if isinstance(address, NoAddress):
            return ""
        is_known = names.is_ours(host) or names.publication(*address) is not None
        return self._trust.objection(host, address) if is_known else ""

    def _clock_ahead(self, context: BrowserContext) -> float:
        return self._clocks_ahead.get(context.browser, 0.0) if context.browser else 0.0

    def _distrust(self, url: str, message: str) -> str:
        """The hint if the browser server refuses a certificate that is trusted here; else empty."""
        if self._server is None or self._objection(url):
            return ""
        return self._server.distrust(message)

    def _failure(self, owner: Owner, url: str) -> None:
        if owner.test is not None and (why := self._refusal(url)):
            remember_line(owner.test, f"refused {url}: {why}")

    def _refusal(self, url: str) -> str:
        host, port = host_and_port(url)
        if not host:
            return ""
        address = self._stack.names.resolve(host, port)
        return address.why if isinstance(address, NoAddress) else ""


# Private


def _replace(target: object, name: str, function: Callable[..., Any]) -> None:
    setattr(target, name, function)
