"""Tests that returned before the first of their checks: seen while they run.

    if answer.status_code != 200:
        return
    assert "Welcome" in answer.text

The code has a check, and pytest calls the test passed; this run of it has checked nothing. Only a
test whose text has such a `return` is watched, since that costs time.
"""

import contextlib
import sys
from collections.abc import Iterator
from types import FrameType

import pytest

from stacktest.pytest_plugin.checks import early_returns
from stacktest.pytest_plugin.stash import EARLY_END


@contextlib.contextmanager
def watch(item: pytest.Item) -> Iterator[None]:
    """Note the line in which the test returned before its first check, if it does."""
    code, lines = early_returns(item)
    # Whoever profiles the tests has the only place from which their end can be seen.
    if not lines or sys.getprofile() is not None:
        yield
        return

    def note_return(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code is code and frame.f_lineno in lines:
            item.stash[EARLY_END] = frame.f_lineno

    sys.setprofile(note_return)
    try:
        yield
    finally:
        sys.setprofile(None)
