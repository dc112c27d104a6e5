"""What ends the wait for a program that restarts: its own words, or the time that its loop took."""

import queue
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.network import Connector
from stacktest.adapters.startup.loop import Loop
from stacktest.adapters.startup.tracked_container import Settings
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Dependency, Mount, Service, Stack
from stacktest.core.observed_state import Container, EngineEvent
from stacktest.core.plan import plan_services
from stacktest.core.progress import Progress
from stacktest.core.readiness import parse_rule
from stacktest.core.route import Route
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.unknown import Unknown
from stacktest.errors import StackNotReadyError
from tests.support.compose_project import Project
from tests.support.known import known

UNKNOWN = 'nginx: [emerg] unknown directive "foo" in /etc/nginx/conf.d/site.conf:3'
LATE = 'nginx: [emerg] host not found in upstream "app" in /etc/nginx/conf.d/site.conf:3'
HOUR = 3600.0


class Machine:
    """Containers of services that restart and run by a timetable; the time of the run begins at 0.

    Both the engine and the queue of the loop: waiting takes no time, but the clock says that it did.
    """

    def __init__(self, log: str | Unknown = UNKNOWN) -> None:
        self.now, self.log = 0.0, log
        self.here: dict[str, Container] = {}
        self.started: dict[str, float] = {}
        self.created: dict[str, float] = {}
        self.timetable: list[tuple[float, str, str]] = []
        self.messages: queue.SimpleQueue[object] = queue.SimpleQueue()

    def add(self, name: str, state: str = "running", *, since: float = -HOUR, **facts: Any) -> None:
        self.started[name] = since
        self.created.setdefault(name, facts.pop("created", since))
        self.here[name] = Container(
            id=name,
            name=f"p-{name}-1",
            service=name,
            project="p",
            image_id="",
            image_ref="image",
            state=state,
            started_at=_time(since).isoformat(),
            **facts,
        )

    def restarts(self, name: str, *, after: float = 0.0, count: int = 0, up: float = 0.05) -> None:
        """Its program ends `up` seconds after each start; the engine doubles its pauses."""
        at = after
        for number in range(count + 1, count + 30):
            self.timetable += [(at, name, "start"), (at + up, name, "die")]
            at += up + min(60.0, 0.1 * 2 ** (number - 1))

    # The queue of the loop

    def put(self, message: object) -> None:
        self.messages.put(message)

    def get(self, timeout: float) -> object:
        if not self.messages.empty():
            return self.messages.get()
        self.timetable.sort()
        if not self.timetable or self.timetable[0][0] > self.now + timeout:
            self.now += timeout
            raise queue.Empty
        self.now, name, action = self.timetable.pop(0)
        before = self.here[name]
        if action == "start":
            self.started[name] = self.now
            begun = _time(self.now).isoformat()
            state: dict[str, Any] = {"state": "running", "exit_code": None, "started_at": begun}
        else:
            count = before.restart_count + 1
            state = {"state": "restarting", "exit_code": 1, "restart_count": count}
        self.here[name] = replace(before, **state)
        return EngineEvent(action=action, container=name, service=name)

    # The engine

    def container(self, name: str) -> Container | None:
        return self.here.get(name)

    def containers(self, project: str) -> tuple[Container, ...]:
        return tuple(self.here.values())

    def inspect(self, name: str) -> Json:
        state = {"Status": self.here[name].state, "StartedAt": self.here[name].started_at}
        return {"Created": _time(self.created[name]).isoformat(), "State": state}

    def info(self) -> Json:
        return {"SystemTime": _time(self.now).isoformat()}

    def logs(self, name: str, tail: int | None = None, since: float | None = None) -> str | Unknown:
        return self.log


def _time(seconds: float) -> datetime:
    return datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def wait_for(
    machine: Machine,
    *services: Service,
    created: tuple[str, ...] = (),
    rules: Mapping[str, str] | None = None,
) -> tuple[Mapping[str, StartFailure], Mapping[str, float]]:
    """The failures of a bring-up, and the time at which each other container was ready."""
    stack = Stack(
        name="p",
        root=Path("/p"),
        services={item.name: item for item in services},
        routes=(Route(host="app.test", service="app", port=80),),
        front_door="door",
    )
    settings = Settings(
        rules={item.name: parse_rule((rules or {}).get(item.name, "running")) for item in services},
        timeouts={},
        answers=None,
        clock=lambda: machine.now,
        connector=cast(Connector, None),
        can_go_on=lambda _: True,
    )
    plan = plan_services(stack, stack.services)
    loop = Loop(stack, plan, cast(EnginePort, machine), settings, Progress())
    loop._messages = cast("queue.SimpleQueue[object]", machine)
    loop.add_present(item for name, item in _listed(machine).items() if name not in created)
    loop.add_created((_listed(machine)[name] for name in created), lambda _: "")
    for tracked in loop._tracked.values():
        # Its start is on the timetable.
        tracked.is_start_requested = True
    loop.run()
    ready = {item.container.service: item.ready_at for item in loop._tracked.values()}
    return loop.failures, {name: at for name, at in ready.items() if at is not None}


def _listed(machine: Machine) -> dict[str, Container]:
    """The containers as a list call shows them, which knows no restarts."""
    return {
        name: replace(item, restart_count=0, started_at="") for name, item in machine.here.items()
    }


DOOR = Service(
    name="door", mounts=(Mount(kind="bind", source="/p/conf.d", target="/etc/nginx/conf.d"),)
)
WRITER = Service(name="app", mounts=(Mount(kind="bind", source="/p", target="/out"),))
READER = replace(WRITER, mounts=(replace(WRITER.mounts[0], read_only=True),))
DEPENDENT = replace(DOOR, depends_on=(Dependency(service="app"),))


@pytest.mark.parametrize(
    ("log", "door", "app", "is_early"),
    [
        pytest.param(UNKNOWN, DOOR, Service(name="app"), True, id="a directive that is unknown"),
        pytest.param(UNKNOWN, DOOR, READER, True, id="whose file another service reads"),
        pytest.param(UNKNOWN, DOOR, WRITER, False, id="whose file another service writes"),
        pytest.param(LATE, DOOR, Service(name="app"), False, id="a name that may come later"),
        pytest.param("", DOOR, Service(name="app"), False, id="without a word"),
        pytest.param(Unknown("none"), DOOR, Service(name="app"), False, id="without a log"),
    ],
)
def test_a_program_that_refuses_its_configuration_is_not_waited_for(
    log: str | Unknown, door: Service, app: Service, is_early: bool
) -> None:
    machine = Machine(log)
    machine.add("app")
    machine.add("door", "created", since=0.0)
    machine.restarts("door")

    failures, ready = wait_for(machine, door, app, created=("door",))

    assert set(failures) == {"door"}
    assert "app" in ready
    assert failures["door"].kind.startswith("door is in a restart loop, ")
    assert failures["door"].kind.endswith("it refuses its own configuration") == is_early
    assert (5 <= machine.now < 10) if is_early else (50 < machine.now < 120)


def test_it_is_waited_for_while_what_it_needs_is_not_ready() -> None:
    machine = Machine()
    machine.add("app", health="starting")
    machine.add("door", "created", since=0.0)
    machine.restarts("door")

    failures, _ = wait_for(
        machine, DEPENDENT, Service(name="app"), created=("door",), rules={"app": "healthy"}
    )

    assert "refuses" not in failures["door"].kind


def test_a_program_that_changes_its_words_is_waited_for() -> None:
    machine = Machine()
    machine.add("app")
    machine.add("door", "created", since=0.0)
    machine.restarts("door")
    ends = iter(range(1000))
    machine.logs = lambda *_, **__: f"{UNKNOWN}{next(ends)}"  # type: ignore[method-assign]

    failures, _ = wait_for(machine, DOOR, Service(name="app"), created=("door",))

    assert "refuses" not in failures["door"].kind


@pytest.mark.parametrize(
    ("loop", "app", "latest"),
    [
        # Eleven restarts took at least 102 s, and the next pause is 60 s.
        pytest.param({"restart_count": 11, "since": -20.0}, {}, 1, id="for as long as a time-out"),
        pytest.param({"restart_count": 10, "since": -20.0}, {}, 60, id="for a part of it"),
        pytest.param(
            {"restart_count": 11, "since": -20.0}, {"since": -30.0}, 120, id="another is new"
        ),
        pytest.param(
            {"restart_count": 11, "since": -20.0, "created": -30.0}, {}, 120, id="it is new itself"
        ),
    ],
)
def test_the_time_of_a_loop_counts_that_began_before(
    loop: dict[str, Any], app: dict[str, Any], latest: float
) -> None:
    machine = Machine(LATE)
    machine.add("app", **app)
    machine.add("door", "restarting", **{"created": -HOUR, "exit_code": 1} | loop)
    machine.restarts("door", after=40, count=loop["restart_count"])

    failures, ready = wait_for(machine, DOOR, Service(name="app"))

    assert set(failures) == {"door"}
    assert failures["door"].kind.startswith("door is in a restart loop, ")
    assert ready == {"app": 0}
    assert latest / 3 <= machine.now <= latest or latest == machine.now + 1


def test_what_this_run_starts_may_be_what_a_loop_waited_for() -> None:
    machine = Machine(LATE)
    machine.add("app", "created", since=0.0)
    machine.timetable = [(1.0, "app", "start"), (30.0, "door", "start")]
    machine.add("door", "restarting", since=-20.0, created=-HOUR, exit_code=1, restart_count=11)

    failures, ready = wait_for(machine, DOOR, Service(name="app"), created=("app",))

    assert not failures
    assert ready["door"] == 40


def test_a_loop_that_began_before_with_its_own_words_is_told_at_once() -> None:
    machine = Machine()
    machine.add("app")
    machine.add("door", "restarting", since=-2.0, created=-HOUR, exit_code=1, restart_count=8)

    failures, _ = wait_for(machine, DOOR, Service(name="app"))

    assert known(failures.get("door")).kind.endswith("it refuses its own configuration")
    assert machine.now == 0


@pytest.mark.parametrize("rule", ["running", "healthy"])
@pytest.mark.parametrize(("up_for", "ready_at"), [(1.0, 9.0), (9.5, 0.5), (11.0, 0.0), (HOUR, 0.0)])
def test_what_was_restarted_has_to_run_for_as_long_as_no_loop_does(
    rule: str, up_for: float, ready_at: float
) -> None:
    machine = Machine()
    machine.add("app", since=-up_for, health="healthy", restart_count=4)

    failures, ready = wait_for(machine, Service(name="app"), rules={"app": rule})

    assert not failures
    assert ready["app"] == pytest.approx(ready_at)


@pytest.mark.parametrize("rule", ["running", "healthy"])
def test_the_short_run_of_a_loop_is_not_ready(rule: str) -> None:
    """It stays up for eight seconds each time, and its check finds it healthy."""
    machine = Machine("")
    machine.add("app", since=-1.0, health="healthy", restart_count=12)
    machine.timetable = [(7.0, "app", "die")]
    machine.restarts("app", after=8, count=12, up=8)

    failures, ready = wait_for(machine, Service(name="app"), rules={"app": rule})

    assert not ready
    assert failures["app"].kind.startswith("app is in a restart loop, ")


REFUSES = "echo 'Error: adapting config using caddyfile: /c:2: unrecognized directive: x'; exit 1"
COMPOSE = f"""
services:
  door: {{image: IMAGE, restart: always, command: [sh, -c, "{REFUSES}"]}}
  app: {{image: IMAGE, init: true, command: [sleep, infinity]}}
"""


@pytest.mark.real_docker
@pytest.mark.parametrize("is_before", [False, True])
def test_a_real_program_that_refuses_its_configuration_ends_the_wait(
    project: Project, is_before: bool
) -> None:
    project.write(COMPOSE)
    if is_before:
        project.compose("up", "-d")
    begin = time.monotonic()
    with pytest.raises(StackNotReadyError, match="it refuses its own configuration"):
        project.up()
    assert time.monotonic() - begin < 40
