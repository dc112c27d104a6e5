"""Reads the collected tests that ask for the stack."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from stacktest.core.collected_test import Collected
from stacktest.pytest_plugin.markers import SAVED, asks_for_stack, phase_of

ROUTED_FIXTURES = frozenset({"page", "context", "browser", "new_context", "api", "async_api"})


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
