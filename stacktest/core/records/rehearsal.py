"""What a rehearsal showed: one verdict per service of the copy. It credits nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stacktest.core import timestamps
from stacktest.core.model import Json

REHEARSAL = "stacktest.rehearsal/1"

Result = Literal["passed", "failed", "not_proved", "left_out"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsed:
    """One service of a copy."""

    result: Result
    image: str = ""
    """Id of the image that it ran."""
    why: str = ""
    """Empty when it passed."""

    def to_dict(self) -> dict[str, Json]:
        """The JSON object."""
        return {"result": self.result, "image": self.image, "why": self.why}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    """One rehearsal, from the copying of data to its last test."""

    id: str
    run: str
    started: datetime
    finished: datetime
    data: str
    """`copy` or `empty`."""
    copied_bytes: int
    paused_seconds: float
    """How long containers of the running stack stood still."""
    services: Mapping[str, Rehearsed]

    @property
    def passed(self) -> bool:
        """Whether every service of the copy that was tested passed, and at least one was."""
        results = {service.result for service in self.services.values()}
        return "passed" in results and not results & {"failed", "not_proved"}

    def to_dict(self) -> dict[str, Json]:
        """The document `rehearsal.json`."""
        return {
            "schema": REHEARSAL,
            "id": self.id,
            "run": self.run,
            "started": timestamps.to_text(self.started),
            "finished": timestamps.to_text(self.finished),
            "data": self.data,
            "copied_bytes": self.copied_bytes,
            "paused_ms": round(self.paused_seconds * 1000),
            "passed": self.passed,
            "services": {name: item.to_dict() for name, item in sorted(self.services.items())},
        }
