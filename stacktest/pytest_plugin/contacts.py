"""Which services a test really touched: noted by the fixtures, read by the plugin.

A `service` marker with no contact earns no credit, so the fixtures call `note` when an answer came
back, not when a client was made.
"""

import pytest

from stacktest.pytest_plugin.stash import CONTACTS


def note(node: pytest.Item, service: str) -> None:
    """Record one answer of `service` for the test `node`."""
    counts = node.stash.setdefault(CONTACTS, {})
    counts[service] = counts.get(service, 0) + 1


def touched(node: pytest.Item) -> tuple[str, ...]:
    """Services that answered during the test, sorted."""
    counts: dict[str, int] = node.stash.get(CONTACTS, {})
    return tuple(sorted(counts))
