"""Uses browsers of a Playwright server on another machine in place of local ones.

A server that cannot be used, or whose connection is lost, is reported as one message without a
traceback: in the setup of the next test that asks for a browser, and in place of Playwright's
errors in the running test.
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
"""The header that carries the launch options to the server."""
CLOCK_QUESTIONS = 3
CLOSED = "closed"
"""A word of Playwright's errors for a page, context or browser whose server is gone."""
DISTRUST = (
    "ERR_CERT_AUTHORITY_INVALID",
    "SEC_ERROR_UNKNOWN_ISSUER",
    "unknown-ca",
    "unable to get local issuer certificate",
    "unable to verify the first certificate",
    "self-signed certificate in certificate chain",
)
"""Parts of the errors of browsers and Playwright's requests for an unknown CA."""


class BrowserServer:
    """The server behind this process's relay: tests use its `url`, which holds no token."""

    def __init__(self, relay: Relay, url: str) -> None:
        self.url = url
        self._relay = relay

    def connect_options(self, browser_type: BrowserType) -> dict[str, Any]:
        """Options for `browser_type.connect`, whose first parameter has had two names."""
        address = next(iter(signature(browser_type.connect).parameters))
        return {address: self.url}

    def launch(self, connect: Callable[..., Browser], options: Mapping[str, Any]) -> Browser:
        """A browser that the server launches with these options."""
        return connect(self.url, headers={LAUNCH_OPTIONS: json.dumps(dict(options))})

    @contextmanager
    def connecting(self, browser_type: BrowserType) -> Generator[None]:
        """Fail the test with one message if the server cannot be used."""
        from playwright.sync_api import Error

        try:
            yield
        except Error as error:
            why = error.message.partition("\n")[0]
            engine = browser_type.name
            refusal = self._relay.refusal or self._relay.loss
            end_test(refusal or without_engine(self._relay.endpoint, engine, why))

    def distrust(self, message: str) -> str:
        """The hint for an error about the stack's unknown CA; empty for any other error."""
        if not any(word in message for word in DISTRUST):
            return ""
        return " ".join(untrusting(self._relay.endpoint).lines())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """If the server's connection was lost, fail the setup of the test with that reason."""
        with self._losing():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """If the server's connection is lost during the test, fail it with that reason."""
        with self._losing():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """If the connection is lost, fail the teardown with that reason: it cannot close a page."""
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
    """Fail the test, or its setup, with one message: what, where, the next command, the code."""
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
    """How long the browser took to answer, and the difference: the shortest is the most exact."""
    begun = time.time()  # noqa: TID251 - compared with the clock of another machine
    theirs = evaluate("Date.now()") / 1000
    ended = time.time()  # noqa: TID251 - likewise
    return ended - begun, theirs - (begun + ended) / 2
