"""The result of the last drill of a service's backup: `last_drill.json` beside other records.

It may be committed, so it contains no output of a program or of a test: only the failed step.
"""

from datetime import datetime
from typing import Literal

from stacktest.core.records.plain import PlainRecord

DRILL = "stacktest.drill/1"
Result = Literal["restorable", "rotten"]
Step = Literal["", "read", "restore", "start", "test"]


class Drill(PlainRecord, frozen=True, kw_only=True):
    """The result of a drill for one service."""

    SCHEMA = DRILL

    service: str
    run: str
    started: datetime
    finished: datetime
    result: Result
    step: Step = ""
    """The step that failed for a rotten backup: reading, restoring, the start, or a test."""
    tests: tuple[str, ...] = ()
    """Node ids of the tests that failed."""
    made: datetime | None = None
    """When the backup was made, if that is known."""
    restore_ms: int = 0
    declared: str = ""
    """Digest of the backup's declaration."""
    image: str = ""
    """Id of the image that ran on the restored data."""

    @property
    def evidence(self) -> str:
        """The failed test, or the step that failed; empty if the backup is restorable."""
        if self.tests:
            more = f" and {len(self.tests) - 1} more" if len(self.tests) > 1 else ""
            return f"test:{self.tests[0]}{more}"
        return _STEPS[self.step]


# Private

_STEPS = {
    "": "",
    "read": "it cannot be read",
    "restore": "it cannot be restored",
    "start": "the program ends on it",
    "test": "a test failed on it",
}
