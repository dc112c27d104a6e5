"""The marker `alone`: a test that runs last and by itself, under pytest-xdist, too.

A test that stops or restarts containers (`lifecycle`), or measures limits or load, must not run
beside others. In one process the order is enough. Workers hold a lock while a test runs: shared
for most tests, exclusive for one that is alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from stacktest.pytest_plugin.markers import asks_for_stack
from stacktest.pytest_plugin.stash import RUNNING

LOCK = "alone.lock"
MOVING_FIXTURES = frozenset({"lifecycle", "variant"})
"""Fixtures that imply the marker."""


def is_alone(item: pytest.Item) -> bool:
    """Whether a test of the stack must not run beside others."""
    if not asks_for_stack(item):
        return False
    fixtures = getattr(item, "fixturenames", ())
    marked = item.get_closest_marker("alone") is not None
    return marked or not MOVING_FIXTURES.isdisjoint(fixtures)


def order(items: list[pytest.Item]) -> None:
    """Move the tests that are alone to the end; both groups keep their order."""
    if any(map(is_alone, items)):
        items.sort(key=is_alone)


class AloneGate:
    """Keeps the tests of this worker from running beside a test that is alone."""

    def __init__(self, shared: Path) -> None:
        from stacktest.adapters.atomic_write import create_file

        self._shared = shared
        self._moves = 0
        with contextlib.suppress(FileExistsError):
            create_file(shared / LOCK, "")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Hold the lock while the test runs; after a crash the operating system releases it."""
        lock = os.open(self._shared / LOCK, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if is_alone(item) else fcntl.LOCK_SH)
            self._look_again(item.config)
            return (yield)
        finally:
            os.close(lock)

    # Private

    def _look_again(self, config: pytest.Config) -> None:
        """Read the addresses again if another worker may have moved a container since."""
        from stacktest.application.run_snapshot import MOVES

        file = self._shared / MOVES
        size = file.stat().st_size if file.is_file() else 0
        stack = config.stash.get(RUNNING, None)
        if size != self._moves and stack is not None:
            from stacktest.bootstrap.moves import address_reader

            address_reader(stack)()
        self._moves = size
