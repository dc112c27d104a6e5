"""What the last drill of a service's backup showed: `last_drill.json` beside its other records.

It may be committed, so it holds no word of a program or of a test: only where it went wrong.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, get_args

from stacktest.core import timestamps
from stacktest.core.model import Json
from stacktest.core.records.strict_json import Fields, check_schema

DRILL = "stacktest.drill/1"
Result = Literal["restorable", "rotten"]
Step = Literal["", "read", "restore", "start", "test"]
KEYS = (
    "schema",
    "service",
    "run",
    "started",
    "finished",
    "result",
    "step",
    "tests",
    "made",
    "restore_ms",
    "declared",
    "image",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Drill:
    """One service's part of a drill."""

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

    def to_dict(self) -> dict[str, Json]:
        """The document."""
        return {
            "schema": DRILL,
            "service": self.service,
            "run": self.run,
            "started": timestamps.to_text(self.started),
            "finished": timestamps.to_text(self.finished),
            "result": self.result,
            "step": self.step,
            "tests": list(self.tests),
            "made": None if self.made is None else timestamps.to_text(self.made),
            "restore_ms": self.restore_ms,
            "declared": self.declared,
            "image": self.image,
        }

    @classmethod
    def from_dict(cls, document: Json) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the document."""
        check_schema(document, DRILL)
        f = Fields(document, "$", KEYS)
        rotten = f.text("result", among=get_args(Result)) == "rotten"
        step = f.text("step", among=get_args(Step))
        return cls(
            service=f.text("service"),
            run=f.text("run"),
            started=f.moment("started"),
            finished=f.moment("finished"),
            result="rotten" if rotten else "restorable",
            step=next(known for known in get_args(Step) if known == step),
            tests=f.texts("tests"),
            made=f.optional_moment("made"),
            restore_ms=f.number("restore_ms"),
            declared=f.text("declared"),
            image=f.text("image"),
        )


# Private

_STEPS = {
    "": "",
    "read": "it cannot be read",
    "restore": "it cannot be restored",
    "start": "the program ends on it",
    "test": "a test failed on it",
}
