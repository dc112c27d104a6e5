"""Tests that ended without having reached one of their checks: seen while they run.

    if answer.status_code != 200:          for row in answer.json()["rows"]:
        return                                 assert row["ok"]
    assert "Welcome" in answer.text

The code has a check, and pytest calls the test passed; this run of it has checked nothing. Only a
test whose text has such a `return`, or no other check, is watched, since that costs time.
"""

import contextlib
import sys
import threading
import types
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from stacktest.pytest_plugin.checks import (
    LooseChecks,
    WatchedLines,
    early_returns,
    loose_checks,
)
from stacktest.pytest_plugin.stash import UNREACHED

if TYPE_CHECKING:
    from _typeshed import TraceFunction as Trace

OWN_THREADS = "stacktest-"
"""How the names of all threads begin that stacktest starts itself."""


@contextlib.contextmanager
def watch(item: pytest.Item) -> Iterator[None]:
    """Note why the test has reached no check, if it ends so.

    Whoever profiles or traces the tests has the only place from which that can be seen.
    """
    if not isinstance(item, pytest.Function):
        yield
        return
    returns, checks = early_returns(item), loose_checks(item)
    with contextlib.ExitStack() as stack:
        if returns is not None and sys.getprofile() is None:
            stack.enter_context(_watch_returns(item, returns))
        if checks is not None and sys.gettrace() is None and threading.gettrace() is None:
            stack.enter_context(_watch_checks(item, checks))
        yield


# Private


@contextlib.contextmanager
def _watch_returns(item: pytest.Item, returns: WatchedLines) -> Iterator[None]:
    def note_return(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code is returns.code and frame.f_lineno in returns.lines:
            item.stash[UNREACHED] = f"it returned in line {frame.f_lineno}, before its first check"

    sys.setprofile(note_return)
    try:
        yield
    finally:
        sys.setprofile(None)


@contextlib.contextmanager
def _watch_checks(item: pytest.Item, checks: LooseChecks) -> Iterator[None]:
    own = {checks.code, *_inner(checks.code)}
    lines, entered = set[int](), set[types.CodeType]()
    has_ended = False

    def note_line(frame: FrameType, event: str, _: object) -> "Trace":
        nonlocal has_ended
        lines.add(frame.f_lineno)
        if frame.f_code is checks.code:
            has_ended = event == "return"
        return note_line

    def note_helper(frame: FrameType, event: str, _: object) -> "Trace":
        # A generator that is thrown away is called to be closed, and reaches no line.
        if event == "line":
            entered.add(frame.f_code)
        return note_helper

    def note_call(frame: FrameType, _event: str, _: object) -> "Trace | None":
        if frame.f_code in own:
            return note_line
        return note_helper if frame.f_code in checks.helpers - entered else None

    is_seen = not (checks.helpers or _inner_functions(own)) or _sees_all_threads()
    sys.settrace(note_call)
    threading.settrace(note_call)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)
    is_reached = bool(lines & checks.lines or entered & checks.helpers)
    if has_ended and not is_reached and is_seen and not item.stash.get(UNREACHED, ""):
        item.stash[UNREACHED] = f"it reached none of its checks: {_where(checks)}"


def _inner(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of functions that are defined in a function, and in these."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _inner(constant)


def _inner_functions(codes: Iterable[types.CodeType]) -> bool:
    """Whether some are functions with a name, which other threads may call."""
    return sum(not code.co_name.startswith("<") for code in codes) > 1


def _sees_all_threads() -> bool:
    """Whether no thread ran before that may call what the test hands on: it cannot be traced."""
    return not any(
        thread is not threading.current_thread() and _may_call(thread)
        for thread in threading.enumerate()
    )


def _may_call(thread: threading.Thread) -> bool:
    module = str(getattr(getattr(thread, "_target", None), "__module__", ""))
    is_of_pytest = module.startswith(("_pytest", "pytest", "execnet", "xdist"))
    return not (is_of_pytest or thread.name.startswith(OWN_THREADS))


def _where(checks: LooseChecks) -> str:
    if checks.lines:
        return f"that of line {min(checks.lines)} stands in a loop or a condition"
    names = sorted(code.co_name for code in checks.helpers)
    return f"nothing called {', '.join(names)}"
