"""What the last drill of a service's backup showed: `last_drill.json` beside its other records.

It may be committed, so it holds no word of a program or of a test: only where it went wrong.
"""

from datetime import datetime
from typing import Literal

from stacktest.core.records.plain import PlainRecord

DRILL = "stacktest.drill/1"
Result = Literal["restorable", "rotten"]
Step = Literal["", "read", "restore", "start", "test"]


class Drill(PlainRecord, frozen=True, kw_only=True):
    """One service's part of a drill."""

    SCHEMA = DRILL

    service: str
    run: str
    started: datetime
    finished: datetime
    result: Result
    step: Step = ""
    """Where a rotten one went wrong: reading it, restoring it, the service's start, or a test."""
    tests: tuple[str, ...] = ()
    """Those that failed."""
    made: datetime | None = None
    """When the backup was made, where it says so."""
    restore_ms: int = 0
    declared: str = ""
    """Digest of the declaration."""
    image: str = ""
    """Id of the image that ran on what was restored."""

    @property
    def evidence(self) -> str:
        """What showed that it is rotten."""
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
