"""What the collected tests say: which services each is about, its phase, and what it needs.

The folder gives the phase marker (`suites/phase5_ai/` → `phase5`), `pytest.mark.service(...)` the
services. Every run of pytest pays for this module, so it imports next to nothing; `collected` reads
the tests that ask for a stack.
"""

import contextlib
import os
import re
from collections.abc import Iterable
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
    """Whether the test uses a fixture of the stack, or names a service where there is a stack.

    A fixture that the project defines under one of these names is the project's, and so is a marker
    `service` where no stack is configured.
    """
    if any(_is_ours(item, name) for name in STACK_FIXTURES.intersection(_fixture_names(item))):
        return True
    return item.get_closest_marker("service") is not None and _has_stack(item.config)


# Private

OWN_PACKAGE = "stacktest."


def _fixture_names(item: pytest.Item) -> Iterable[str]:
    names: Iterable[str] = getattr(item, "fixturenames", ())
    return names


def _is_ours(item: pytest.Item, name: str) -> bool:
    """Whether the fixture that the test gets is stacktest's, or an override that asks for it."""
    info = getattr(item, "_fixtureinfo", None)
    if info is None:
        return True
    for definition in reversed(info.name2fixturedefs.get(name, ())):
        if definition.func.__module__.startswith(OWN_PACKAGE):
            return True
        if name not in definition.argnames:
            return False
    return False


def _has_stack(config: pytest.Config) -> bool:
    """Whether a stack is configured for this run; looked up once."""
    if _STACK not in config.stash:
        from stacktest.config import find_stack
        from stacktest.errors import UsageError

        try:
            root = find_stack(
                option=config.getoption("--stack"),
                environ=os.environ,
                folder=Path.cwd(),
                rootdir=config.rootpath,
            )
        except UsageError:
            # There is one, and what is wrong with it will be reported when it is read.
            config.stash[_STACK] = True
        else:
            config.stash[_STACK] = root is not None
    return config.stash[_STACK]


_STACK: pytest.StashKey[bool] = pytest.StashKey()
_REGISTERED: pytest.StashKey[set[str]] = pytest.StashKey()
