"""Follows which test runs, and who owns a client: the test that made it, or a wider fixture.

made in                                    lives as long as    its answers count for
a test, or a fixture of its scope          the test            that test
a fixture of a module, class or session    the fixture         the test that runs
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Any

import pytest

from stacktest.pytest_plugin.stash import CONTACTS, EVIDENCE, LOOKS, UNREACHED

__tracebackhide__ = True  # pytest shows no frame of this module: it is on the way of every fixture


class Owner:
    """The test or fixture that owns a client."""

    def __init__(
        self,
        add_finalizer: Callable[[Callable[[], object]], None],
        key: object,
        test: Callable[[], pytest.Item | None],
    ) -> None:
        self.add_finalizer = add_finalizer
        """Registers a function that is called when the owner ends."""
        self.key = key
        """Equal for clients of the same owner."""
        self._test = test

    @property
    def test(self) -> pytest.Item | None:
        """The test for which an answer counts now; None between tests."""
        return self._test()


class RunningTest:
    """Follows which test runs and which fixture is being set up."""

    def __init__(self) -> None:
        self._item: pytest.Item | None = None
        self._setups: list[pytest.FixtureDef[Any]] = []
        self._finalizers: list[Callable[[], object]] = []
        self._before_teardown: list[Callable[[], object]] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Remember the test for as long as it runs, teardown included."""
        self._item = item
        try:
            return (yield)
        finally:
            self._item = None
            if EVIDENCE in item.stash:
                from stacktest.pytest_plugin.failure_artifacts import finish

                finish(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Forget what an earlier attempt of the test touched: only the last attempt counts."""
        from stacktest.pytest_plugin.unreached_checks import watch_setup

        item.stash.setdefault(CONTACTS, {}).clear()
        item.stash.setdefault(LOOKS, set()).clear()
        item.stash[UNREACHED] = ""
        if "answered" in getattr(item, "fixturenames", ()):
            from stacktest.pytest_plugin.silence import count_sent

            count_sent(item)
        with watch_setup(item):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch whether the test ends without reaching any check, or misses a failed check."""
        from stacktest.pytest_plugin import child_processes, unreached_checks, unseen_failures

        with (
            child_processes.watch(item) as children,
            unseen_failures.watch(item),
            unreached_checks.watch(item, children),
        ):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Remember a failure that another plugin's hook may swallow; the innermost wrapper."""
        try:
            result = yield
        except (AssertionError, pytest.fail.Exception):
            pyfuncitem.stash[UNREACHED] = "it failed, which a hook of another plugin swallowed"
            raise
        pyfuncitem.stash[UNREACHED] = ""
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Close the test's clients after its fixtures have ended, which may still make clients."""
        self.complete_contacts()
        try:
            return (yield)
        finally:
            with contextlib.ExitStack() as stack:
                for finalizer in self._finalizers:
                    stack.callback(finalizer)
                self._finalizers.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Remember which fixture is being set up."""
        self._setups.append(fixturedef)
        try:
            return (yield)
        finally:
            self._setups.pop()

    def before_teardown(self, call: Callable[[], object]) -> None:
        """Register a function to call at the end of each test, before its fixtures end."""
        self._before_teardown.append(call)

    def complete_contacts(self) -> None:
        """Count answers of the running test that are still being judged."""
        for call in self._before_teardown:
            call()

    def owner(self) -> Owner:
        """The owner of a client that is made now."""
        fixture = self._setups[-1] if self._setups else None
        if fixture is not None and fixture.scope != "function":
            return Owner(fixture.addfinalizer, fixture, lambda: self._item)
        item = self._item
        if item is None:
            # Made by a hook: it ends with the process, and its answers belong to no test.
            return Owner(lambda _: None, self, lambda: None)
        return Owner(self._finalizers.append, item, lambda: item)
