"""Browsers of a server on another machine, in place of those that would be started here.

A server that cannot be used, or that goes away, is one message without a traceback: in the setup of
whichever test asks for a browser next, and in place of Playwright's errors in the one that runs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from inspect import signature
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from stacktest.adapters.browser.server_errors import untrusting, without_engine
from stacktest.printable import one_line

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserType

    from stacktest.adapters.browser.relay import Relay
    from stacktest.errors import StacktestError

LAUNCH_OPTIONS = "x-playwright-launch-options"
"""The header in which a server is told how to launch."""
CLOCK_QUESTIONS = 3
CLOSED = "closed"
"""What Playwright says of a page, a context and a browser whose server is gone."""
DISTRUST = (
    "ERR_CERT_AUTHORITY_INVALID",
    "SEC_ERROR_UNKNOWN_ISSUER",
    "unknown-ca",
    "unable to get local issuer certificate",
    "unable to verify the first certificate",
    "self-signed certificate in certificate chain",
)
"""How browsers and Playwright's own requests call a CA that they do not know."""


class BrowserServer:
    """The server as tests reach it: by `url`, an address of this process without a token."""

    def __init__(self, relay: Relay, url: str) -> None:
        self.url = url
        self._relay = relay

    def connect_options(self, browser_type: BrowserType) -> dict[str, Any]:
        """Options for `browser_type.connect`, whose first one has had two names."""
        address = next(iter(signature(browser_type.connect).parameters))
        return {address: self.url}

    def launch(self, connect: Callable[..., Browser], options: Mapping[str, Any]) -> Browser:
        """A browser that the server launches with these options."""
        return connect(self.url, headers={LAUNCH_OPTIONS: json.dumps(dict(options))})

    @contextmanager
    def connecting(self, browser_type: BrowserType) -> Generator[None]:
        """End the test with one message where the server cannot be used."""
        from playwright.sync_api import Error

        try:
            yield
        except Error as error:
            why = error.message.partition("\n")[0]
            engine = browser_type.name
            refusal = self._relay.refusal or self._relay.loss
            end_test(refusal or without_engine(self._relay.endpoint, engine, why))

    def distrust(self, message: str) -> str:
        """What to do where a browser or a request of the server does not know the stack's CA."""
        if not any(word in message for word in DISTRUST):
            return ""
        return " ".join(untrusting(self._relay.endpoint).lines())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """A test that asks for a page of a server that went away is an error, with that reason."""
        with self._losing():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """A test during which the server went away fails, with that reason."""
        with self._losing():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """What cannot be closed any more says so in the same way."""
        with self._losing():
            return (yield)

    # Private

    @contextmanager
    def _losing(self) -> Generator[None]:
        from playwright.sync_api import Error

        try:
            yield
        except Error as error:
            if self._relay.loss is None or CLOSED not in error.message:
                raise
            end_test(self._relay.loss)


def end_test(error: StacktestError) -> NoReturn:
    """End the test, or its setup, with one message: what, where, the next command, the code."""
    pytest.fail("\n".join(map(one_line, error.lines_with_code())), pytrace=False)


def clock_ahead(browser: Browser) -> float:
    """Seconds by which the clock of the browser's machine is ahead of this one's."""
    context = browser.new_context()
    try:
        page = context.new_page()
        return min(_compare_clocks(page.evaluate) for _ in range(CLOCK_QUESTIONS))[1]
    finally:
        context.close()


# Private


def _compare_clocks(evaluate: Callable[[str], Any]) -> tuple[float, float]:
    """How long the question took, and the difference: the shortest question is the most exact."""
    begun = time.time()  # noqa: TID251 - compared with the clock of another machine
    theirs = evaluate("Date.now()") / 1000
    ended = time.time()  # noqa: TID251 - likewise
    return ended - begun, theirs - (begun + ended) / 2
