"""One collected test that asks for the stack, as plain data that processes hand to each other."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """One collected test that asks for the stack."""

    nodeid: str
    services: tuple[str, ...]
    phase: str
    routed: bool
    """Whether it goes through the front door."""
    path: str
    """Its file, relative to pytest's rootdir."""
    line: int
    """Where its function begins in the file that it was written in; 0: it has none."""
    saved: int | None
    """When its file had been saved, in nanoseconds, as it was collected."""
    fixtures: tuple[str, ...] = ()
    """Names of every fixture that it uses, directly or not."""
    no_contact: str = ""
    """Why the test need not touch its services: `service("x", no_contact="reason")`."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Collected":
        """The test that `as_json` wrote."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """Plain data for another process."""
        return asdict(self)
