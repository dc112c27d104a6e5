"""A plan is the smallest closed set of services, in order, each with its reasons."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.core.changed_copy import replace
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.phase import Phase
from stacktest.core.plan import Demand, dependencies_of, make_plan, needs_of, plan_services
from stacktest.core.route import Route
from stacktest.errors import UsageError
from tests.support.properties import examples

HEALTHY = "service_healthy"


def service(
    name: str,
    *needs: str,
    uses: list[str] | tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
    profiles: tuple[str, ...] = (),
) -> Service:
    wanted = [Dependency(service=each, condition=HEALTHY) for each in needs]
    wanted += [Dependency(service=each, required=False) for each in optional]
    return Service(name=name, depends_on=tuple(wanted), uses=tuple(uses), profiles=tuple(profiles))


def stack(
    *services: Service,
    routes: tuple[tuple[str, str], ...] = (),
    front_door: str = "",
    phases: tuple[str, ...] = (),
) -> Stack:
    return Stack(
        name="demo",
        root=Path("/demo"),
        services={each.name: each for each in services},
        routes=tuple(Route(host=host, service=name) for host, name in routes),
        front_door=front_door,
        phases=tuple(Phase(name=name) for name in phases),
    )


SHOP = stack(
    service("caddy", profiles=("core",)),
    service("grafana", "prometheus", profiles=("watch",)),
    service("prometheus", profiles=("watch",)),
    service("chat", "mongo", uses=("ai",), optional=("cache",)),
    service("mongo"),
    service("ai"),
    service("cache"),
    routes=(("grafana.stack.local", "grafana"), ("chat.stack.local", "chat")),
    front_door="caddy",
    phases=("phase1", "phase2"),
)


@pytest.mark.case("field/x03")
def test_what_the_front_door_asks_first_is_planned_with_the_reason() -> None:
    sign_in = Route(host="app.lan", service="auth", is_guard=True, is_final=False)
    demo = stack(service("door"), service("app"), service("auth"), front_door="door")
    demo = replace(demo, routes=(Route(host="app.lan", service="app"), sign_in))
    plan = make_plan(demo, [Demand(nodeid="t", services=("app",), routed=True, phase="phase1")])
    assert {step.service: step.phase for step in plan.steps} == dict.fromkeys(
        ("app", "auth", "door"), "phase1"
    )
    assert plan.steps[1].reasons == ("the front door asks it first for app.lan",)
    alone = make_plan(demo, [Demand(nodeid="t", services=("app",))])
    assert alone.services == ("app",)


def test_a_named_service_brings_what_it_needs_and_says_why() -> None:
    plan = make_plan(SHOP, [Demand(nodeid="t.py::test_a", services=("grafana",), phase="phase2")])
    assert [(step.service, step.phase, step.reasons) for step in plan.steps] == [
        ("prometheus", "phase2", ("grafana depends on it (service_healthy)",)),
        ("grafana", "phase2", ("named by t.py::test_a",)),
    ]
    assert plan.waves == (("prometheus",), ("grafana",))


def test_a_routed_test_brings_the_front_door() -> None:
    plan = make_plan(SHOP, [Demand(nodeid="t::a", services=("grafana",), routed=True)])
    reasons = {step.service: step.reasons for step in plan.steps}
    assert reasons["caddy"] == ("front door of grafana.stack.local",)


def test_a_test_that_is_not_routed_does_not() -> None:
    plan = make_plan(SHOP, [Demand(nodeid="t::a", services=("grafana",))])
    assert "caddy" not in plan.services


def test_a_host_brings_the_service_behind_it() -> None:
    plan = make_plan(SHOP, [Demand(nodeid="t::a", hosts=("grafana.stack.local",))])
    reasons = {step.service: step.reasons for step in plan.steps}
    assert reasons["grafana"] == ("answers for grafana.stack.local",)
    assert reasons["caddy"] == ("front door of grafana.stack.local",)
    assert "prometheus" in reasons


def test_a_host_that_a_test_calls_comes_beside_those_of_its_own_services() -> None:
    hosts = ("chat.stack.local",)
    plan = make_plan(SHOP, [Demand(nodeid="t::a", services=("grafana",), routed=True, hosts=hosts)])
    reasons = {step.service: step.reasons for step in plan.steps}
    assert reasons["caddy"] == ("front door of chat.stack.local and 1 more",)
    assert reasons["chat"] == ("answers for chat.stack.local",)


def test_what_is_used_is_planned_and_what_is_optional_is_not() -> None:
    plan = make_plan(SHOP, [Demand(nodeid="t::a", services=("chat",))])
    assert plan.services == ("ai", "mongo", "chat")
    reasons = {step.service: step.reasons for step in plan.steps}
    assert reasons["ai"] == ("chat uses it",)
    assert [need.service for need in plan.waits_of("chat")] == ["mongo", "ai"]


def test_an_optional_dependency_that_is_planned_anyway_is_waited_for() -> None:
    plan = make_plan(SHOP, [Demand(nodeid="t::a", services=("chat", "cache"))])
    assert "cache" in [need.service for need in plan.waits_of("chat")]


def test_phases_come_in_the_order_of_the_file_and_dependencies_with_their_dependant() -> None:
    plan = make_plan(
        SHOP,
        [
            Demand(nodeid="t::b", services=("chat",), phase="phase2"),
            Demand(nodeid="t::a", services=("grafana",), phase="phase1"),
            Demand(nodeid="t::c", services=("prometheus",), phase="phase2"),
        ],
    )
    assert [(step.service, step.phase) for step in plan.steps] == [
        ("prometheus", "phase1"),
        ("grafana", "phase1"),
        ("ai", "phase2"),
        ("mongo", "phase2"),
        ("chat", "phase2"),
    ]


def test_many_tests_are_counted_not_listed() -> None:
    demands = [Demand(nodeid=f"t::{number}", services=("ai",)) for number in range(5)]
    (step,) = make_plan(SHOP, demands).steps
    assert step.reasons == (
        "named by t::0",
        "named by t::1",
        "named by t::2",
        "and by 2 more tests",
    )


def test_the_parameters_of_a_test_are_counted_not_listed() -> None:
    names = ("s/t[1].py::test_a[host#0]", "s/t[1].py::test_a[host#1]", "s/t[1].py::test_b")
    demands = [Demand(nodeid=name, services=("ai",)) for name in names]
    (step,) = make_plan(SHOP, demands).steps
    assert step.reasons == (
        "named by s/t[1].py::test_a (2 tests)",
        "named by s/t[1].py::test_b",
    )


def test_an_unknown_name_is_an_error_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        make_plan(SHOP, [Demand(nodeid="t.py::test_x", services=("grafanna",))])
    assert caught.value.lines() == [
        "error: the stack has no service 'grafanna'",
        "  at: t.py::test_x",
        "  hint: did you mean 'grafana'?",
    ]


def test_an_unknown_use_names_its_key() -> None:
    broken = stack(service("chat", uses=("mongodb",)))
    with pytest.raises(UsageError) as caught:
        plan_services(broken, ["chat"])
    assert caught.value.where == "stacktest.toml:services.chat.uses"


def test_a_cycle_of_depends_on_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"dependency cycle: .*a.*b"):
        plan_services(stack(service("a", "b"), service("b", "a")), ["a"])


def test_a_circle_through_uses_is_none() -> None:
    plan = plan_services(stack(service("a", uses=("b",)), service("b", "a")), ["a"])
    assert plan.services == ("a", "b")
    assert plan.waits_of("a") == ()


def test_nothing_asked_for_plans_nothing() -> None:
    assert make_plan(SHOP, []).steps == ()


NAMES = "abcdef"


@st.composite
def stacks(draw: Callable[..., Any]) -> Stack:
    services = []
    for place, name in enumerate(NAMES):
        needs = draw(st.sets(st.sampled_from(NAMES[:place]))) if place else set()
        uses = draw(st.sets(st.sampled_from(NAMES))) - {name}
        services.append(service(name, *sorted(needs), uses=sorted(uses)))
    return stack(*services, phases=("phase1", "phase2"))


DEMANDS = st.lists(
    st.builds(
        Demand,
        nodeid=st.text("xyz", min_size=1, max_size=3),
        services=st.lists(st.sampled_from(NAMES), min_size=1, max_size=2).map(tuple),
        phase=st.sampled_from(("phase1", "phase2", "")),
    ),
    max_size=4,
)


@examples(40)
@given(stacks(), DEMANDS)
def test_a_plan_is_closed_minimal_ordered_and_deterministic(
    any_stack: Stack, demands: list[Demand]
) -> None:
    plan = make_plan(any_stack, demands)
    planned = set(plan.services)
    assert len(plan.services) == len(planned)
    for name in planned:
        assert {need.service for need in dependencies_of(any_stack, name)} <= planned
    named = {name for demand in demands for name in demand.services}
    needed = {need.service for name in planned for need in dependencies_of(any_stack, name)}
    assert planned == named | needed
    assert all(step.reasons for step in plan.steps)
    assert sorted(name for wave in plan.waves for name in wave) == sorted(planned)
    at = {name: place for place, wave in enumerate(plan.waves) for name in wave}
    for name in planned:
        for need in plan.waits_of(name):
            assert at[need.service] < at[name]
    assert make_plan(any_stack, list(reversed(demands))) == plan


def test_a_plan_has_a_purpose_as_long_as_a_test_is_left_that_needs_none_of_the_failed() -> None:
    model = stack(service("app"), service("db"), service("door"), front_door="door")
    plan = make_plan(
        model,
        [
            Demand(nodeid="a", services=("app",), routed=True),
            Demand(nodeid="d", services=("db",)),
        ],
    )
    assert plan.has_purpose_without({"app"})
    assert plan.has_purpose_without({"door"})
    assert not plan.has_purpose_without({"door", "db"})


def looking_up(*services: Service, names: tuple[str, ...]) -> Stack:
    """A stack whose front door asks for these names when it starts."""
    demo = stack(service("door"), *services, front_door="door")
    routes = tuple(
        Route(host=f"{name}.lan", service=name, where=f"apps.conf:{n}", is_looked_up_at_start=True)
        for n, name in enumerate(names, start=1)
    )
    return replace(demo, routes=routes)


def test_a_front_door_that_looks_up_names_starts_after_the_services_that_have_them() -> None:
    demo = looking_up(service("wiki", "db"), service("db"), names=("wiki",))
    plan = make_plan(demo, [Demand(nodeid="a", services=("wiki",), routed=True)])
    assert plan.waves == (("db",), ("wiki",), ("door",))
    assert plan.waits_of("door") == (Dependency(service="wiki"),)
    assert plan.looked_up == frozenset()


def test_names_that_the_front_door_looks_up_are_planned_with_it_and_cost_nobody_else() -> None:
    demo = looking_up(service("wiki"), service("blog", "db"), service("db"), names=("wiki", "blog"))
    plan = make_plan(demo, [Demand(nodeid="a", services=("wiki",), routed=True, phase="phase1")])
    reasons = {step.service: step.reasons for step in plan.steps}
    assert reasons["blog"] == ("door looks up its name when it starts (apps.conf:2)",)
    assert plan.looked_up == {"blog", "db"}
    assert {step.phase for step in plan.steps} == {"phase1"}
    assert needs_of(demo, "door") == ()
    assert plan.only(frozenset(plan.services) - plan.looked_up).services == ("wiki", "door")
    assert "blog" not in make_plan(demo, [Demand(nodeid="a", services=("wiki",))]).services


def test_what_the_files_say_of_the_order_stands() -> None:
    wiki = Service(name="wiki", depends_on=(Dependency(service="door"),))
    demo = looking_up(wiki, names=("wiki",))
    assert plan_services(demo, ["wiki"]).waves == (("door",), ("wiki",))
    door = Service(name="door", depends_on=(Dependency(service="wiki", condition=HEALTHY),))
    demo = looking_up(service("wiki"), names=("wiki",))
    demo = replace(demo, services={**demo.services, "door": door})
    plan = plan_services(demo, ["door"])
    assert plan.waits_of("door") == (Dependency(service="wiki", condition=HEALTHY),)


def test_a_front_door_that_looks_names_up_later_waits_for_nobody() -> None:
    demo = looking_up(service("wiki"), names=("wiki",))
    later = tuple(replace(route, is_looked_up_at_start=False) for route in demo.routes)
    plan = plan_services(replace(demo, routes=later), ["door"])
    assert plan.services == ("door",)
