"""Reads from a collected test its services, its phase, and whether it asks for the stack.

The folder gives the phase marker (`suites/phase5_ai/` → `phase5`), `pytest.mark.service(...)` the
services. A fixture counts only if stacktest defines it, not by its name: a project may have its own
`api` or `stack`, and, without a stack, a marker `service` of its own. Every run of pytest imports
this module, so it imports little; `collected_tests` reads the tests that ask for a stack.
"""

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

STACK_FIXTURES = frozenset(
    {
        "stack",
        "api",
        "async_api",
        "inside",
        "person",
        "stack_ca",
        "container",
        "egress",
        "lifecycle",
        "tls",
        "ws",
        "variant",
        "sandbox",
    }
)
SAVED: pytest.StashKey[int] = pytest.StashKey()
"""Per test: the time stamp of its file when it was collected, in nanoseconds."""
PHASE_FOLDER = r"phase\d+(?:_\d+)?(?=_|$)"


def phase_of(path: Path) -> str:
    """The phase marker by the nearest `phase…` folder of `path`; empty if there is none."""
    for part in reversed(path.parts[:-1]):
        if part.startswith("phase") and (match := re.match(PHASE_FOLDER, part)):
            return match[0]
    return ""


def mark_phase(item: pytest.Item) -> None:
    """Add the phase marker of its folder to `item`, registered so that strict markers accept it."""
    phase = phase_of(item.path)
    if not phase:
        return
    known = item.config.stash.setdefault(_REGISTERED, set())
    if phase not in known:
        known.add(phase)
        item.config.addinivalue_line("markers", f"{phase}: tests in a folder named {phase}_…")
    item.add_marker(getattr(pytest.mark, phase))


def note_file(item: pytest.Item) -> None:
    """Remember the file's time stamp: the file may be saved again while others are collected."""
    with contextlib.suppress(OSError):
        item.stash[SAVED] = item.path.stat().st_mtime_ns


def asks_for_stack(item: pytest.Item) -> bool:
    """Whether the test names a service of a stack or uses a fixture of stacktest."""
    if _ASKS in item.stash:
        return True
    fixtures = getattr(item, "fixturenames", ())
    by_fixture = not STACK_FIXTURES.isdisjoint(fixtures) and _uses_ours(item, fixtures)
    if by_fixture or (item.get_closest_marker("service") is not None and _is_in_suites(item)):
        item.stash[_ASKS] = True
        return True
    return False


def services_of(item: pytest.Item) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The services that the test names, and those of them with `no_contact`; both sorted.

    The marker nearest to the test decides on each service: `service("x", no_contact="why")`.
    """
    services: dict[str, bool] = {}
    for mark in item.iter_markers("service"):
        for name in mark.args:
            services.setdefault(str(name), bool(mark.kwargs.get("no_contact")))
    return tuple(sorted(services)), tuple(sorted(name for name in services if services[name]))


# Private

_ASKS: pytest.StashKey[bool] = pytest.StashKey()

_REGISTERED: pytest.StashKey[set[str]] = pytest.StashKey()


def _uses_ours(item: pytest.Item, fixtures: Iterable[str]) -> bool:
    """Whether one of these fixtures is stacktest's, or overrides it and asks for it."""
    info = getattr(item, "_fixtureinfo", None)
    if info is None:
        return True
    for name in STACK_FIXTURES.intersection(fixtures):
        for definition in reversed(info.name2fixturedefs.get(name, ())):
            if str(getattr(definition.func, "__module__", "")).startswith("stacktest."):
                return True
            if name not in definition.argnames:
                break
    return False


def _is_in_suites(item: pytest.Item) -> bool:
    """Whether there is a stack, and the test lies in the folders of its suites."""
    from stacktest.pytest_plugin.suites import find_suites

    suites = find_suites(item.config)
    return suites is not None and suites.holds(item.path)
