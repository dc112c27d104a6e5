"""Classifies a service's history (flake, regression, …) by the results and fingerprints of runs.

| class      | condition                                                                         |
|------------|-----------------------------------------------------------------------------------|
| flake      | one fingerprint and the same tests, both results, within the last 20 runs of them; |
|            | or passed on a retry                                                              |
| regression | it passed, then its fingerprint changed, and since then it fails                   |
| failing    | it failed every time, or the last three times, or was not up in the last run       |
| recovered  | it failed, then its fingerprint changed, and since then it passes                  |
| steady     | it passes, and did so before                                                       |
| unknown    | no conclusive run                                                                  |

The fingerprint decides, not the time: a failure after a change is a regression, a failure without
a change is a flake, unless it stays: a failure that stays is never excused as a flake. A run in
which the service was not up counts only while it is the last, since it has no results of tests. A
run with a disturbance (`core.runs.disturbance`) is not compared.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Literal

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.fingerprint import changes
from stacktest.core.records.documents import HistoryLine
from stacktest.core.runs.start_failure import FELL

TrendKind = Literal["flake", "regression", "failing", "recovered", "steady", "unknown"]

WINDOW = 20
"""Number of conclusive runs of one fingerprint that are considered."""

LONGEST_ROW = 30
"""Maximum number of runs in a row that are counted; a longer row is `at least` this long."""

STAYS = 3
"""Number of failures in a row from which on it is failing, not a flake."""


class Trend(Struct, frozen=True, kw_only=True):
    """The classification of a service's runs, or of those of one test."""

    trend: TrendKind
    runs: int
    """Number of conclusive runs on the present fingerprint."""
    failures: int
    flaky: int
    """Number of runs that passed only on a retry."""
    earlier: bool = True
    """Whether there is more than one conclusive run, on any fingerprint."""
    changed: tuple[str, ...] = ()
    """For a regression or a recovery: the parts that changed between the two."""
    since: str = ""
    """Id of the first run of the present kind."""
    is_up: bool = True
    """False when the service was not up in the last run."""
    is_credited: bool = True
    """False when the tests of the last run passed but were not credited."""
    has_fallen: bool = False
    """True when it was up in the last run, and did not stay so."""
    disturbed: str = ""
    """The disturbance of the last run, if that failed; else empty."""


def classify(lines: Iterable[HistoryLine]) -> Trend:
    """The trend of a service, from its history in any order."""
    ordered = sorted(lines, key=lambda line: line.seq)
    conclusive = [line for line in ordered if line.is_conclusive or line.start]
    if conclusive and conclusive[-1].start:
        return _not_up(conclusive)
    tested = [line for line in ordered if line.is_tested]
    course = _telling([(line, line.verdict == "passed", line.flaky) for line in tested])
    is_refused = bool(tested) and tested[-1].verdict == "passed" and not tested[-1].credited
    return replace(course, is_credited=not is_refused)


def classify_test(lines: Iterable[HistoryLine], nodeid: str) -> Trend:
    """The trend of one test, from the history of a service that it names."""
    ordered = sorted(lines, key=lambda line: line.seq)
    letters = [(line, line.tests.get(nodeid, "")) for line in ordered]
    return _telling([(line, x in ".~k", x == "~") for line, x in letters if x and x in ".~kKFE"])


def usual_boot(lines: Iterable[HistoryLine]) -> float | None:
    """Seconds that the service usually takes to become ready: the median of its last starts."""
    from statistics import median

    ordered = sorted(lines, key=lambda line: line.seq)
    known = [line.boot_ms for line in ordered if line.boot_ms is not None][-WINDOW:]
    return median(known) / 1000 if known else None


def differing_parts(old: HistoryLine, new: HistoryLine) -> tuple[str, ...]:
    """The parts in which two runs differ: parts of the fingerprint, and `tests`."""
    parts = (
        ()
        if old.fingerprint == new.fingerprint
        else changes(old.fingerprint.as_fingerprint(), new.fingerprint.as_fingerprint())
    )
    edited = bool(old.code and new.code and old.code != new.code)
    return (*(change.part for change in parts), *(["tests"] if edited else []))


# Private

_Run = tuple[HistoryLine, bool, bool]
"""The run, whether it passed, whether only on a retry."""


def _telling(runs: Sequence[_Run]) -> Trend:
    """The trend without disturbed runs; a disturbed last run that failed is reported by itself.

    If all runs were disturbed, only the last one is used.
    """
    if runs and runs[-1][0].disturbed and not runs[-1][1]:
        last = runs[-1][0]
        why = last.disturbed
        return Trend(trend="failing", runs=1, failures=1, flaky=0, since=last.run, disturbed=why)
    return _course([run for run in runs if not run[0].disturbed] or runs[-1:])


def _course(runs: Sequence[_Run]) -> Trend:
    if not runs:
        return Trend(trend="unknown", runs=0, failures=0, flaky=0)
    now = runs[-1][0]
    same = [run for run in runs if not differing_parts(run[0], now)][-WINDOW:]
    before = next((run for run in reversed(runs) if differing_parts(run[0], now)), None)
    passed = [run[1] for run in same]
    flaky = sum(run[2] for run in same)
    trend = _trend(passed, flaky, before)
    turned = before is not None and trend in ("regression", "recovered")
    return Trend(
        trend=trend,
        runs=len(same),
        failures=passed.count(False),
        flaky=flaky,
        earlier=len(runs) > 1,
        changed=differing_parts(before[0], now) if before and turned else (),
        since=same[0][0].run,
    )


def _not_up(lines: Sequence[HistoryLine]) -> Trend:
    """The trend of a service that is not up: how often in a row, and since when."""
    row = [*takewhile(lambda line: line.start, reversed(lines))]
    return Trend(
        trend="failing",
        runs=len(row),
        failures=len(row),
        flaky=0,
        since=row[-1].run,
        is_up=False,
        has_fallen=FELL in lines[-1].start,
    )


def _trend(passed: Sequence[bool], flaky: int, before: _Run | None) -> TrendKind:
    stays = len(passed) >= STAYS and not any(passed[-STAYS:])
    if (flaky or _wavers(passed)) and not stays:
        return "flake"
    if not passed[-1]:
        return "regression" if before is not None and before[1] else "failing"
    return "recovered" if before is not None and not before[1] else "steady"


def _wavers(passed: Sequence[bool]) -> bool:
    """Whether there are both results on one fingerprint: no recorded change explains them."""
    return True in passed and False in passed
