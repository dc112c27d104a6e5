"""Tests that ended without having reached one of their checks: seen while they run.

    if answer.status_code != 200:          for row in answer.json()["rows"]:
        return                                 assert row["ok"]
    assert "Welcome" in answer.text

The code has a check, and pytest calls the test passed; this run of it has checked nothing. Only a
test whose text has such a `return`, or no other check, is watched, since that costs time.
"""

import contextlib
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from stacktest.pytest_plugin.checks import WatchedLines, early_returns, loose_checks
from stacktest.pytest_plugin.stash import UNREACHED

if TYPE_CHECKING:
    from _typeshed import TraceFunction as Trace


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
        if checks is not None and sys.gettrace() is None:
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
def _watch_checks(item: pytest.Item, checks: WatchedLines) -> Iterator[None]:
    lines, has_ended = set[int](), False

    def note_line(frame: FrameType, event: str, _: object) -> "Trace":
        nonlocal has_ended
        lines.add(frame.f_lineno)
        has_ended = event == "return"
        return note_line

    def note_call(frame: FrameType, _event: str, _: object) -> "Trace | None":
        return note_line if frame.f_code is checks.code else None

    sys.settrace(note_call)
    try:
        yield
    finally:
        sys.settrace(None)
    if has_ended and not lines & checks.lines and not item.stash.get(UNREACHED, ""):
        item.stash[UNREACHED] = (
            f"it reached none of its checks: that of line {min(checks.lines)} stands in a loop or "
            "a condition"
        )
