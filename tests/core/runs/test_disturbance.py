"""A run in which something else explains its tests is no witness for a flake."""

from collections.abc import Callable

import pytest

from stacktest.core.collected_test import Collected
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.route import Route
from stacktest.core.runs.disturbance import Looks
from stacktest.core.runs.history import classify
from tests.support.stack_simulator import Service as SimulatedService
from tests.support.stack_simulator import StackSimulator

Deed = Callable[[SimulatedService], object]
STALE, EXITED = "stale:app.conf", "container:exited 0"


def drifted(*reasons: str) -> Deed:
    return lambda service: setattr(service, "drift", reasons)


@pytest.mark.parametrize("first", ["passed", "failed"])
@pytest.mark.parametrize(
    ("name", "before", "meanwhile", "seen"),
    [
        ("app", drifted(STALE), drifted(), f"app was drifted: {STALE}"),
        ("app", drifted(), drifted(STALE), f"app was drifted: {STALE}"),
        ("db", drifted(STALE), drifted(STALE), f"db was drifted: {STALE}"),
        ("disk", drifted(EXITED), drifted(EXITED), f"disk was drifted: {EXITED}"),
        ("cache", drifted(EXITED), drifted(EXITED), f"cache was drifted: {EXITED}"),
        (
            "app",
            drifted(),
            SimulatedService.recreate,
            "app was replaced or restarted during the tests",
        ),
        (
            "db",
            drifted(),
            SimulatedService.recreate,
            "db was replaced or restarted during the tests",
        ),
        (
            "disk",
            drifted(),
            lambda service: service.edit("config", "new"),
            "disk changed while the tests ran",
        ),
        ("other", drifted(STALE), SimulatedService.recreate, ""),
        ("db", drifted(), drifted(), ""),
    ],
)
def test_a_run_is_a_flake_only_where_nothing_was_seen(  # noqa: PLR0917
    world: StackSimulator, first: str, name: str, before: Deed, meanwhile: Deed, seen: str
) -> None:
    """Both orders: a failure that is explained, and a pass that is."""
    world.add("disk")
    world.add("db", depends_on=("disk",))
    world.add("cache")
    world.add("app", depends_on=("db",), optional=("cache",))
    world.add("other")
    second = "failed" if first == "passed" else "passed"
    world.run(app=first)  # type: ignore[arg-type]
    before(world.services[name])
    world.run(app=second, meanwhile=lambda: meanwhile(world.services[name]))  # type: ignore[arg-type]
    last = world.ledger.history("app")[0][-1]
    assert (last.verdict, last.disturbed) == (second, seen)
    assert (classify(world.ledger.history("app")[0]).trend == "flake") == (not seen)


def test_a_service_that_does_not_stay_up_explains_what_needs_it(world: StackSimulator) -> None:
    world.add("cache")
    world.add("app", optional=("cache",))
    world.run()
    world.fallen = {"cache": "exited 1"}
    world.run(app="failed")
    lines = world.ledger.history("app")[0]
    assert lines[-1].disturbed == "cache was not up"
    assert classify(lines).disturbed


def test_tests_that_were_edited_meanwhile_explain_it(world: StackSimulator) -> None:
    app = world.add("app")
    world.run()
    world.run(app="failed", meanwhile=lambda: setattr(app, "code", "v2"))
    assert world.ledger.history("app")[0][-1].disturbed == "the code of its tests changed"


@pytest.mark.parametrize(
    ("service", "routed", "hosts", "down", "seen"),
    [
        ("proxy", False, (), "site", "site was not up"),
        ("site", True, (), "proxy", "proxy was not up"),
        ("site", True, (), "guard", "guard was not up"),
        ("wiki", True, ("site.test",), "site", "site was not up"),
        ("site", False, (), "proxy", "proxy was not up"),
        ("site", True, (), "wiki", ""),
        ("wiki", True, (), "site", ""),
    ],
)
def test_answers_come_through_the_front_door(  # noqa: PLR0917
    world: StackSimulator, service: str, routed: bool, hosts: tuple[str, ...], down: str, seen: str
) -> None:
    stack = Stack(
        name="shop",
        root=world.root,
        services={
            **{name: Service(name=name) for name in ("site", "guard", "wiki")},
            "proxy": Service(name="proxy", depends_on=(Dependency(service="wiki"),)),
        },
        routes=(
            Route(host="site.test", service="site"),
            Route(host="site.test", service="guard", is_guard=True),
        ),
        front_door="proxy",
    )
    test = Collected(
        nodeid="t.py::test_a",
        services=(service,),
        phase="",
        routed=routed,
        hosts=hosts,
        reported="t.py::test_a",
        path="t.py",
        source="t.py",
        line=0,
        checks=1,
        files=("t.py",),
        saved=None,
    )
    looks = Looks(stack=stack, before={}, after={}, down={down}, tests=[test])
    assert looks.disturbance(service) == seen
