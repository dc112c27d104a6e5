"""The result of one drill for one backup.

| what happened                                                   | result      |
|-----------------------------------------------------------------|-------------|
| it could not be read, or not be restored                        | rotten      |
| its files were put in place, and the program ends on them       | rotten      |
| it was restored, and a test of the service failed               | rotten      |
| it was restored, and every required test of the service passed  | restorable  |
| anything else: a dependency is down, the start takes too long,  | not proved  |
| tests were skipped                                              |             |

A backup is rotten only after a failure that the backup itself is to blame for.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from stacktest.core.records.drill import Step
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.verdict import Verdict


class Attempt(Struct, kw_only=True):
    """How far the restore of one service's backup into the copy got."""

    made: datetime | None = None
    """When the backup was made, if that is known."""
    seconds: float = 0.0
    """How long the restore took."""
    failed: Step = ""
    """The step that did not succeed."""
    is_restored: bool = False


class DrillResult(Struct, frozen=True, kw_only=True):
    """The result, and the step or the tests that failed."""

    result: Literal["restorable", "rotten", "not_proved"]
    step: Step = ""
    tests: tuple[str, ...] = ()
    why: str = ""
    """Why nothing was proved."""


def drill_result(
    attempt: Attempt, failure: StartFailure | None, verdict: Verdict | None, *, refused: str
) -> DrillResult:
    """The result from the restore, from the service's start and from its tests.

    `refused` is why passed tests are not accepted as a proof, or empty.
    """
    if attempt.failed:
        return DrillResult(result="rotten", step=attempt.failed)
    if failure is not None:
        return _not_up(attempt, failure)
    if not attempt.is_restored:
        return _nothing("it was not restored")
    return _tested(verdict, refused)


# Private


def _not_up(attempt: Attempt, failure: StartFailure) -> DrillResult:
    """Rotten if the restored service ended by itself; else not proved."""
    if attempt.is_restored and failure.has_ended and not failure.because_of:
        return DrillResult(result="rotten", step="start")
    return _nothing(failure.recorded)


def _tested(verdict: Verdict | None, refused: str) -> DrillResult:
    """The result of the service's tests on the restored data."""
    if verdict is None or verdict.kind == "untouched":
        return _nothing("no test of the service ran")
    if verdict.kind == "failed":
        return DrillResult(result="rotten", step="test", tests=verdict.failed)
    if verdict.kind == "passed" and not refused:
        return DrillResult(result="restorable")
    return _nothing(refused or "; ".join(verdict.recorded) or "its tests did not all run")


def _nothing(why: str) -> DrillResult:
    return DrillResult(result="not_proved", why=why)
