"""What the collected tests say: which services each is about, its phase, and what it needs.

The folder gives the phase marker (`suites/phase5_ai/` → `phase5`), `pytest.mark.service(...)` the
services. Every run of pytest pays for this module, so it imports next to nothing; `collected` reads
the tests that ask for a stack.
"""

import contextlib
import re
from pathlib import Path

import pytest

STACK_FIXTURES = frozenset({"stack", "api", "async_api", "inside", "person", "stack_ca"})
SAVED: pytest.StashKey[int] = pytest.StashKey()
"""Per test: when its file had been saved, in nanoseconds, when it was collected."""
PHASE_FOLDER = re.compile(r"phase\d+(?:_\d+)?(?=_|$)")


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


def note_file(item: pytest.Item) -> None:
    """Remember when the test's file had been saved: somebody may save it while others are read."""
    with contextlib.suppress(OSError):
        item.stash[SAVED] = item.path.stat().st_mtime_ns


def asks_for_stack(item: pytest.Item) -> bool:
    """Whether the test names a service or uses a fixture of the stack."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(STACK_FIXTURES & fixtures) or item.get_closest_marker("service") is not None


# Private

_REGISTERED: pytest.StashKey[set[str]] = pytest.StashKey()
