"""What counts as ready, what does not yet, and what never will."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.core.changed_copy import replace
from stacktest.core.model import Dependency, Port, Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import (
    SETTLED,
    SETTLED_AFTER_RESTART,
    Impossible,
    Kind,
    Ready,
    Rule,
    Waiting,
    declared_ports,
    derive,
    judge,
    parse_rule,
    probe_port,
    refine,
)
from stacktest.core.route import Route
from stacktest.errors import UsageError
from tests.support.properties import examples

RUNNING = Container(
    id="1", name="p-app-1", service="app", project="p", image_id="", image_ref="", state="running"
)
EXITED = replace(RUNNING, state="exited")
HEALTHY = Rule(kind=Kind.HEALTHY)
RUNS = Rule(kind=Kind.RUNNING)
JOB = Rule(kind=Kind.EXITED)
TCP = Rule(kind=Kind.TCP, port=389)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("healthy", HEALTHY),
        ("running", RUNS),
        ("exited(0)", JOB),
        ("exited(12)", Rule(kind=Kind.EXITED, code=12)),
        ("tcp:389", TCP),
        ("http:/health", Rule(kind=Kind.HTTP, path="/health", code=200)),
        ("http:/health 204", Rule(kind=Kind.HTTP, path="/health", code=204)),
        ("http:8080/a?b=c", Rule(kind=Kind.HTTP, port=8080, path="/a?b=c", code=200)),
    ],
)
def test_a_rule_is_read_and_written(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule
    assert str(rule) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Healthy",
        "exited",
        "exited()",
        "tcp:",
        "tcp:0",
        "tcp:65536",
        "http:",
        "http:health",
        "http://app:80/",
        "http:0/x",
        "http:/x 2xx",
        "http:/x 200,204",
        "https:/x",
        "running 5s",
    ],
)
def test_anything_else_is_refused_with_the_key(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rule(text, where="stacktest.toml:services.app.ready")
    assert caught.value.where == "stacktest.toml:services.app.ready"
    assert "one of: healthy" in caught.value.hint


@pytest.mark.parametrize(
    ("rule", "seen", "running_for", "answer", "judged"),
    [
        (HEALTHY, replace(RUNNING, health="healthy"), 0, None, Ready),
        (HEALTHY, replace(RUNNING, health="starting"), 99, None, Waiting),
        (HEALTHY, replace(RUNNING, health="unhealthy"), 0, None, Impossible),
        (HEALTHY, RUNNING, 0, None, Impossible),
        (HEALTHY, replace(EXITED, health="healthy", exit_code=0), 0, None, Impossible),
        (HEALTHY, replace(RUNNING, state="created"), 0, None, Waiting),
        (HEALTHY, replace(RUNNING, state="restarting", exit_code=1), 0, None, Waiting),
        (RUNS, RUNNING, SETTLED, None, Ready),
        (RUNS, RUNNING, SETTLED - 0.01, None, Waiting),
        (RUNS, replace(RUNNING, restart_count=1), SETTLED, None, Waiting),
        (RUNS, replace(RUNNING, restart_count=1), SETTLED_AFTER_RESTART, None, Ready),
        (RUNS, replace(EXITED, exit_code=0), 99, None, Impossible),
        (RUNS, replace(RUNNING, state="created"), 99, None, Waiting),
        (RUNS, replace(RUNNING, state="paused"), 99, None, Impossible),
        (RUNS, replace(RUNNING, state="removed"), 99, None, Impossible),
        (RUNS, replace(RUNNING, state="created", error="no such file"), 0, None, Impossible),
        (RUNS, replace(RUNNING, restart_count=9), 99, None, Ready),
        (RUNS, replace(RUNNING, state="restarting", restart_count=9), 99, None, Waiting),
        (RUNS, replace(RUNNING, health="unhealthy"), 99, None, Ready),
        (TCP, replace(RUNNING, health="unhealthy"), 0, "", Ready),
        (RUNS, replace(EXITED, exit_code=137, oom=True), 0, None, Impossible),
        (RUNS, replace(RUNNING, state="restarting", oom=True), 0, None, Impossible),
        (RUNS, replace(RUNNING, oom=True), SETTLED, None, Ready),
        (HEALTHY, replace(RUNNING, health="starting", oom=True), 0, None, Waiting),
        (JOB, replace(EXITED, exit_code=0), 0, None, Ready),
        (JOB, replace(EXITED, exit_code=1), 0, None, Impossible),
        (JOB, RUNNING, 99, None, Waiting),
        (TCP, RUNNING, 99, None, Waiting),
        (TCP, RUNNING, 0, "refused", Waiting),
        (TCP, RUNNING, 0, "", Ready),
        (TCP, replace(EXITED, exit_code=0), 0, "", Impossible),
        (TCP, replace(RUNNING, state="restarting"), 0, "", Waiting),
    ],
)
def test_judgement(
    rule: Rule,
    seen: Container,
    running_for: float,
    answer: str | None,
    judged: type[Impossible] | type[Ready] | type[Waiting],
) -> None:
    assert type(judge(rule, seen, running_for=running_for, answer=answer)) is judged


@pytest.mark.parametrize(
    ("rule", "seen", "cause"),
    [
        (RUNS, replace(EXITED, exit_code=3), "exited 3"),
        (JOB, replace(EXITED, exit_code=3), "exited 3, expected 0"),
        (RUNS, replace(EXITED, exit_code=137, oom=True), "was killed for memory (exit 137)"),
        (HEALTHY, replace(RUNNING, health="unhealthy"), "is unhealthy"),
        (RUNS, replace(RUNNING, error="x"), "could not be started"),
    ],
)
def test_what_cannot_be_says_its_cause(rule: Rule, seen: Container, cause: str) -> None:
    assert judge(rule, seen, running_for=0) == Impossible(cause)


STATES = st.sampled_from(
    ("created", "running", "restarting", "paused", "exited", "dead", "removed")
)


SEEN = st.builds(
    replace,
    st.just(RUNNING),
    state=STATES,
    health=st.sampled_from(("", "starting", "healthy", "unhealthy")),
    exit_code=st.sampled_from((None, 0, 1, 137)),
)


@examples(60)
@given(
    st.sampled_from((HEALTHY, RUNS, JOB, TCP)),
    SEEN,
    st.floats(0, 100),
    st.sampled_from((None, "", "refused")),
)
def test_only_a_running_server_or_a_job_that_ended_as_it_should_is_ready(
    rule: Rule, seen: Container, running_for: float, answer: str | None
) -> None:
    if isinstance(judge(rule, seen, running_for=running_for, answer=answer), Ready):
        if rule is JOB:
            assert (seen.state, seen.exit_code) == ("exited", 0)
        else:
            assert seen.is_running
            assert rule is not HEALTHY or seen.health == "healthy"


def stack(*services: Service, routes: tuple[Route, ...] = (), front_door: str = "caddy") -> Stack:
    return Stack(
        name="p",
        root=Path("/p"),
        services={each.name: each for each in services},
        routes=tuple(routes),
        front_door=front_door,
    )


@pytest.mark.parametrize("host", [r"~^(?<sub>\w+)\.stack\.local$", "*.stack.local", "app.*"])
def test_a_pattern_of_names_cannot_be_asked_for(host: str) -> None:
    pattern = Route(host=host, service="app", port=8080)
    name = Route(host="app.stack.local", service="app", port=8080)
    app, exposing = Service(name="app"), Service(name="app", definition={"expose": ["81"]})
    assert derive(app, stack(app, routes=(pattern,))).ports == (8080,)
    assert derive(exposing, stack(exposing, routes=(pattern,))).ports == (81,)
    assert derive(app, stack(app, routes=(pattern, name))).host == "app.stack.local"
    door = Service(name="caddy")
    assert derive(door, stack(door, routes=(pattern,))).kind is Kind.RUNNING


def test_the_derived_rule() -> None:
    job = Service(name="job", has_healthcheck=True)
    checked = Service(name="checked", has_healthcheck=True)
    routed = Service(
        name="routed",
        depends_on=(Dependency(service="job", condition="service_completed_successfully"),),
    )
    door, plain = Service(name="caddy"), Service(name="plain")
    route = Route(host="app.stack.local", service="routed", port=8080)
    own = Route(host="stack.local", service="caddy")
    model = stack(job, checked, routed, door, plain, routes=(route, own))
    derived = {each.name: derive(each, model) for each in model.services.values()}
    assert {name: str(rule) for name, rule in derived.items()} == {
        "job": "exited(0)",
        "checked": "healthy",
        "routed": "app.stack.local answers through the front door",
        "caddy": "running",
        "plain": "running",
    }
    assert all(rule.derived for rule in derived.values())


def test_the_image_decides_what_the_stack_left_open() -> None:
    runs = Rule(kind=Kind.RUNNING, derived=True)
    healthy = Rule(kind=Kind.HEALTHY, derived=True)
    assert refine(runs, replace(RUNNING, health="starting")) == healthy
    assert refine(healthy, RUNNING) == runs
    assert refine(healthy, replace(RUNNING, state="created")) == healthy
    assert refine(RUNS, replace(RUNNING, health="starting")) == RUNS
    assert refine(HEALTHY, RUNNING) == HEALTHY


def test_the_port_of_a_probe() -> None:
    http = parse_rule("http:/x")
    plain = Service(name="a", definition={"expose": ["9000/tcp"]})
    published = Service(name="b", ports=(Port(target=80, published=8080),))
    routed = Service(name="c", ports=(Port(target=80),))
    model = stack(plain, published, routed, routes=(Route(host="c", service="c", port=3000),))
    assert probe_port(parse_rule("http:5/x"), plain, model) == 5
    assert probe_port(http, plain, model) == 9000
    assert probe_port(http, published, model) == 80
    assert probe_port(http, routed, model) == 3000
    assert probe_port(http, Service(name="d"), model) is None


@pytest.mark.parametrize(
    ("entry", "ports"),
    [
        ("80", (80,)),
        (80, (80,)),
        ("80/tcp", (80,)),
        ("8080-8082", (8080, 8081, 8082)),
        ("8080-8082/tcp", (8080, 8081, 8082)),
        ("53/udp", ()),
        ("5000-5002/udp", ()),
        ("30000-40000", ()),
        ("${PORT}", ()),
    ],
)
def test_the_ports_that_a_service_exposes(entry: object, ports: tuple[int, ...]) -> None:
    assert declared_ports(Service(name="app", definition={"expose": [entry]})) == ports
