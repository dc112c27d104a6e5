"""Which services a test really touched: the fixtures note it, the plugin reads it.

    contact      an answer of the service came back
    look         the engine showed the service's container, or its port accepted a connection:
                 counts as a contact of the test, but earns the service no credit
    doubt        an answer came back that may be of this service or of another: never enough

A `service` marker without a contact earns no credit, so the fixtures call `note` when an answer
came back, not when a client was made. Between two tests `test` is None and nothing is noted.
"""

import pytest

from stacktest.pytest_plugin.stash import CONTACTS, DOUBTS, IN_VARIANT, LOOKS


def note(test: pytest.Item | None, service: str) -> None:
    """Record one answer of `service` for a test; answers inside a `variant` do not count."""
    if test is not None and not test.stash.get(IN_VARIANT, False):
        counts = test.stash.setdefault(CONTACTS, {})
        counts[service] = counts.get(service, 0) + 1


def touched(test: pytest.Item) -> tuple[str, ...]:
    """Services that answered during the test, sorted."""
    counts: dict[str, int] = test.stash.get(CONTACTS, {})
    return tuple(sorted(counts))


def note_look(test: pytest.Item | None, service: str) -> None:
    """Record that a test looked at the container of `service`."""
    if test is not None and not test.stash.get(IN_VARIANT, False):
        test.stash.setdefault(LOOKS, set()).add(service)


def looked_at(test: pytest.Item) -> tuple[str, ...]:
    """Services whose container the test looked at, sorted."""
    services: set[str] = test.stash.get(LOOKS, set())
    return tuple(sorted(services))


def note_doubt(test: pytest.Item, service: str, where: str) -> None:
    """Record that `service` may have answered, and the route or reason that leaves it in doubt."""
    test.stash.setdefault(DOUBTS, {}).setdefault(service, where)


def doubted(test: pytest.Item) -> dict[str, str]:
    """Service that may have answered during the test → the route or reason for the doubt."""
    return test.stash.get(DOUBTS, {})
