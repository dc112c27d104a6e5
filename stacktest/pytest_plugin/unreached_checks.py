"""Finds tests that ended without reaching any of their checks, by tracing them as they run.

    if answer.status_code != 200:          for row in answer.json()["rows"]:
        return                                 assert row["ok"]
    assert "Welcome" in answer.text

The code has a check, and pytest reports the test as passed, but this run has checked nothing. Only
a test whose text has such a `return`, or no other check, is traced, since that costs time. For any
other test only its start is traced, to see that it ran at all.
"""

import builtins
import contextlib
import functools
import inspect
import sys
import threading
import types
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from stacktest.pytest_plugin.child_processes import Children
from stacktest.pytest_plugin.stash import UNREACHED
from stacktest.pytest_plugin.watched_checks import (
    UNREACHED_FIXTURES,
    LooseChecks,
    WatchedReturns,
    early_returns,
    loose_checks,
    loose_fixtures,
    own_code,
)
from stacktest.pytest_plugin.written_functions import is_generated

if TYPE_CHECKING:
    from _typeshed import TraceFunction as Trace

OWN_THREADS = "stacktest-"
"""Prefix of the names of all threads that stacktest starts itself."""


@contextlib.contextmanager
def watch(item: pytest.Item, children: Children) -> Iterator[None]:
    """Note why the test has reached no check, if it ends without reaching any.

    Python has one hook for profiling and one for tracing: a tool that uses them prevents this.
    """
    if not isinstance(item, pytest.Function):
        yield
        return
    if is_generated(item.function):
        with _watch_generated(item, children):
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


@contextlib.contextmanager
def watch_setup(item: pytest.Item) -> Iterator[None]:
    """Remember which of the test's fixtures reached none of their checks during their setup.

    A fixture that lives longer than a test keeps the result of its setup for the next tests.
    """
    fixtures: dict[object, LooseChecks] = {}
    is_traceable = sys.gettrace() is None and threading.gettrace() is None
    if isinstance(item, pytest.Function) and is_traceable:
        fixtures = loose_fixtures(item)
    if not fixtures:
        yield
        return
    known = item.config.stash.setdefault(_UNREACHED_BEFORE, set())
    every = LooseChecks(next(iter(fixtures.values())).code)
    every.include(fixtures.values())
    seen = _Lines(None, every)
    with _traced(seen.note_call) as is_traced, _watch_all() as filled:
        yield
    for fixture, checks in fixtures.items():
        if seen.has_reached(checks, filled) or not is_traced():
            known.discard(fixture)
        elif seen.has_entered(checks.code):
            known.add(fixture)
    item.stash[UNREACHED_FIXTURES] = {
        fixture: checks for fixture, checks in fixtures.items() if fixture in known
    }


# Private

_UNREACHED_BEFORE: pytest.StashKey[set[object]] = pytest.StashKey()


@contextlib.contextmanager
def _traced(trace: "Trace") -> Iterator[Callable[[], bool]]:
    """Trace this thread and new ones; the yielded function tells whether no other tool did, too."""
    sys.settrace(trace)
    threading.settrace(trace)
    kept = True
    try:
        yield lambda: kept
    finally:
        kept = sys.gettrace() is trace
        sys.settrace(None)
        threading.settrace(None)


@contextlib.contextmanager
def _watch_generated(item: pytest.Function, children: Children) -> Iterator[None]:
    """Trace the examples of Hypothesis until one of them reaches a check.

    Hypothesis, which traces as well, reports slow examples as failures: none is traced after that.
    """
    handle: Any = vars(item.function)["hypothesis"]
    inner, checks = handle.inner_test, loose_checks(item)
    if checks is None or inspect.iscoroutinefunction(inner) or sys.gettrace() is not None:
        yield
        return
    seen = _Lines(None, checks)
    is_seen = seen.is_of_this_thread(checks) or _sees_all_threads()

    @functools.wraps(inner)
    def traced(*args: object, **kwargs: object) -> object:
        if seen.has_reached(checks, filled):
            return inner(*args, **kwargs)
        outer = sys.gettrace()
        sys.settrace(seen.note_call)
        try:
            return inner(*args, **kwargs)
        finally:
            sys.settrace(outer)

    handle.inner_test = traced
    try:
        with _watch_all() as filled:
            yield
    finally:
        handle.inner_test = inner
    if is_seen and seen.was_entered and not children.may_check():
        _note_unreached(item, seen, checks, filled)


@contextlib.contextmanager
def _watch_entry(item: pytest.Item, code: types.CodeType, children: Children) -> Iterator[None]:
    """Note if a hook or a decorator left the test out; tracing ends as soon as the test runs."""
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
        """Helpers that were called."""
        self.last = 0
        """The last line of the test itself that ran, apart from lines that run after a `return`."""
        self.has_ended = False
        self.was_entered = False

    def note_call(self, frame: FrameType, _event: str, _: object) -> "Trace | None":
        """Trace the lines of the test's functions, and the calls of helpers that check."""
        if frame.f_code in self.codes:
            return self._note_line
        return self._note_helper if frame.f_code in self._helpers - self.entered else None

    def is_of_this_thread(self, checks: LooseChecks | None) -> bool:
        """Whether no other thread can reach one of the checks."""
        return not (checks and (checks.helpers or _inner_functions(self.codes)))

    def has_entered(self, code: types.CodeType) -> bool:
        """Whether a line of a traced function has run."""
        return any((code.co_filename, line) in self.lines for _, _, line in code.co_lines())

    def has_reached(self, checks: LooseChecks, filled: Collection[tuple[str, int]]) -> bool:
        """Whether one of the checks was reached; in `filled` lines, `all(…)` had an element."""
        return not (
            self.lines.isdisjoint(checks.lines)
            and self.entered.isdisjoint(checks.helpers)
            and checks.of_all.isdisjoint(filled)
        )

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
        # A generator that is dropped gets a call that closes it, and runs no line.
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
    is_here = seen.is_of_this_thread(checks)
    is_seen = is_here or _sees_all_threads()
    with _traced(seen.note_call) as is_traced, _watch_all() as filled:
        yield
    is_seen = is_seen and is_traced() and (is_here or not children.may_check())
    if is_seen and not seen.was_entered:
        _note_absence(item)
    if not (seen.has_ended and is_seen) or item.stash.get(UNREACHED, ""):
        return
    if returns and seen.last in returns.lines:
        _note_return(item, seen.last)
    elif checks:
        _note_unreached(item, seen, checks, filled)


def _note_unreached(
    item: pytest.Item, seen: _Lines, checks: LooseChecks, filled: Collection[tuple[str, int]]
) -> None:
    if not (seen.has_reached(checks, filled) or item.stash.get(UNREACHED, "")):
        item.stash[UNREACHED] = f"it reached none of its checks: {_where(checks)}"


@contextlib.contextmanager
def _watch_all() -> Iterator[set[tuple[str, int]]]:
    """Note the lines in which `all(…)` had an element to check."""
    filled = set[tuple[str, int]]()

    def is_all(iterable: Iterable[object], /) -> bool:
        frame = sys._getframe(1)  # noqa: SLF001 - the line of the call
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
    """The code of functions that are defined within a function, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _inner(constant)


def _inner_functions(codes: Iterable[types.CodeType]) -> bool:
    """Whether more than one of them has a name: another thread may call an inner function."""
    return sum(not code.co_name.startswith("<") for code in codes) > 1


def _sees_all_threads() -> bool:
    """Whether no older thread may run the test's functions: older threads cannot be traced."""
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
    """`line 12`, or `contract.py, line 12` if it is not in the test's own file."""
    own = checks.code.co_filename
    file, line = min(lines, key=lambda place: (place[0] != own, place))
    return f"line {line}" if file == own else f"{Path(file).name}, line {line}"
