"""pytest's reports → one outcome per test, read strictly.

A test passed when its setup, call and teardown passed in its final attempt and nothing excused a
failure. Everything else has a word of its own; a test that never reported is `unfinished`.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.suite_code import count_checks
from stacktest.core.collected_test import Collected
from stacktest.core.runs.verdict import Outcome, RunFacts


@dataclass(slots=True)
class _Reports:
    """What one test reported so far, in its current attempt."""

    phases: dict[str, pytest.TestReport] = field(default_factory=dict)
    retried: bool = False
    crashed: str = ""
    contacts: set[str] = field(default_factory=set)
    started: float | None = None
    seconds: float = 0.0


class Listener:
    """Collects reports, collection errors and interruptions as data."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        """Node ids of files and classes that could not be collected."""
        self._tests: dict[str, _Reports] = {}
        self._checks: dict[str, int] = {}
        self.interrupted = False
        self.ended_early = ""

    def collected(self, report: pytest.CollectReport) -> None:
        """Remember a collection that failed."""
        if report.failed and report.nodeid not in self.errors:
            self.errors.append(report.nodeid)

    def cut_short(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember why the run was cut short: Ctrl-C, or `pytest.exit`."""
        if isinstance(excinfo.value, pytest.exit.Exception):
            self.ended_early = f"pytest.exit: {excinfo.value}"
        else:
            self.interrupted = True

    def add(self, report: pytest.TestReport) -> None:
        """Add one report of a test."""
        test = self._tests.setdefault(report.nodeid, _Reports())
        test.contacts |= set(getattr(report, "stacktest_contacts", ()))
        test.seconds += report.duration
        if test.started is None:
            test.started = getattr(report, "start", None)
        if report.when not in ("setup", "call", "teardown"):
            test.crashed = report.longreprtext or "the worker crashed"
            return
        if str(report.outcome) == "rerun":
            # pytest-rerunfailures: the attempts before the last one are history.
            test.retried, test.phases = True, {}
            return
        if report.when == "setup" and test.phases:
            test.retried, test.phases = True, {}
        test.phases[report.when] = report

    def expect(self, selected: Iterable[Collected], rootdir: Path) -> None:
        """Remember where each test can fail, as its file is now: before it runs."""
        self._checks = {
            test.nodeid: count_checks(rootdir / test.path, test.line) for test in selected
        }

    def outcomes(self, selected: Iterable[Collected]) -> tuple[Outcome, ...]:
        """One outcome per selected test, `unfinished` for those that never reported."""
        return tuple(
            _outcome(test, self._tests.get(test.nodeid, _Reports()), self._checks[test.nodeid])
            for test in selected
        )

    def facts(
        self,
        whole: Iterable[Collected],
        selected: Iterable[Collected],
        *,
        errors: Iterable[str],
        selection: str,
    ) -> RunFacts:
        """Facts about the run as a whole."""
        chosen = {test.nodeid for test in selected}
        return RunFacts(
            deselected=frozenset(test.nodeid for test in whole if test.nodeid not in chosen),
            collection_errors=tuple(errors),
            interrupted=self.interrupted,
            ended_early=self.ended_early,
            selection=selection,
        )


def reason_of(report: pytest.TestReport) -> str:
    """Why a test failed, as one line."""
    return _last_line(report.longreprtext)


# Private


def _outcome(test: Collected, reports: _Reports, checks: int) -> Outcome:
    word, reason = _word(reports)
    started = reports.started
    return Outcome(
        nodeid=test.nodeid,
        services=test.services,
        result=word,
        flaky=reports.retried,
        reason=reason,
        contacts=tuple(sorted(reports.contacts)),
        assertions=checks,
        started=dt.datetime.fromtimestamp(started, dt.UTC) if started is not None else None,
        seconds=reports.seconds,
    )


def _word(reports: _Reports) -> tuple[Any, str]:
    """The outcome's word, and its reason as one line."""
    if reports.crashed:
        return "crashed", _last_line(reports.crashed)
    for when in ("setup", "call", "teardown"):
        report = reports.phases.get(when)
        if report is None:
            return "unfinished", f"no {when} was reported"
        if hasattr(report, "wasxfail"):
            return ("xpassed" if report.passed else "xfailed"), str(report.wasxfail)
        if report.failed:
            return ("failed" if when == "call" else "error"), _last_line(report.longreprtext)
        if report.skipped:
            return "skipped", _skip_reason(report)
    return "passed", ""


def _last_line(text: str) -> str:
    """The line that says what went wrong: pytest marks it with `E`."""
    marked = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    lines = marked[:1] or [line.strip() for line in text.splitlines() if line.strip()][-1:]
    return lines[0] if lines else ""


def _skip_reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return _last_line(report.longreprtext)
