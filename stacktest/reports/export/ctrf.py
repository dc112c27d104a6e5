"""One run as a CTRF report, the common JSON of test results.

CTRF has five statuses. A test is `flaky` only if it passed in the end; a test that neither passed,
failed nor was skipped is `other`, with pytest's own word in `rawStatus`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from stacktest.core.json_data import Json
from stacktest.core.records.common import Run
from stacktest.core.runs.verdict import Outcome
from stacktest.reports.report_data import Board

SPEC = "0.0.0"


def ctrf(board: Board, run: Run, outcomes: Sequence[Outcome]) -> dict[str, Json]:
    """The document `ctrf.json` of one run."""
    return {
        "reportFormat": "CTRF",
        "specVersion": SPEC,
        "runId": run.id,
        "timestamp": board.now.isoformat(timespec="seconds"),
        "generatedBy": "stacktest",
        "results": {
            "tool": {"name": "pytest", "version": run.versions.get("pytest", "unknown")},
            "summary": _summary(run, outcomes, board.now),
            "tests": [_test(board, outcome) for outcome in outcomes],
            "environment": _environment(board, run),
        },
    }


# Private

_STATUS: Mapping[str, str] = {
    "passed": "passed",
    "failed": "failed",
    "error": "failed",
    "holds_now": "failed",
    "skipped": "skipped",
}


def _status(outcome: Outcome) -> str:
    return "failed" if outcome.result == "crashed" else _STATUS.get(outcome.result, "other")


def _summary(run: Run, outcomes: Sequence[Outcome], now: datetime) -> dict[str, Json]:
    counts = Counter(map(_status, outcomes))
    start, stop = _milliseconds(run.started), _milliseconds(run.finished or now)
    words = ("passed", "failed", "skipped", "pending", "other")
    return {
        "tests": len(outcomes),
        **{word: counts[word] for word in words},
        "flaky": sum(outcome.flaky and outcome.result == "passed" for outcome in outcomes),
        "start": start,
        "stop": stop,
        "duration": stop - start,
    }


def _test(board: Board, outcome: Outcome) -> dict[str, Json]:
    file, _, name = outcome.nodeid.partition("::")
    phase = board.phase_of(outcome.nodeid)
    duration = round(outcome.seconds * 1000)
    test: dict[str, Json] = {
        "testId": outcome.nodeid,
        "name": name,
        "status": _status(outcome),
        "duration": duration,
        "suite": [phase, file] if phase else [file],
        "filePath": file,
        "rawStatus": outcome.result,
        "tags": list(outcome.services),
        "flaky": outcome.flaky and outcome.result == "passed",
        "extra": {"services": list(outcome.services), "contacts": list(outcome.contacts)},
    }
    if outcome.reason:
        test["message"] = outcome.reason
    if outcome.started:
        test["start"] = _milliseconds(outcome.started)
        test["stop"] = test["start"] + duration
    return test


def _environment(board: Board, run: Run) -> dict[str, Json]:
    about: dict[str, Json] = {"appName": board.stack.name, "buildNumber": run.seq}
    if run.git_commit:
        about["commit"] = run.git_commit
    about["extra"] = {"dirty": run.dirty, "versions": dict(run.versions)}
    return about


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
