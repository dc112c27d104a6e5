"""Shapes and sentences for the trends of a service's runs that `core.runs.history` computes.

| shape          | trend of the history                                                   |
|----------------|------------------------------------------------------------------------|
| steady         | steady: it passes, and did so before                                   |
| recovered      | recovered: it failed, its fingerprint changed, and it passes since     |
| flaky          | a flake: one fingerprint, both results, or a pass only on a retry      |
| regression     | a regression: it passed, its fingerprint changed, and it fails since   |
| steady failure | failing: every time, or three times in a row                           |
| no runs        | unknown: no run has a conclusive result                                |
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice, takewhile
from typing import Literal

from msgspec import Struct

from stacktest.core.fingerprint.fingerprint import changes
from stacktest.core.records.documents import HistoryLine
from stacktest.core.runs.growth import growths
from stacktest.core.runs.history import LONGEST_ROW, Trend, TrendKind, classify
from stacktest.reports.wording import count, part

Shape = Literal["steady", "recovered", "flaky", "regression", "steady failure", "no runs"]
Cell = Literal["passed", "flaky", "failed", "known-false", "incomplete", "absent"]

SHAPES: Mapping[TrendKind, Shape] = {
    "steady": "steady",
    "recovered": "recovered",
    "flake": "flaky",
    "regression": "regression",
    "failing": "steady failure",
    "unknown": "no runs",
}


class Reading(Struct, frozen=True, kw_only=True):
    """The shape of a history, and a sentence about it."""

    shape: Shape
    sentence: str


def read(lines: Sequence[HistoryLine]) -> Reading:
    """The shape of the runs, which are sorted oldest first, and the sentence about them."""
    course = classify(lines)
    slower = [f"Slower: {growth.phrase}." for growth in growths(lines)]
    sentence = " ".join([_sentence(course, lines), *slower])
    return Reading(shape=SHAPES[course.trend], sentence=sentence)


def cell(line: HistoryLine) -> Cell:
    """The mark of one run."""
    if line.verdict == "passed":
        return "flaky" if line.flaky else "passed"
    if line.verdict == "failed":
        return "failed"
    return "incomplete" if line.verdict == "incomplete" else "absent"


def test_cell(line: HistoryLine, nodeid: str) -> Cell:
    """The mark of one test in one run."""
    letter = line.tests.get(nodeid)
    if letter is None:
        return "absent"
    known: dict[str, Cell] = {
        ".": "passed",
        "~": "flaky",
        "k": "known-false",
        "K": "failed",
        "F": "failed",
        "E": "failed",
    }
    return known.get(letter, "incomplete")


def changed_parts(old: HistoryLine, new: HistoryLine) -> tuple[str, ...]:
    """Names of the fingerprint's parts that are known in both runs and differ."""
    changed_parts = changes(old.fingerprint.as_fingerprint(), new.fingerprint.as_fingerprint())
    return tuple(change.part for change in changed_parts)


def moves(lines: Sequence[HistoryLine]) -> tuple[bool, ...]:
    """For each run, whether its fingerprint differs from that of the run before."""
    prints = [line.fingerprint.digest for line in lines]
    known = [None, *prints][: len(prints)]
    return tuple(
        old is not None and now not in (None, old) for old, now in zip(known, prints, strict=True)
    )


# Private


def _sentence(course: Trend, lines: Sequence[HistoryLine]) -> str:
    if course.disturbed:
        return f"Failed: {course.disturbed} in the last run, which may be why."
    parts = ", ".join(map(part, course.changed)) or "what it is"
    since = _date(next((line.started for line in lines if line.run == course.since), None))
    runs = count(course.runs, "run")
    flake = (
        f"{course.failures} of {runs} failed without any change"
        if course.failures
        else f"{course.flaky} of {runs} passed only on a retry"
    )
    sentences: Mapping[TrendKind, str] = {
        "flake": f"Flaky: {flake}.",
        "regression": f"Regression: {parts} changed, and it has failed since {since}.",
        "recovered": f"Recovered: {parts} changed, and it has passed since {since}.",
        "failing": f"Steady failure: {_in_a_row(lines, 'failed')} in a row failed.",
        "steady": f"Steady: {_in_a_row(lines, 'passed')} in a row passed.",
        "unknown": "No run has come to a conclusion yet.",
    }
    return sentences[course.trend]


def _in_a_row(lines: Sequence[HistoryLine], verdict: str) -> str:
    conclusive = (line for line in reversed(lines) if line.is_conclusive)
    row = takewhile(lambda line: line.verdict == verdict, islice(conclusive, LONGEST_ROW))
    length = len(list(row))
    return f"{'at least ' if length == LONGEST_ROW else ''}{count(length, 'run')}"


def _date(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "then"
