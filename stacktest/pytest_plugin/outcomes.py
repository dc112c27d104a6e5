"""Turns pytest's reports into one outcome per test; in doubt a test has not passed.

A test passed if its setup, call and teardown passed in its final attempt and no plugin changed a
failure. Of several reports of one phase the worst counts: subtests report beside their test, and
with `--dist each` every worker reports every test. A report with a plugin's own outcome (`rerun`,
`retried`) is a failed attempt. A test that never reported is `unfinished`.
"""

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import asdict

from stacktest.core.collected_test import Collected
from stacktest.core.runs.verdict import Outcome, Result, RunFacts, worst_result
from stacktest.pytest_plugin.claims import HOLDS_NOW, KNOWN_FALSE, UNJUDGED
from stacktest.pytest_plugin.own_output import test_of
from stacktest.pytest_plugin.stash import UNROUTED_REPORT

NOTES = "stacktest_failure_notes"
"""Attribute of a report of a failure: `FailureNotes` as a dictionary."""
FAILED_ATTEMPTS = "stacktest_failed_attempts"
"""Attribute of a report: how many phases of the test had failed by then, reported or not."""

FAILED = "stacktest_failed"
"""Attribute of a report: whether it was a failure before other plugins changed it."""

UNREACHED = "stacktest_unreached"
"""Attribute of a report: why the test reached none of its checks, or empty."""


class FailureNotes(Struct, frozen=True, kw_only=True):
    """The diagnosis and the evidence of a failure, which the report carries between processes."""

    diagnosis: str = ""
    command: str = ""
    evidence: str = ""

    @classmethod
    def of(cls, report: pytest.TestReport) -> "FailureNotes":
        """The notes of a report, from any process; empty notes if it has none."""
        notes = getattr(report, NOTES, None)
        return cls(**notes) if isinstance(notes, dict) else cls()

    def page_below(self, folder: Path) -> str:
        """The path of the evidence page relative to a folder above it; empty: there is none."""
        return str(Path(self.evidence).relative_to(folder)) if self.evidence else ""

    def shown_below(self, folder: Path) -> dict[str, str]:
        """All notes, with the path of the page relative to a folder above it."""
        return {**asdict(self), "evidence": self.page_below(folder)}

    def put_on(self, report: pytest.TestReport) -> None:
        """Attach the notes to the report in a form that pytest-xdist transfers."""
        vars(report)[NOTES] = asdict(self)


NO_NOTES = FailureNotes()


class _PhaseReport(Struct, frozen=True):
    """One report of one phase, copied when it arrived: retrying plugins change reports later."""

    result: Result
    reason: str = ""
    notes: FailureNotes = field(default_factory=lambda: NO_NOTES)


class _Attempt(Struct):
    """The reports of one attempt at a test, by phase."""

    phases: dict[str, list[_PhaseReport]] = field(default_factory=dict)
    plugin_outcomes: dict[str, str] = field(default_factory=dict)
    """Phase → its last outcome, if that is a plugin's own, such as `rerun`."""

    def add(self, when: str, report: _PhaseReport) -> None:
        """Add the report of one phase."""
        self.plugin_outcomes.pop(when, None)
        self.phases.setdefault(when, []).append(report)

    def undo(self, when: str, outcome: str) -> None:
        """Drop the reports of a phase that is going to be repeated."""
        self.plugin_outcomes[when] = outcome
        self.phases[when] = []

    def result(self) -> _PhaseReport:
        """The worst of all reports; a missing phase counts as `unfinished`."""
        reports = [report for phase in self.phases.values() for report in phase]
        reports += [
            _PhaseReport(_failure_in(when), f"its last outcome is {outcome!r}")
            for when, outcome in self.plugin_outcomes.items()
        ]
        started = self.phases.get("setup", [])
        needs_call = bool(started) and all(report.result == "passed" for report in started)
        for when in ("setup", "call", "teardown") if needs_call else ("setup", "teardown"):
            if not self.phases.get(when) and when not in self.plugin_outcomes:
                reports.append(_PhaseReport("unfinished", f"no {when} was reported"))
                break
        worst = worst_result(report.result for report in reports)
        return next(report for report in reports if report.result == worst)


class _Reports(Struct):
    """The reports of one test so far from one process."""

    attempts: list[_Attempt] = field(default_factory=list)
    has_repeated_phase: bool = False
    crashed: str = ""
    failed_attempts: int | None = None
    """The failures that the hook of reports counted; None: no report had a count."""

    @property
    def current(self) -> _Attempt:
        """The attempt that is running."""
        if not self.attempts:
            self.attempts.append(_Attempt())
        return self.attempts[-1]

    def result(self) -> _PhaseReport:
        """The result of the last attempt."""
        if self.crashed:
            return _PhaseReport("crashed", _last_line(self.crashed))
        return self.current.result()

    @property
    def is_flaky(self) -> bool:
        """Whether an attempt before the last one did not pass.

        Some plugins do not report the call that they repeat: then the count of failures shows
        whether it failed.
        """
        good = {"passed"} if self.failed_attempts is None else {"passed", "unfinished"}
        earlier = any(attempt.result().result not in good for attempt in self.attempts[:-1])
        hidden = bool(self.failed_attempts) and self.result().result == "passed"
        return self.has_repeated_phase or earlier or hidden


class _Test(Struct):
    """The reports of one test so far, from every process that ran it."""

    processes: dict[str, _Reports] = field(default_factory=dict)
    contacts: set[str] = field(default_factory=set)
    looks: set[str] = field(default_factory=set)
    doubts: dict[str, str] = field(default_factory=dict)
    started: float | None = None
    seconds: float = 0.0

    def result(self) -> _PhaseReport:
        """The worst result of all processes."""
        results = [reports.result() for reports in self.processes.values()]
        if not results:
            return _PhaseReport("unfinished", "no setup was reported")
        worst = worst_result(report.result for report in results)
        return next(report for report in results if report.result == worst)


class Listener:
    """Collects reports and interruptions as data."""

    def __init__(self) -> None:
        self._tests: dict[str, _Test] = {}
        self.interrupted = False
        self.ended_early = ""

    def cut_short(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember why the run was cut short: Ctrl-C, or `pytest.exit`."""
        if isinstance(excinfo.value, pytest.exit.Exception):
            self.ended_early = f"pytest.exit: {excinfo.value}"
        else:
            self.interrupted = True

    def add(self, report: pytest.TestReport) -> None:
        """Add one report of a test."""
        test = self._tests.setdefault(test_of(report), _Test())
        test.contacts |= set(getattr(report, "stacktest_contacts", ()))
        test.looks |= set(getattr(report, "stacktest_looks", ()))
        test.doubts |= getattr(report, "stacktest_doubts", {})
        test.seconds += report.duration
        if test.started is None:
            test.started = getattr(report, "start", None)
        reports = test.processes.setdefault(_process(report), _Reports())
        reports.failed_attempts = getattr(report, FAILED_ATTEMPTS, reports.failed_attempts)
        if report.when not in ("setup", "call", "teardown"):
            reports.crashed = report.longreprtext or "the worker crashed"
            return
        if report.when == "setup" and reports.current.phases:
            reports.attempts.append(_Attempt())
        result = _result(report)
        if result is None:
            reports.has_repeated_phase = True
            reports.current.undo(report.when, str(report.outcome))
        else:
            reports.current.add(report.when, result)

    def outcomes(self, selected: Iterable[Collected]) -> tuple[Outcome, ...]:
        """One outcome per selected test, `unfinished` for those that never reported."""
        return tuple(_outcome(test, self._tests.get(test.reported, _Test())) for test in selected)

    def facts(
        self,
        whole: Iterable[Collected],
        selected: Iterable[Collected],
        *,
        selection: str,
        deviations: tuple[str, ...] = (),
    ) -> RunFacts:
        """Facts about the run as a whole."""
        chosen = {test.nodeid for test in selected}
        return RunFacts(
            deselected=frozenset(test.nodeid for test in whole if test.nodeid not in chosen),
            interrupted=self.interrupted,
            ended_early=self.ended_early,
            selection=selection,
            deviations=deviations,
        )


def reason_of(report: pytest.TestReport) -> str:
    """Why a test failed, as one line, with both values if it compared two."""
    lines = marked_lines(report.longreprtext)
    if not lines and isinstance(report.longrepr, str):
        # A message without a traceback, as of `pytest.fail(…, pytrace=False)`: its first line.
        return next(filter(None, map(str.strip, report.longrepr.splitlines())), "")
    first = _last_line(report.longreprtext)
    values = [line for line in lines[1:] if _VALUES.match(line)]
    if first.startswith("AssertionError") and values:
        return f"{first}: {values[0]}"
    return first


def marked_lines(text: str) -> list[str]:
    """The lines of the error, which pytest marks with `E`."""
    return [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]


# Private

_VALUES = re.compile(r"assert |Actual value: ")
"""The line with the values, below an assertion's message and below Playwright's `expect`."""


def _process(report: pytest.TestReport) -> str:
    """The worker of pytest-xdist that ran the test, or empty."""
    gateway = getattr(getattr(report, "node", None), "gateway", None)
    return str(getattr(report, "worker_id", "") or getattr(gateway, "id", ""))


def _result(report: pytest.TestReport) -> _PhaseReport | None:
    """The result of one report; None: the outcome is a plugin's own."""
    outcome = str(report.outcome)
    if outcome == "failed" and getattr(report, UNROUTED_REPORT, False):
        return _PhaseReport("unfinished", reason_of(report), FailureNotes.of(report))
    if judged := _judged_claim(report):
        return judged
    if outcome == "failed":
        notes = FailureNotes.of(report)
        return _PhaseReport(_failure_in(str(report.when)), reason_of(report), notes)
    if outcome not in ("passed", "skipped"):
        return None
    if hasattr(report, "wasxfail"):
        return _PhaseReport("xpassed" if outcome == "passed" else "xfailed", str(report.wasxfail))
    return _not_failed(report)


def _not_failed(report: pytest.TestReport) -> _PhaseReport:
    """The result of a passed or skipped report, which is not trusted if a plugin changed it."""
    if getattr(report, FAILED, False):
        reason = reason_of(report)
        why = f"a hook of another plugin calls it {report.outcome}"
        return _PhaseReport(_failure_in(str(report.when)), f"{reason} ({why})" if reason else why)
    if report.outcome == "skipped":
        return _PhaseReport("skipped", _skip_reason(report))
    why = getattr(report, UNREACHED, "") if report.when == "call" else ""
    return _PhaseReport("unfinished" if why else "passed", why)


def _judged_claim(report: pytest.TestReport) -> _PhaseReport | None:
    """The result that the marker `claim` gave the report; None: it gave none."""
    if getattr(report, KNOWN_FALSE, False):
        return _PhaseReport("known_false", str(getattr(report, "wasxfail", "")))
    if getattr(report, HOLDS_NOW, False):
        return _PhaseReport("holds_now", _last_line(report.longreprtext))
    if getattr(report, UNJUDGED, False):
        return _PhaseReport("unjudged", _last_line(report.longreprtext))
    return None


def _failure_in(when: str) -> Result:
    return "failed" if when == "call" else "error"


def _outcome(test: Collected, reports: _Test) -> Outcome:
    result, started = reports.result(), reports.started
    return Outcome(
        nodeid=test.nodeid,
        services=test.services,
        result=result.result,
        flaky=any(process.is_flaky for process in reports.processes.values()),
        reason=result.reason,
        diagnosis=result.notes.diagnosis,
        command=result.notes.command,
        evidence=result.notes.evidence,
        contacts=tuple(sorted(reports.contacts)),
        looks=tuple(sorted(reports.looks)),
        doubts=reports.doubts,
        assertions=test.checks,
        started=dt.datetime.fromtimestamp(started, dt.UTC) if started is not None else None,
        seconds=reports.seconds,
    )


def _last_line(text: str) -> str:
    """The first line that pytest marks with `E`, else the last line that is not empty."""
    lines = (
        marked_lines(text)[:1] or [line.strip() for line in text.splitlines() if line.strip()][-1:]
    )
    return lines[0] if lines else ""


def _skip_reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return _last_line(report.longreprtext)
