"""Errors of connections as pytest shows them: the line of the test, and the one sentence.

error                 is made of
httpx.TransportError  one of httpcore, and that of one of the system: all of them say the same
playwright's Error    what came back from the browser, through its own futures
ssl.SSLError          what a WebSocket's client called

None of the lines in between is a test's, and with a front door that nobody trusts each test of a
stack would show a hundred of them. `--full-trace` shows them all the same.
"""

import sys
from collections.abc import Iterator
from types import TracebackType

import pytest

Failure = pytest.ExceptionInfo[BaseException]


def shortened(failure: Failure) -> Failure:
    """The failure without how a client of the stack came to it; any other one as it is."""
    error, links = failure.value, list(_links(failure.tb))
    if not _is_of_connection(error) or "stacktest" not in map(_package, links):
        return failure
    whole: TracebackType | None = None
    for link in reversed(links):
        if _package(link) not in _CLIENTS:
            whole = TracebackType(whole, link.tb_frame, link.tb_lasti, link.tb_lineno)
    if whole is None:
        return failure
    error.__cause__, error.__suppress_context__ = None, True
    return pytest.ExceptionInfo.from_exception(error.with_traceback(whole))


# Private

_ERRORS = {"httpx": "TransportError", "playwright.sync_api": "Error", "ssl": "SSLError"}
_CLIENTS = frozenset(
    {
        *("stacktest", "httpx", "httpcore", "anyio", "contextlib"),
        *("playwright", "websockets", "ssl", "asyncio", "concurrent"),
    }
)


def _is_of_connection(error: BaseException) -> bool:
    loaded = ((sys.modules.get(module), name) for module, name in _ERRORS.items())
    return any(isinstance(error, getattr(module, name, ())) for module, name in loaded)


def _links(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _package(link: TracebackType) -> str:
    """The package whose code it is about."""
    return str(link.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
