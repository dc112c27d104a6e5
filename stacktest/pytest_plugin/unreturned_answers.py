"""Notes answers for which Playwright has no response object, only an event or an error.

fail_on_status_code=True    the error's call log has the URL, the status and the headers
a link that downloads       a download that did not fail was answered with 200
a page's WebSocket          a frame came, so it was answered with 101

Answers that a page or a test makes itself, such as `blob:` and `route_web_socket`, pass no proxy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stacktest.adapters.names import OWN_ANSWER, wall_clock
from stacktest.core.numbers import content_length
from stacktest.pytest_plugin.browser_wire import last_read
from stacktest.pytest_plugin.stash import IN_VARIANT

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import BrowserContext, Download, Page, WebSocket

    from stacktest.adapters.names import ConnectProxy
    from stacktest.pytest_plugin.running_test import Owner

LATE = 5.0
"""Seconds by which an event may come after the bytes that it reports."""
DOWNLOADED, SWITCHED = 200, 101


@dataclass(frozen=True, slots=True)
class UnreturnedAnswer:
    """The properties of an answer without a response object."""

    url: str
    status: int
    method: str = "GET"
    length: int | None = None
    """Its `Content-Length`, 0 without one; None: not known."""


Note = Callable[["pytest.Item", UnreturnedAnswer], None]


def failed_answer(message: str, proxy: ConnectProxy, before: int) -> UnreturnedAnswer | None:
    """The answer that raised an error of `fail_on_status_code`, if bytes came since `before`."""
    failure = _FAILURE.match(message)
    # The body comes before the call log, and may hold any text.
    log = message.rpartition("\nCall log:\n")[2]
    asked, answers = _ASKED.findall(log), list(_ANSWERED.finditer(log))
    if not (failure and asked and answers and answers[-1][1] == failure[1]):
        return None
    method, url = asked[-1]
    headers = {name.lower(): value for name, value in _HEADER.findall(log[answers[-1].end() :])}
    if OWN_ANSWER.lower() in headers or last_read(proxy, url).number <= before:
        return None
    return UnreturnedAnswer(url, int(failure[1]), method, content_length(headers))


class UnreturnedAnswers:
    """Notes the downloads of pages, and the frames that their WebSockets receive."""

    def __init__(
        self, proxy: ConnectProxy, note: Callable[[pytest.Item, UnreturnedAnswer], None]
    ) -> None:
        self._proxy, self._note = proxy, note
        self._with_response: set[str] = set()
        self._loading: list[BrowserContext] = []

    def watch(self, page: Page, owner: Owner) -> None:
        """Note the downloads and WebSockets of this page for the owner's test."""
        page.on("download", lambda download: self._download(download, page.context, owner))
        page.on("websocket", lambda socket: self._socket(socket, owner))

    def leave_out(self, url: str) -> None:
        """Note no download of this URL: it has a response object, which is judged by itself."""
        self._with_response.add(url)

    def unfinished(self) -> set[BrowserContext]:
        """Contexts with a download that has not been noted yet."""
        self._with_response.clear()
        return set(self._loading)

    # Private

    def _download(self, download: Download, context: BrowserContext, owner: Owner) -> None:
        from playwright.sync_api import Error

        test, url = _test_of(owner), download.url
        if test is None or url in self._with_response or not self._came(url):
            return
        self._loading.append(context)
        try:
            failure = download.failure()
        except Error:
            return
        finally:
            self._loading.remove(context)
        if not failure:
            self._note(test, UnreturnedAnswer(url, DOWNLOADED))

    def _socket(self, socket: WebSocket, owner: Owner) -> None:
        url = f"http{socket.url.removeprefix('ws')}"
        noted: list[pytest.Item] = []

        def receive(_: object) -> None:
            test = _test_of(owner)
            if test is not None and test not in noted and self._came(url):
                noted.append(test)
                self._note(test, UnreturnedAnswer(url, SWITCHED))

        socket.on("framereceived", receive)

    def _came(self, url: str) -> bool:
        return last_read(self._proxy, url).at >= wall_clock() - LATE


# Private

_FAILURE = re.compile(r"APIRequestContext\.\w+: (\d{3})\b")
_ASKED = re.compile(r"^ *- → ([A-Z]+) (\S+)$", re.MULTILINE)
_ANSWERED = re.compile(r"^ *- ← (\d{3})\b.*$", re.MULTILINE)
_HEADER = re.compile(r"^ *- ([\w-]+): (.*)$", re.MULTILINE)


def _test_of(owner: Owner) -> pytest.Item | None:
    test = owner.test
    return None if test is None or test.stash.get(IN_VARIANT, False) else test
