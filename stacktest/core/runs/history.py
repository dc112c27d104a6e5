"""Tells what kind of trouble a service has had, from its runs and what it was in each of them.

| class      | when                                                                              |
|------------|-----------------------------------------------------------------------------------|
| flake      | one fingerprint and the same tests, both results, within the last 20 runs of them; |
|            | or passed on a retry                                                              |
| regression | it passed, then what it is changed, and since then it fails                        |
| failing    | it failed every time, or the last three times, or was not up in the last run       |
| recovered  | it failed, then what it is changed, and since then it passes                       |
| steady     | it passes, and did so before                                                       |
| unknown    | no conclusive run                                                                  |

The fingerprint decides, not the calendar: what failed after a change is a regression, what failed
without one is a flake, and a failure that stays is neither forgiven as the one nor as the other.
A run in which the service was not up counts only while it is the last: it says nothing about tests.
Nor is a run compared in which something was seen that explains it (`core.runs.disturbance`).
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
"""How many conclusive runs of one fingerprint are looked at."""

LONGEST_ROW = 30
"""Runs in a row that are counted: a longer row is `at least` this long."""

STAYS = 3
"""Failures in a row that make it more than a flake."""


class Trend(Struct, frozen=True, kw_only=True):
    """What a service's runs, or those of one test, say together."""

    trend: TrendKind
    runs: int
    """Conclusive runs on what the service is now."""
    failures: int
    flaky: int
    """Runs that passed on a retry only."""
    earlier: bool = True
    """Whether there is more than one conclusive run, of whatever the service was."""
    changed: tuple[str, ...] = ()
    """For a regression or a recovery: the parts that changed between the two."""
    since: str = ""
    """Id of the first run of the present kind."""
    is_up: bool = True
    """False when the service was not up in the last run."""
    is_credited: bool = True
    """False when the tests of the last run passed, and earned no pass."""
    has_fallen: bool = False
    """True when it was up in the last run, and did not stay so."""
    disturbed: str = ""
    """What was seen in the last run, which failed, that may explain it."""


def classify(lines: Iterable[HistoryLine]) -> Trend:
    """The course of a service, from its history in any order."""
    ordered = sorted(lines, key=lambda line: line.seq)
    conclusive = [line for line in ordered if line.is_conclusive or line.start]
    if conclusive and conclusive[-1].start:
        return _not_up(conclusive)
    tested = [line for line in ordered if line.is_tested]
    course = _telling([(line, line.verdict == "passed", line.flaky) for line in tested])
    is_refused = bool(tested) and tested[-1].verdict == "passed" and not tested[-1].credited
    return replace(course, is_credited=not is_refused)


def classify_test(lines: Iterable[HistoryLine], nodeid: str) -> Trend:
    """The course of one test, from the history of a service that it names."""
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
    """The parts in which two runs differ: what the service was, and the tests that it had."""
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
    """The course without the runs that something else explains; the last one is told if it failed.

    Where there is no other, what the last one was is all that is known.
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
    """The course of a service that is not up: how often in a row, and since when."""
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
    """Both results on one and the same thing: nothing that we fingerprint explains it."""
    return True in passed and False in passed
