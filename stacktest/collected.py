"""The tests that ask for the stack, as plain data that workers can hand to the controller."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from stacktest.collection import SAVED, asks_for_stack, phase_of

ROUTED_FIXTURES = frozenset({"page", "context", "browser", "new_context", "api", "async_api"})


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


def read(items: Iterable[pytest.Item], rootdir: Path) -> tuple[Collected, ...]:
    """The tests among `items` that ask for the stack, in order."""
    return tuple(_collected(item, rootdir) for item in items if asks_for_stack(item))


# Private


def _collected(item: pytest.Item, rootdir: Path) -> Collected:
    code = getattr(getattr(item, "function", None), "__code__", None)
    marks = tuple(item.iter_markers("service"))
    names = {name for mark in marks for name in mark.args}
    reasons = [str(mark.kwargs["no_contact"]) for mark in marks if "no_contact" in mark.kwargs]
    return Collected(
        nodeid=item.nodeid,
        services=tuple(sorted(names)),
        phase=phase_of(item.path),
        routed=bool(ROUTED_FIXTURES & set(getattr(item, "fixturenames", ()))),
        path=item.path.relative_to(rootdir).as_posix(),
        line=code.co_firstlineno if code else 0,
        saved=item.stash.get(SAVED, None),
        fixtures=tuple(sorted(getattr(item, "fixturenames", ()))),
        no_contact=reasons[0] if reasons else "",
    )
