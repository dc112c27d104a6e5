"""Shortens connection errors in pytest's output to the line of the test and the message.

error                 frames that are left out
httpx.TransportError  of httpcore's error and the system's error, which give the same message
playwright's Error    of the futures by which the browser's reply arrived
ssl.SSLError          of the calls of a WebSocket's client

None of these lines is a test's, and with a front door whose certificate is not trusted each test
of a stack would show a hundred of them. `--full-trace` shows them nevertheless.
"""

import sys
from collections.abc import Iterator
from types import TracebackType

import pytest

Failure = pytest.ExceptionInfo[BaseException]


def shortened(failure: Failure) -> Failure:
    """The failure without the frames of the stack's client; any other failure as it is."""
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
    """The package whose code this entry of the traceback ran."""
    return str(link.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
