"""Finds checks that a test runs in other processes and that failed there unnoticed.

Process(target=check)        its failure is an exit code that the test did not read
Pool().apply_async(check)    its failure is a result that the test did not ask for

Any error gives an exit code of 1; it counts as a failed check only if the target holds checks.
"""

import contextlib
from collections.abc import Iterator
from multiprocessing.pool import ApplyResult
from multiprocessing.process import BaseProcess, active_children
from typing import Any

import pytest

from stacktest.pytest_plugin.checks import Counter
from stacktest.pytest_plugin.stash import UNREACHED

CHECKS = (AssertionError, pytest.fail.Exception)
FAILED = 1
"""The exit code of a process that an exception ended."""


class Children:
    """The processes that a test started, their targets, and whose results the test read."""

    def __init__(self) -> None:
        self.targets: dict[BaseProcess, object] = {}
        self.results: list[ApplyResult[Any]] = []
        self.asked = set[object]()
        self.are_others = bool(active_children())
        """Whether processes ran before the test, which may run its checks as well."""

    def may_check(self) -> bool:
        """Whether a check may have run in another process, where it cannot be traced."""
        return self.are_others or bool(self.targets)

    def failure(self) -> str:
        """The name of a failed check whose result the test did not read; empty: there is none."""
        for process, target in self.targets.items():
            is_open = process not in self.asked and not getattr(process, "_closed", False)
            if is_open and process.exitcode == FAILED and _checks(target):
                return str(getattr(target, "__name__", target))
        for result in self.results:
            error = vars(result).get("_value")
            if result not in self.asked and isinstance(error, CHECKS):
                return type(error).__name__
        return ""


@contextlib.contextmanager
def watch(item: pytest.Item) -> Iterator[Children]:
    """Note a check that failed in another process without failing the test."""
    children = Children()
    with _noted(children):
        yield children
    if not item.stash.get(UNREACHED, "") and (failure := children.failure()):
        item.stash[UNREACHED] = (
            f"a check failed where pytest does not see it: {failure} in another process"
        )


# Private


@contextlib.contextmanager
def _noted(children: Children) -> Iterator[None]:
    start, exit_code = BaseProcess.start, BaseProcess.exitcode
    begin, get, successful = ApplyResult.__init__, ApplyResult.get, ApplyResult.successful

    def note_start(self: BaseProcess) -> None:
        target = vars(self).get("_target")
        children.targets[self] = type(self).run if target is None else target
        start(self)

    def ask_exit_code(self: BaseProcess) -> int | None:
        children.asked.add(self)
        return exit_code.fget(self)  # type: ignore[attr-defined, no-any-return]

    def note_result(self: ApplyResult[Any], *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        children.results.append(self)

    def ask_result(self: ApplyResult[Any], timeout: float | None = None) -> Any:
        children.asked.add(self)
        return get(self, timeout)

    def ask_success(self: ApplyResult[Any]) -> bool:
        children.asked.add(self)
        return successful(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseProcess, "start", note_start)
        patch.setattr(BaseProcess, "exitcode", property(ask_exit_code))
        patch.setattr(ApplyResult, "__init__", note_result)
        patch.setattr(ApplyResult, "get", ask_result)
        patch.setattr(ApplyResult, "successful", ask_success)
        yield


def _checks(target: object) -> bool:
    counter = Counter({})
    counter.add(target, None)
    return counter.total() > 0
