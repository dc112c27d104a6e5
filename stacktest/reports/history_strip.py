"""What a service's runs look like in a row, and what their shape means.

| shape            | when                                                                         |
|------------------|------------------------------------------------------------------------------|
| steady           | the last run passed, and nothing on this fingerprint speaks against it       |
| repaired         | the last run passed after a failure on another fingerprint                   |
| flaky            | the same fingerprint both passed and failed, or passed only on a retry       |
| regression       | it passed before, then its fingerprint changed, and since then it has failed |
| steady failure   | nothing in view ever passed                                                  |
| cannot tell      | results differ, but what was tested is not known for all of them             |
| no runs          | no run in view came to a conclusion                                          |

Only the fingerprint can tell a flake from a regression: equal inputs with different results are a
flake, changed inputs with changed results a regression whose cause has a name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stacktest.core.records import HistoryLine

Shape = Literal[
    "steady", "repaired", "flaky", "regression", "steady failure", "cannot tell", "no runs"
]
Cell = Literal["passed", "flaky", "failed", "incomplete", "absent"]

IN_VIEW = 20
"""Runs that the shape is read from; the strip may show more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The shape of a history, and the sentence that says so."""

    shape: Shape
    sentence: str


def read(lines: Sequence[HistoryLine]) -> Reading:
    """The shape of the runs, oldest first, as far as they came to a conclusion."""
    seen = [line for line in lines if line.verdict in ("passed", "failed")][-IN_VIEW:]
    if not seen:
        return Reading(shape="no runs", sentence="No run has come to a conclusion yet.")
    return _after_pass(seen) if seen[-1].verdict == "passed" else _after_failure(seen)


def cell(line: HistoryLine) -> Cell:
    """What one run is drawn as."""
    if line.verdict == "passed":
        return "flaky" if line.flaky else "passed"
    if line.verdict == "failed":
        return "failed"
    return "incomplete" if line.verdict == "incomplete" else "absent"


def test_cell(line: HistoryLine, nodeid: str) -> Cell:
    """What one test in one run is drawn as."""
    letter = line.tests.get(nodeid)
    if letter is None:
        return "absent"
    known: dict[str, Cell] = {".": "passed", "~": "flaky", "F": "failed", "E": "failed"}
    return known.get(letter, "incomplete")


def changed_parts(old: HistoryLine, new: HistoryLine) -> tuple[str, ...]:
    """Names of the parts that are known on both sides and differ, sorted."""
    return tuple(
        sorted(
            part
            for part, digest in new.mark.parts.items()
            if digest is not None and (old.mark.parts.get(part) or digest) != digest
        )
    )


def moves(lines: Sequence[HistoryLine]) -> tuple[bool, ...]:
    """For each run, whether its fingerprint is another one than that of the run before."""
    prints = [line.mark.fingerprint for line in lines]
    known = [None, *prints][: len(prints)]
    return tuple(
        old is not None and now not in (None, old) for old, now in zip(known, prints, strict=True)
    )


# Private


def _after_pass(seen: Sequence[HistoryLine]) -> Reading:
    last, current = seen[-1], seen[-1].mark.fingerprint
    failures = [line for line in seen if line.verdict == "failed"]
    same = [line for line in failures if current and line.mark.fingerprint == current]
    if same:
        total = sum(line.mark.fingerprint == current for line in seen)
        return Reading(
            shape="flaky",
            sentence=f"Flaky: {len(same)} of {total} runs on this fingerprint failed.",
        )
    retried = [line for line in seen if line.flaky and line.mark.fingerprint == current]
    if retried:
        return Reading(
            shape="flaky",
            sentence=f"Flaky: {_runs(len(retried))} of {len(seen)} passed only on a retry.",
        )
    if failures and (current is None or any(f.mark.fingerprint is None for f in failures)):
        return _cannot_tell(len(failures), len(seen))
    if failures:
        parts = ", ".join(changed_parts(failures[-1], last)) or "its fingerprint"
        when = f"{failures[-1].started:%Y-%m-%d}"
        return Reading(
            shape="repaired", sentence=f"Repaired: failed until {when}, then {parts} changed."
        )
    return Reading(shape="steady", sentence=f"Steady: {_runs(len(seen))} in a row passed.")


def _after_failure(seen: Sequence[HistoryLine]) -> Reading:
    current = seen[-1].mark.fingerprint
    passes = [line for line in seen if line.verdict == "passed"]
    failed = len(seen) - len(passes)
    if not passes:
        since = f"{seen[0].started:%Y-%m-%d}"
        return Reading(
            shape="steady failure",
            sentence=f"Steady failure: all {_runs(failed)} since {since} failed.",
        )
    if current is None or passes[-1].mark.fingerprint is None:
        return _cannot_tell(failed, len(seen))
    same = [line for line in seen if line.mark.fingerprint == current]
    if any(line.verdict == "passed" for line in same):
        bad = sum(line.verdict == "failed" for line in same)
        return Reading(
            shape="flaky",
            sentence=f"Flaky: {bad} of {len(same)} runs on this fingerprint failed.",
        )
    first = next(line for line in seen[seen.index(passes[-1]) :] if line.verdict == "failed")
    parts = ", ".join(changed_parts(passes[-1], first)) or "its fingerprint"
    return Reading(
        shape="regression",
        sentence=f"Regression: {parts} changed before {first.started:%Y-%m-%d}, "
        "and it has failed since.",
    )


def _cannot_tell(failed: int, total: int) -> Reading:
    return Reading(
        shape="cannot tell",
        sentence=f"{failed} of {total} runs failed; without their fingerprints a flake cannot be "
        "told from a regression.",
    )


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"
