"""Which services a test really touched: noted by the fixtures, read by the plugin.

    contact      an answer of the service came back
    look         the engine showed the service's container, or its port accepted a connection:
                 enough for a test, not for a service
    doubt        an answer came back that may be the service's, or somebody else's: never enough

A `service` marker with no contact earns no credit, so the fixtures call `note` when an answer came
back, not when a client was made. Between tests there is no test to note it for.
"""

import pytest

from stacktest.pytest_plugin.stash import CONTACTS, DOUBTS, IN_VARIANT, LOOKS


def note(test: pytest.Item | None, service: str) -> None:
    """Record one answer of `service` for a test; what is said in a variant is nobody's."""
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
    """Record that `service` may have answered, and where it is said who else may have."""
    test.stash.setdefault(DOUBTS, {}).setdefault(service, where)


def doubted(test: pytest.Item) -> dict[str, str]:
    """Services that may have answered during the test → where it is said who else may have."""
    return test.stash.get(DOUBTS, {})
