"""Which starts come first, for the shapes that stacks have."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.plan import plan_services
from stacktest.core.start_order import chain_seconds, expected_seconds

SECONDS = {"db": 2.0, "cache": 1.0, "app": 5.0, "proxy": 3.0}

FLAT: Mapping[str, tuple[str, ...]] = {"db": (), "cache": (), "app": (), "proxy": ()}
CHAIN: Mapping[str, tuple[str, ...]] = {"db": (), "app": ("db",), "proxy": ("app",), "cache": ()}
DIAMOND: Mapping[str, tuple[str, ...]] = {
    "db": (),
    "cache": ("db",),
    "app": ("db",),
    "proxy": ("cache", "app"),
}


@pytest.mark.parametrize(
    ("needs", "missing", "chains"),
    [
        (FLAT, "db cache app proxy", {"db": 2, "cache": 1, "app": 5, "proxy": 3}),
        (CHAIN, "db cache app proxy", {"db": 10, "app": 8, "proxy": 3, "cache": 1}),
        (DIAMOND, "db cache app proxy", {"db": 10, "cache": 4, "app": 8, "proxy": 3}),
        # What runs already is not waited for, and starts nothing.
        (CHAIN, "proxy cache", {"proxy": 3, "cache": 1}),
        (CHAIN, "db proxy", {"db": 2, "proxy": 3}),
        (CHAIN, "", {}),
    ],
)
def test_a_start_takes_as_long_as_all_that_wait_for_it(
    needs: Mapping[str, tuple[str, ...]], missing: str, chains: dict[str, float]
) -> None:
    services = {
        name: Service(name=name, depends_on=tuple(Dependency(service=other) for other in others))
        for name, others in needs.items()
    }
    stack = Stack(name="p", root=Path("/p"), services=services)
    plan = plan_services(stack, services)
    assert chain_seconds(plan, missing.split(), SECONDS.__getitem__) == chains


PERIOD = {"interval": "30s", "start_period": "60s", "start_interval": "2s"}


@pytest.mark.parametrize(
    ("check", "usual", "engine", "seconds"),
    [
        (None, None, 25, 1.0),
        ({"interval": "7s"}, None, 25, 7.0),
        ({}, None, 25, 30.0),
        (PERIOD, None, 25, 2.0),
        (PERIOD, None, 24, 30.0),
        ({"interval": "7s"}, 12.5, 25, 12.5),
        (None, 0.25, 25, 0.25),
    ],
)
def test_earlier_runs_are_believed_before_the_health_check(
    check: dict[str, str] | None, usual: float | None, engine: int, seconds: float
) -> None:
    definition = {} if check is None else {"healthcheck": check}
    service = Service(name="app", has_healthcheck=check is not None, definition=definition)
    assert expected_seconds(service, usual, engine) == seconds
