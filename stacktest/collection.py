"""What the collected tests say: which services each is about, its phase, and what it needs.

The folder gives the phase marker (`suites/phase5_ai/` → `phase5`), `pytest.mark.service(...)` the
services. Everything here is plain data, so that workers can hand it to the controller as JSON.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

STACK_FIXTURES = frozenset({"stack", "api", "async_api", "inside", "person", "stack_ca"})
ROUTED_FIXTURES = frozenset({"page", "context", "browser", "new_context", "api", "async_api"})
PHASE_FOLDER = re.compile(r"phase\d+(?:_\d+)?(?=_|$)")


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
    checks: int
    """Places in the test function where it can fail."""
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


def phase_of(path: Path) -> str:
    """The phase marker that the nearest `phase…` folder of `path` gives, or empty."""
    for part in reversed(path.parts[:-1]):
        if match := PHASE_FOLDER.match(part):
            return match[0]
    return ""


def mark_phase(item: pytest.Item) -> None:
    """Give `item` the marker of its folder, registered so that strict markers accept it."""
    phase = phase_of(item.path)
    if not phase:
        return
    known = item.config.stash.setdefault(_REGISTERED, set())
    if phase not in known:
        known.add(phase)
        item.config.addinivalue_line("markers", f"{phase}: tests in a folder named {phase}_…")
    item.add_marker(getattr(pytest.mark, phase))


def asks_for_stack(item: pytest.Item) -> bool:
    """Whether the test names a service or uses a fixture of the stack."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(STACK_FIXTURES & fixtures) or item.get_closest_marker("service") is not None


def read(items: Iterable[pytest.Item], rootdir: Path) -> tuple[Collected, ...]:
    """The tests among `items` that ask for the stack, in order."""
    return tuple(_collected(item, rootdir) for item in items if asks_for_stack(item))


# Private

_REGISTERED: pytest.StashKey[set[str]] = pytest.StashKey()


def _collected(item: pytest.Item, rootdir: Path) -> Collected:
    from stacktest.adapters.testcode import count_checks

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
        checks=count_checks(item.path, code.co_firstlineno) if code else 0,
        fixtures=tuple(sorted(getattr(item, "fixturenames", ()))),
        no_contact=reasons[0] if reasons else "",
    )
