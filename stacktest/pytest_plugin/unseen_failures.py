"""Finds checks that failed outside of pytest's view while the test passed.

in a thread             pytest only warns
in an executor          the test did not ask the future for its result
in an asyncio task      it was not awaited, or a callback of the loop or a future failed
"""

import contextlib
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from stacktest.pytest_plugin.stash import UNREACHED

CHECKS = (AssertionError, pytest.fail.Exception)
LOGGERS = ("asyncio", "concurrent.futures")
"""Loggers to which Python reports failures that no code has handled."""


@contextlib.contextmanager
def watch(item: pytest.Item) -> Iterator[None]:
    """Note the first check that failed without failing the test."""
    failures: list[BaseException] = []
    with _threads(failures), _futures(failures), _loops(failures):
        yield
    if failures and not item.stash.get(UNREACHED, ""):
        item.stash[UNREACHED] = (
            f"a check failed where pytest does not see it: {_where(failures[0])}"
        )


# Private


@contextlib.contextmanager
def _threads(failures: list[BaseException]) -> Iterator[None]:
    before = threading.excepthook

    def note(arguments: "threading.ExceptHookArgs") -> None:
        if isinstance(arguments.exc_value, CHECKS):
            failures.append(arguments.exc_value)
        before(arguments)

    threading.excepthook = note
    try:
        yield
    finally:
        if threading.excepthook is note:
            threading.excepthook = before


class _Futures:
    """The futures in which a check failed, and the futures whose result was read."""

    def __init__(self) -> None:
        self.failed: list[tuple[Future[Any], BaseException]] = []
        self.asked: dict[int, Future[Any]] = {}

    def unasked(self) -> list[BaseException]:
        """Failures of futures whose result was never read."""
        return [error for future, error in self.failed if id(future) not in self.asked]


@contextlib.contextmanager
def _futures(failures: list[BaseException]) -> Iterator[None]:
    futures = _Futures()
    set_exception, result, exception = Future.set_exception, Future.result, Future.exception

    def note(self: Future[Any], error: BaseException | None) -> None:
        if isinstance(error, CHECKS):
            futures.failed.append((self, error))
        set_exception(self, error)

    def ask_result(self: Future[Any], timeout: float | None = None) -> Any:
        futures.asked[id(self)] = self
        return result(self, timeout)

    def ask_exception(self: Future[Any], timeout: float | None = None) -> BaseException | None:
        futures.asked[id(self)] = self
        return exception(self, timeout)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Future, "set_exception", note)
        patch.setattr(Future, "result", ask_result)
        patch.setattr(Future, "exception", ask_exception)
        yield
    failures += futures.unasked()


class _Handler(logging.Handler):
    """Notes the failures of checks that are logged."""

    def __init__(self, failures: list[BaseException]) -> None:
        super().__init__()
        self._failures = failures

    def emit(self, record: logging.LogRecord) -> None:
        """Note the exception, if a check raised it."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, CHECKS):
            self._failures.append(error)


@contextlib.contextmanager
def _loops(failures: list[BaseException]) -> Iterator[None]:
    handler = _Handler(failures)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def _where(error: BaseException) -> str:
    """The place of the check: the innermost line of the traceback."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{trace.tb_frame.f_code.co_name} in line {trace.tb_lineno}"
