"""Tests that ended without having reached one of their checks: seen while they run.

    if answer.status_code != 200:          for row in answer.json()["rows"]:
        return                                 assert row["ok"]
    assert "Welcome" in answer.text

The code has a check, and pytest calls the test passed; this run of it has checked nothing. Only a
test whose text has such a `return`, or no other check, is watched, since that costs time. Of any
other test it is seen whether it ran at all.
"""

import builtins
import contextlib
import sys
import threading
import types
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from stacktest.pytest_plugin.child_processes import Children
from stacktest.pytest_plugin.stash import UNREACHED
from stacktest.pytest_plugin.watched_checks import (
    LooseChecks,
    WatchedReturns,
    early_returns,
    loose_checks,
    own_code,
)
from stacktest.pytest_plugin.written_functions import is_generated

if TYPE_CHECKING:
    from _typeshed import TraceFunction as Trace

OWN_THREADS = "stacktest-"
"""How the names of all threads begin that stacktest starts itself."""


@contextlib.contextmanager
def watch(item: pytest.Item, children: Children) -> Iterator[None]:
    """Note why the test has reached no check, if it ends so.

    Whoever profiles or traces the tests has the only place from which that can be seen, and
    Hypothesis, which is slow when it is traced, calls a slow test a failure.
    """
    if not isinstance(item, pytest.Function) or is_generated(item.function):
        yield
        return
    returns, checks = early_returns(item), loose_checks(item)
    is_traceable = sys.gettrace() is None and threading.gettrace() is None
    with contextlib.ExitStack() as stack:
        if is_traceable and (returns or checks):
            stack.enter_context(_watch_lines(item, returns, checks, children))
        elif returns is not None and sys.getprofile() is None:
            stack.enter_context(_watch_returns(item, returns))
        elif is_traceable and (code := own_code(item)):
            stack.enter_context(_watch_entry(item, code, children))
        yield


# Private


@contextlib.contextmanager
def _watch_entry(item: pytest.Item, code: types.CodeType, children: Children) -> Iterator[None]:
    """Note that a hook or a decorator left the test out; no more is looked at once it runs."""
    is_seen, entered = _sees_all_threads(), threading.Event()

    def note_call(frame: FrameType, _event: str, _: object) -> None:
        if frame.f_code is code:
            entered.set()
            sys.settrace(None)
            threading.settrace(None)

    sys.settrace(note_call)
    threading.settrace(note_call)
    try:
        yield
    finally:
        is_seen = is_seen and sys.gettrace() is note_call and not children.may_check()
        if sys.gettrace() is note_call:
            sys.settrace(None)
        threading.settrace(None)
    if is_seen and not entered.is_set():
        _note_absence(item)


@contextlib.contextmanager
def _watch_returns(item: pytest.Item, returns: WatchedReturns) -> Iterator[None]:
    def note_return(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code is returns.code and frame.f_lineno in returns.lines:
            _note_return(item, frame.f_lineno)

    sys.setprofile(note_return)
    try:
        yield
    finally:
        sys.setprofile(None)


class _Lines:
    """The lines of a test's own code that ran."""

    def __init__(self, returns: WatchedReturns | None, checks: LooseChecks | None) -> None:
        self._own = returns.code if returns else checks.code if checks else None
        self._late = returns.late if returns else frozenset()
        codes = {self._own} if returns else set()
        codes |= checks.codes if checks else set()
        self.codes = {inner for code in codes if code for inner in (code, *_inner(code))}
        self._helpers = frozenset(checks.helpers if checks else ())
        self.lines = set[tuple[str, int]]()
        self.entered = set[types.CodeType]()
        """Helpers that somebody called."""
        self.last = 0
        """The last line of the test itself, apart from those that run after a `return`."""
        self.has_ended = False
        self.was_entered = False

    def note_call(self, frame: FrameType, _event: str, _: object) -> "Trace | None":
        """Follow the functions that matter."""
        if frame.f_code in self.codes:
            return self._note_line
        return self._note_helper if frame.f_code in self._helpers - self.entered else None

    # Private

    def _note_line(self, frame: FrameType, event: str, _: object) -> "Trace":
        self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        if frame.f_code is self._own:
            self.was_entered = True
            self.has_ended = event == "return"
            if event == "line" and frame.f_lineno not in self._late:
                self.last = frame.f_lineno
        return self._note_line

    def _note_helper(self, frame: FrameType, event: str, _: object) -> "Trace":
        # A generator that is thrown away is called to be closed, and reaches no line.
        if event == "line":
            self.entered.add(frame.f_code)
        return self._note_helper


@contextlib.contextmanager
def _watch_lines(
    item: pytest.Item,
    returns: WatchedReturns | None,
    checks: LooseChecks | None,
    children: Children,
) -> Iterator[None]:
    seen = _Lines(returns, checks)
    is_here = not (checks and (checks.helpers or _inner_functions(seen.codes)))
    is_seen = is_here or _sees_all_threads()
    trace: Trace = seen.note_call
    sys.settrace(trace)
    threading.settrace(trace)
    try:
        with _watch_all() as filled:
            yield
    finally:
        # Who traced as well, such as Hypothesis, has ended this.
        is_seen = is_seen and sys.gettrace() is trace and (is_here or not children.may_check())
        sys.settrace(None)
        threading.settrace(None)
    if is_seen and not seen.was_entered:
        _note_absence(item)
    if not (seen.has_ended and is_seen) or item.stash.get(UNREACHED, ""):
        return
    if returns and seen.last in returns.lines:
        _note_return(item, seen.last)
    elif checks and not (
        seen.lines & checks.lines or seen.entered & checks.helpers or filled & checks.of_all
    ):
        item.stash[UNREACHED] = f"it reached none of its checks: {_where(checks)}"


@contextlib.contextmanager
def _watch_all() -> Iterator[set[tuple[str, int]]]:
    """Note from which lines `all(…)` had something to go through."""
    filled = set[tuple[str, int]]()

    def is_all(iterable: Iterable[object], /) -> bool:
        frame = sys._getframe(1)  # noqa: SLF001 - which line asks
        for element in iterable:
            filled.add((frame.f_code.co_filename, frame.f_lineno))
            if not element:
                return False
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "all", is_all)
        yield filled


def _note_absence(item: pytest.Item) -> None:
    if not item.stash.get(UNREACHED, ""):
        item.stash[UNREACHED] = "its own code never ran: a hook or a decorator left it out"


def _note_return(item: pytest.Item, line: int) -> None:
    item.stash[UNREACHED] = f"it returned in line {line}, before its first check"


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
        return f"that of {_place(checks, checks.lines)} stands in a loop or a condition"
    if checks.of_all:
        return f"all() of {_place(checks, checks.of_all)} had nothing to go through"
    names = sorted(code.co_name for code in checks.helpers)
    return f"nothing called {', '.join(names)}"


def _place(checks: LooseChecks, lines: Collection[tuple[str, int]]) -> str:
    """`line 12`, or `contract.py, line 12` of another file than the test's own."""
    own = checks.code.co_filename
    file, line = min(lines, key=lambda place: (place[0] != own, place))
    return f"line {line}" if file == own else f"{Path(file).name}, line {line}"
