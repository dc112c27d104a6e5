"""The loop follows events: what may start is started, what cannot be is said, silence is noticed."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import Connection
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.network import Connector
from stacktest.adapters.startup import tracked_container
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.adapters.startup.loop import Loop
from stacktest.adapters.startup.tracked_container import OwnAnswer, Settings
from stacktest.adapters.startup.up import bring_up
from stacktest.core.changed_copy import replace
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.observed_state import Container, EngineEvent
from stacktest.core.plan import plan_services
from stacktest.core.progress import Progress
from stacktest.core.readiness import PERSISTENT, PersistentFailure, derive, parse_rule
from stacktest.core.route import Route
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, ToolMissingError


class Clock:
    """Time that passes only when somebody waits for news in vain."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stream:
    def __init__(self) -> None:
        self.news: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[EngineEvent]:
        while (each := self.news.get()) is not None:
            yield each

    def close(self) -> None:
        self.news.put(None)


@dataclass
class Events:
    """A stream in place of the engine's own."""

    news: Iterator[EngineEvent]
    close: Callable[[], None]

    def __iter__(self) -> Iterator[EngineEvent]:
        return self.news


class FakeEngine:
    """Containers that do on start what the test wrote down for them."""

    def __init__(self, **scripts: list[dict[str, Any]]) -> None:
        self.here = {name: container(name) for name in scripts}
        self.scripts = scripts
        self.stream = Stream()
        self.connection = Connection(address="unix:///fake")
        self.events_of: Callable[[], Stream | Events] = lambda: self.stream
        self.look: Callable[[str], Container | None] = self.here.get

    def port(self) -> EnginePort:
        """Itself, as the loop knows an engine: what a loop does not ask for is not simulated."""
        return cast(EnginePort, self)

    def events(self, project: str) -> Stream | Events:
        return self.events_of()

    def start(self, id: str) -> str:  # noqa: A002
        for change in self.scripts[id]:
            if "refused" in change:
                return str(change["refused"])
            if "raises" in change:
                raise StacktestError(change["raises"])
            if "stream" in change:
                self.stream.close()
                continue
            action = change.get("action", "start")
            changed = {name: value for name, value in change.items() if name != "action"}
            self.here[id] = replace(self.here[id], **changed)
            self.stream.news.put(EngineEvent(action=action, container=id, service=id))
        return ""

    def container(self, id: str) -> Container | None:  # noqa: A002
        return self.look(id)

    def containers(self, project: str) -> tuple[Container, ...]:
        return tuple(self.here.values())

    def inspect(self, id: str) -> Unknown:  # noqa: A002
        return Unknown("this engine shows no documents")

    def logs(self, id: str, tail: int | None = None, since: float | None = None) -> str:  # noqa: A002
        return f"the words of {id}\n"


NO_CONNECTOR = cast(Connector, None)
"""No rule of these tests asks a port."""


class Recorder(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def starting(self, service: str) -> None:
        self.said.append(f"starting {service}")

    def ready(self, service: str, seconds: float, why: str) -> None:
        self.said.append(f"{service} {why}")

    def heartbeat(self, seconds: float, waiting: Mapping[str, str]) -> None:
        self.said.append(f"after {seconds:.0f} s: {dict(waiting)}")


def container(name: str) -> Container:
    return Container(
        id=name,
        name=f"p-{name}-1",
        service=name,
        project="p",
        image_id="",
        image_ref="image",
        state="created",
    )


HEALTHY: dict[str, Any] = {"action": "health_status", "state": "running", "health": "healthy"}
RUNNING: dict[str, Any] = {"state": "running", "health": "starting"}


def service(name: str, *needs: str, condition: str = "service_healthy") -> Service:
    depends = tuple(Dependency(service=each, condition=condition) for each in needs)
    return Service(name=name, depends_on=depends, has_healthcheck=True)


def run(
    engine: FakeEngine,
    *services: Service,
    rules: dict[str, str] | None = None,
    **options: Any,
) -> Mapping[str, Any]:
    stack = Stack(
        name="p",
        root=Path("/p"),
        services={each.name: each for each in services},
        routes=options.get("routes", ()),
        front_door=options.get("front_door", ""),
        compose_files=("compose.yaml",),
    )
    plan = plan_services(stack, stack.services)
    chosen = {name: parse_rule(rule) for name, rule in (rules or {}).items()}
    settings = Settings(
        rules={
            name: chosen.get(name) or derive(stack.services[name], stack) for name in plan.services
        },
        timeouts=options.get("timeouts", {}),
        answers=options.get("answers"),
        clock=options.get("clock", Clock()),
        connector=NO_CONNECTOR,
        usual=options.get("usual", {}).get,
        can_go_on=options.get("can_go_on", lambda _: False),
    )
    loop = Loop(stack, plan, engine.port(), settings, options.get("said", Progress()))
    if "news" in options:
        loop._messages = options["news"]
    with loop.listening():
        loop.add_created(engine.containers("p"), lambda each: engine.start(each.id))
        seconds = loop.run()
    return loop.failures if "can_go_on" in options else seconds


def test_a_dependant_starts_after_its_dependency_is_healthy() -> None:
    said = Recorder()
    engine = FakeEngine(db=[RUNNING, HEALTHY], app=[RUNNING, HEALTHY])
    seconds = run(engine, service("db"), service("app", "db"), said=said)
    assert said.said == ["starting db", "db healthy", "starting app", "app healthy"]
    assert seconds.keys() == {"db", "app"}


def test_started_is_enough_where_compose_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Recorder()
    engine = FakeEngine(db=[RUNNING], app=[RUNNING, HEALTHY])

    def when_app_runs(name: str) -> str:
        if name == "app":
            engine.here["db"] = replace(engine.here["db"], health="healthy")
            happening = EngineEvent(action="health_status", container="db", service="db")
            engine.stream.news.put(happening)
        return FakeEngine.start(engine, name)

    monkeypatch.setattr(engine, "start", when_app_runs)
    run(engine, service("db"), service("app", "db", condition="service_started"), said=said)
    assert said.said.index("starting app") < said.said.index("db healthy")


def test_what_waits_for_nothing_starts_while_others_are_still_created(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = Recorder()
    engine = FakeEngine(db=[RUNNING, HEALTHY], foreign=[RUNNING, HEALTHY], app=[RUNNING, HEALTHY])
    started: list[str] = []

    def start(name: str) -> str:
        started.append(name)
        return FakeEngine.start(engine, name)

    monkeypatch.setattr(engine, "start", start)
    services = {each.name: each for each in (service("db"), service("foreign"))}
    services["app"] = service("app", "db")
    stack = Stack(name="p", root=Path("/p"), services=services)
    plan = plan_services(stack, stack.services)
    rules = {name: derive(each, stack) for name, each in services.items()}
    settings = Settings(
        rules=rules, timeouts={}, answers=None, clock=Clock(), connector=NO_CONNECTOR
    )
    loop = Loop(stack, plan, engine.port(), settings, said)
    with loop.listening():
        loop.start_early(services, "mine")
        for name, run_id in (("app", "mine"), ("foreign", "another"), ("db", "mine")):
            created = EngineEvent(action="create", container=name, service=name, run_id=run_id)
            engine.stream.news.put(created)
        while not started:
            time.sleep(0.001)
        assert started == ["db"]
        loop.add_created(engine.containers("p"), lambda each: engine.start(each.id))
        loop.run()
    assert sorted(started) == ["app", "db", "foreign"]
    assert said.said[0] == "starting db"


def test_what_started_early_and_could_not_be_created_after_all_is_not_followed() -> None:
    engine = FakeEngine(db=[RUNNING, HEALTHY], app=[RUNNING, HEALTHY])
    services = {name: service(name) for name in ("db", "app")}
    stack = Stack(name="p", root=Path("/p"), services=services)
    settings = Settings(
        rules={name: derive(each, stack) for name, each in services.items()},
        timeouts={},
        answers=None,
        clock=Clock(),
        connector=NO_CONNECTOR,
        can_go_on=lambda _: True,
    )
    loop = Loop(stack, plan_services(stack, services), engine.port(), settings, Progress())
    with loop.listening():
        loop.start_early(services, "own")
        engine.stream.news.put(
            EngineEvent(action="create", container="app", service="app", run_id="own")
        )
        while engine.here["app"].state == "created":
            time.sleep(0.001)
        loop.fail(StartFailure(service="app", cause="app could not be created"))
        loop.add_created([engine.here["db"]], lambda each: engine.start(each.id))
        assert loop.run().keys() == {"db"}


def test_creating_that_ends_with_an_error_leaves_no_start_that_waits_for_networks() -> None:
    engine = FakeEngine(db=[RUNNING, HEALTHY])
    looked = threading.Event()

    def inspect(name: str) -> dict[str, Any]:
        looked.set()
        return {"NetworkSettings": {"Networks": {"front": {}}}}

    vars(engine)["inspect"] = inspect
    services = {"db": replace(service("db"), networks=("front", "back"))}
    stack = Stack(name="p", root=Path("/p"), services=services)
    settings = Settings(
        rules={"db": derive(services["db"], stack)},
        timeouts={},
        answers=None,
        clock=Clock(),
        connector=NO_CONNECTOR,
    )
    loop = Loop(stack, plan_services(stack, services), engine.port(), settings, Progress())
    ended = threading.Event()

    def create() -> None:
        with suppress(KeyboardInterrupt), loop.listening():
            loop.start_early(services, "own")
            engine.stream.news.put(
                EngineEvent(action="create", container="db", service="db", run_id="own")
            )
            assert looked.wait(10)
            raise KeyboardInterrupt
        ended.set()

    threading.Thread(target=create, daemon=True).start()
    assert ended.wait(10)
    assert engine.here["db"].state == "created"


JOB = [RUNNING, {"action": "die", "state": "exited", "exit_code": 0, "health": ""}]
LOOP = [RUNNING, {"action": "die", "state": "restarting", "exit_code": 1}, RUNNING, HEALTHY]


def early(
    script: list[dict[str, Any]], rule: str, look: Callable[[str], Container] | None = None
) -> dict[str, float]:
    """Seconds of a service that starts early, while creating others takes a minute.

    The engine tells what happens to it five seconds apart.
    """
    clock, engine = Clock(), FakeEngine(db=script)
    services = {"db": service("db")}
    stack = Stack(name="p", root=Path("/p"), services=services)
    settings = Settings(
        rules={"db": parse_rule(rule)},
        timeouts={"db": 30},
        answers=None,
        clock=clock,
        connector=NO_CONNECTOR,
    )

    def events() -> Iterator[EngineEvent]:
        for each in engine.stream:
            yield each
            clock.now += 5

    engine.events_of = lambda: Events(events(), engine.stream.close)
    engine.look = look or engine.look
    loop = Loop(stack, plan_services(stack, services), engine.port(), settings, Progress())
    with loop.listening():
        loop.start_early(services, "mine")
        created = EngineEvent(action="create", container="db", service="db", run_id="mine")
        engine.stream.news.put(created)
        while clock.now < 1000 + 5 * (1 + len(script)):
            time.sleep(0.001)
        clock.now += 60
        loop.add_created(engine.containers("p"), lambda each: engine.start(each.id))
        return dict(loop.run())


@pytest.mark.parametrize(
    ("script", "rule", "seconds"),
    [([RUNNING, HEALTHY], "healthy", 5), (JOB, "exited(0)", 5), (LOOP, "healthy", 15)],
)
def test_what_was_ready_before_anybody_looked_took_the_time_that_its_events_took(
    script: list[dict[str, Any]], rule: str, seconds: float
) -> None:
    assert early(script, rule) == {"db": seconds}


def test_its_time_runs_from_when_what_it_waits_for_may_exist() -> None:
    """It started a minute ago and has half a minute; it is healthy when it is looked at again."""
    looks = iter([replace(container("db"), **RUNNING)])
    healthy = replace(container("db"), state="running", health="healthy")
    assert early([RUNNING, HEALTHY], "healthy", look=lambda _: next(looks, healthy)) == {"db": 5}


def test_the_culprit_is_the_dependency_and_its_words_are_quoted() -> None:
    engine = FakeEngine(db=[RUNNING, {"action": "die", "state": "exited", "exit_code": 3}], app=[])
    with pytest.raises(NotReadyError) as caught:
        run(engine, service("db"), service("app", "db"))
    assert caught.value.lines() == [
        "error: db exited 3",
        "  at: service db, container p-db-1, image image",
        "  exited, exit code 3, not killed for memory, 0 restarts",
        "  ready means: healthy",
        "  last lines of db:",
        "    | the words of db",
        "  hint: docker compose logs --tail 20 db",
    ]


def test_a_start_that_the_engine_refuses_is_said_at_once() -> None:
    engine = FakeEngine(app=[{"refused": "no space left on device"}])
    with pytest.raises(NotReadyError, match="could not be started: no space left on device"):
        run(engine, service("app"))


def test_what_goes_wrong_in_a_thread_is_raised_here() -> None:
    engine = FakeEngine(app=[{"raises": "the engine is gone"}])
    with pytest.raises(StacktestError, match="the engine is gone"):
        run(engine, service("app"))


def test_an_engine_that_stops_talking_is_noticed() -> None:
    engine = FakeEngine(app=[RUNNING, {"stream": "ends"}])
    with pytest.raises(ToolMissingError, match="ended its stream of events"):
        run(engine, service("app"))


def test_a_container_that_vanished_will_not_become_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine(app=[RUNNING])
    engine.scripts["app"].append({"action": "destroy"})
    start = engine.start

    def vanish(name: str) -> str:
        said = start(name)
        engine.here.pop(name)
        return said

    monkeypatch.setattr(engine, "start", vanish)
    with pytest.raises(NotReadyError, match="app was removed while it was starting"):
        run(engine, service("app"))


class Impatient:
    """A queue in which waiting in vain takes no time, but the clock says that it did.

    The clock stands still while a question is being answered.
    """

    def __init__(self, clock: Clock, is_asking: Callable[[], bool] = lambda: False) -> None:
        self.clock, self.is_asking = clock, is_asking
        self.inner: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def put(self, news: object) -> None:
        self.inner.put(news)

    def get(self, timeout: float) -> object:
        while True:
            with contextlib.suppress(queue.Empty):
                return self.inner.get(timeout=0.05)
            if not self.is_asking():
                self.clock.now += timeout
                raise queue.Empty


def test_silence_is_a_heartbeat_and_then_the_end_of_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, clock = Recorder(), Clock()
    news = Impatient(clock)
    before = Loop.listening

    def listening(loop: Loop) -> AbstractContextManager[None]:
        loop._messages = cast(queue.SimpleQueue[object], news)
        return before(loop)

    monkeypatch.setattr(Loop, "listening", listening)
    options: dict[str, Any] = {
        "said": said,
        "clock": clock,
        "timeouts": {"app": 45},
        "usual": {"app": 12.34},
    }
    with pytest.raises(NotReadyError) as failed:
        run(FakeEngine(app=[RUNNING]), service("app"), **options)
    assert failed.value.what == "app was not ready within 45 s: health is starting"
    assert "  it is usually ready after 12.3 s" in failed.value.lines()
    assert said.said[1:] == ["after 30 s: {'app': 'health is starting'}"]


def test_a_warm_stack_is_judged_without_waiting() -> None:
    engine = FakeEngine(app=[])
    engine.here["app"] = replace(engine.here["app"], state="running", health="healthy")
    model = Stack(name="p", root=Path("/p"), services={"app": service("app")})
    plan = plan_services(model, ["app"])
    settings = Settings(
        rules={"app": parse_rule("healthy")},
        timeouts={},
        answers=None,
        clock=Clock(),
        connector=NO_CONNECTOR,
    )
    loop = Loop(model, plan, engine.port(), settings, Progress())
    loop.add_present(engine.containers("p"))
    assert loop.settle()


def test_an_engine_that_does_not_answer_ends_it_before_anything_is_made(tmp_path: Path) -> None:
    model = Stack(name="p", root=tmp_path, services={"app": service("app")})
    with pytest.raises(ToolMissingError) as caught:
        bring_up(
            model,
            plan_services(model, ["app"]),
            Compose(tmp_path),
            Engine(f"unix://{tmp_path}/none"),
            run_id="1",
        )
    assert caught.value.exit_code == 12
    assert list(tmp_path.iterdir()) == []


# One service that is not up costs itself and what needs it

DIES: list[dict[str, Any]] = [RUNNING, {"action": "die", "state": "exited", "exit_code": 3}]
UP: list[dict[str, Any]] = [RUNNING, HEALTHY]


def go_on(_: object) -> bool:
    return True


@pytest.mark.case("field/x08")
def test_a_service_that_fails_costs_itself_and_what_needs_it() -> None:
    said = Recorder()
    engine = FakeEngine(db=DIES, app=[], web=[], other=UP)
    services = service("db"), service("app", "db"), service("web", "app"), service("other")

    failures = run(engine, *services, said=said, can_go_on=go_on)

    assert {name: failure.because_of for name, failure in failures.items()} == {
        "db": "",
        "app": "db",
        "web": "db",
    }
    assert failures["db"].hint == "docker compose logs --tail 20 db"
    assert "other healthy" in said.said
    assert not {"starting app", "starting web"} & set(said.said)


def test_it_ends_at_once_where_nothing_is_left_to_test() -> None:
    engine = FakeEngine(db=DIES, other=[])
    with pytest.raises(NotReadyError, match="db exited 3") as caught:
        run(engine, service("db"), service("other"), can_go_on=lambda failed: "db" not in failed)
    assert set(caught.value.failures) == {"db"}


@pytest.mark.case("field/b22")
def test_an_optional_dependency_that_fails_is_done_without() -> None:
    need = Dependency(service="db", condition="service_healthy", required=False)
    app = Service(name="app", depends_on=(need,), has_healthcheck=True)
    engine = FakeEngine(db=DIES, app=UP)

    assert set(run(engine, service("db"), app, can_go_on=go_on)) == {"db"}


def test_the_front_door_is_started_although_one_application_is_down() -> None:
    door = service("door", "app", "other", condition="service_started")
    engine = FakeEngine(app=[{"refused": "port is already allocated"}], other=UP, door=UP)

    failures = run(
        engine, service("app"), service("other"), door, front_door="door", can_go_on=go_on
    )

    assert set(failures) == {"app"}


@pytest.mark.case("field/c09")
def test_a_written_rule_wins_over_the_health_check_for_the_service_and_who_waits_for_it() -> None:
    unhealthy = {"action": "health_status", "state": "running", "health": "unhealthy"}
    engine = FakeEngine(db=[RUNNING, unhealthy], app=UP)
    clock = Clock()
    seconds = run(
        engine,
        service("db"),
        service("app", "db"),
        rules={"db": "running"},
        clock=clock,
        news=Impatient(clock),
    )
    assert seconds.keys() == {"db", "app"}


@pytest.mark.parametrize(
    ("condition", "is_required", "is_refused"),
    [
        ("service_healthy", True, True),
        ("service_healthy", False, False),
        ("service_started", True, False),
    ],
)
def test_who_waits_for_the_health_of_a_service_without_a_check_is_not_started(
    condition: str, is_required: bool, is_refused: bool
) -> None:
    need = Dependency(service="db", condition=condition, required=is_required)
    app = Service(name="app", depends_on=(need,), has_healthcheck=True)
    engine = FakeEngine(db=[{"state": "running", "health": ""}], app=UP)
    clock = Clock()

    failures = run(
        engine, Service(name="db"), app, clock=clock, news=Impatient(clock), can_go_on=go_on
    )

    assert set(failures) == ({"app"} if is_refused else set())
    if is_refused:
        assert failures["app"].cause == (
            "app waits for db to be healthy, which has no health check: Compose refuses that"
        )
        assert failures["app"].hint == (
            "write services.db.healthcheck in compose.yaml, or let "
            "services.app.depends_on.db.condition be service_started"
        )


@pytest.mark.parametrize(
    ("check", "key"),
    [
        ({"disable": True}, "services.db.healthcheck.disable"),
        ({"test": ["NONE"]}, "services.db.healthcheck.test"),
    ],
)
def test_who_waits_for_the_health_of_a_service_hears_which_key_switches_its_check_off(
    check: dict[str, Any], key: str
) -> None:
    engine = FakeEngine(db=[{"state": "running", "health": ""}], app=UP)
    clock = Clock()
    db = Service(name="db", definition={"healthcheck": check})

    failures = run(
        engine, db, service("app", "db"), clock=clock, news=Impatient(clock), can_go_on=go_on
    )

    assert failures["app"].cause == (
        f"app waits for db to be healthy, whose health check {key} switches off: "
        "Compose refuses that"
    )
    assert failures["app"].hint.startswith(f"correct {key} in compose.yaml, or ")


# Time decides


RESTARTS = {"action": "die", "state": "restarting", "exit_code": 1}


@pytest.mark.case("field/b18")
def test_a_program_that_ends_until_another_is_there_is_waited_for() -> None:
    loops = [RUNNING | {"restart_count": n} for n in range(7)]
    engine = FakeEngine(app=[event for start in loops for event in (start, RESTARTS)] + UP)
    assert run(engine, service("app")).keys() == {"app"}


def test_a_restart_loop_ends_when_the_next_attempt_is_after_its_time() -> None:
    clock = Clock()
    restarting = {"action": "die", "state": "restarting", "exit_code": 1, "restart_count": 9}
    engine = FakeEngine(app=[RUNNING, restarting])
    with pytest.raises(NotReadyError, match="is in a restart loop, 9 restarts, last exit code 1"):
        run(engine, service("app"), clock=clock, timeouts={"app": 20}, news=Impatient(clock))
    # The engine pauses for 25.6 s before its tenth restart.
    assert clock.now < 1001


@pytest.mark.case("field/b19")
def test_a_start_has_at_least_the_time_that_its_health_check_is_granted() -> None:
    clock = Clock()
    engine = FakeEngine(app=[RUNNING | {"health_limit": 300.0}])
    with pytest.raises(NotReadyError, match=r"was not ready within 300 s"):
        run(engine, service("app"), clock=clock, news=Impatient(clock))


def test_a_timeout_that_is_shorter_than_the_health_check_is_named() -> None:
    clock = Clock()
    engine = FakeEngine(app=[RUNNING | {"health_limit": 300.0}])
    with pytest.raises(NotReadyError) as caught:
        run(engine, service("app"), clock=clock, timeouts={"app": 6}, news=Impatient(clock))
    assert caught.value.what == (
        "app was not ready within 6 s, its own timeout, although its health check has 300 s: "
        "health is starting"
    )


@pytest.mark.case("field/b17")
def test_an_answer_that_waiting_does_not_change_ends_it_after_seconds() -> None:
    clock = Clock()
    refused = PersistentFailure(
        "cannot be tested: its certificate is refused", "SK-CA", "name the CA"
    )
    with pytest.raises(NotReadyError) as caught:
        run_routed(lambda service, host: refused, clock)
    assert (caught.value.code, caught.value.hint) == ("SK-CA", "name the CA")
    assert PERSISTENT <= clock.now - 1000 < 2 * PERSISTENT


def test_an_answer_has_to_stay_the_same_for_as_long_as_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Each probe takes the loop a moment of real time.
    monkeypatch.setattr(tracked_container, "PROBE_PAUSE", 1.0)
    clock = Clock()
    looks = {"first": 1000.0, "second": 1015.0}

    def answer(service: str, host: str) -> PersistentFailure:
        seen = max(name for name, begin in looks.items() if clock.now >= begin)
        return PersistentFailure("cannot be reached", patience=20, seen=seen)

    with pytest.raises(NotReadyError, match="app cannot be reached"):
        run_routed(answer, clock)
    assert 1035 <= clock.now < 1037


def test_one_false_answer_at_the_start_is_no_such_answer() -> None:
    """A front door shows a certificate of its own until it has the right one."""
    answers = iter([PersistentFailure("the default certificate")])
    assert run_routed(lambda service, host: next(answers, ""), Clock()).keys() == {"app"}


@pytest.mark.case("field/b25")
def test_an_answer_that_may_be_the_front_doors_own_is_not_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracked_container, "PROBE_PAUSE", 1.0)
    clock = Clock()
    connector = Opening(clock, at=1010)

    run_routed(lambda service, host: OwnAnswer("answers 401"), clock, connector)

    assert clock.now >= 1010


def test_a_port_that_never_opens_behind_the_front_doors_own_answer_names_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracked_container, "PROBE_PAUSE", 10.0)
    clock = Clock()
    own = OwnAnswer("https://app.test/ answers 200, which may be the front door's own answer")
    with pytest.raises(NotReadyError, match=r"own answer, and nothing accepts a connection"):
        run_routed(lambda service, host: own, clock, Opening(clock, at=9999))


def test_a_front_door_that_is_not_up_does_not_keep_what_it_leads_to_from_being_ready() -> None:
    clock = Clock()
    down = [{"state": "exited", "exit_code": 1, "action": "die"}]

    ready = run_routed(lambda service, host: "no answer", clock, door=down)

    assert ready.keys() == {"app"}
    assert clock.now < 1005


STOPPED = StartFailure(service="door", cause="door has a stopped container", where="", hint="")


@pytest.mark.parametrize(
    ("state", "failed", "answer", "failures"),
    [
        pytest.param("exited", STOPPED, "no answer", {"door"}, id="a stopped front door"),
        pytest.param("restarting", None, "no answer", {"door"}, id="one that never becomes ready"),
        pytest.param("running", None, Unknown("no way"), set(), id="one that cannot be asked"),
    ],
)
def test_what_ran_before_is_ready_whatever_its_front_door_does(
    state: str, failed: StartFailure | None, answer: object, failures: set[str]
) -> None:
    clock = Clock()
    loop = routed_loop(lambda service, host: answer, clock, door=[])
    engine = cast(FakeEngine, loop._engine)
    engine.here["app"] = replace(engine.here["app"], state="running")
    engine.here["door"] = replace(engine.here["door"], state=state, exit_code=1)
    present = [engine.here["app"], *([] if failed else [engine.here["door"]])]

    with loop.listening():
        loop.add_present(present)
        loop.fail(*([failed] if failed else []))
        ready = dict(loop.run())

    assert set(loop.failures) == failures
    assert "app" in ready
    assert clock.now - 1000 < (1 if failures != {"door"} or failed else 125)


class Opening:
    """A connector that reaches a port which opens at a time; no name leads to it before."""

    def __init__(self, clock: Clock, at: float) -> None:
        self.clock, self.at = clock, at

    def addresses(self, container: str) -> tuple[str, ...]:
        return ()

    def to(self, container: str) -> Callable[[int], object]:
        def connect(port: int) -> object:
            if self.clock.now < self.at:
                raise ConnectionRefusedError("closed")
            return SimpleNamespace(close=lambda: None)

        return connect


def run_routed(
    answers: Any, clock: Clock, connector: Any = None, *, door: list[dict[str, Any]] | None = None
) -> dict[str, float]:
    """One routed service without a health check, whose front door answers like this."""
    loop = routed_loop(answers, clock, connector, door=door)
    engine = loop._engine
    with loop.listening():
        loop.add_created(engine.containers("p"), lambda each: engine.start(each.id))
        return dict(loop.run())


def routed_loop(
    answers: Any, clock: Clock, connector: Any = None, *, door: list[dict[str, Any]] | None = None
) -> Loop:
    scripts = {"app": [{"state": "running"}], **({} if door is None else {"door": door})}
    services = {name: Service(name=name) for name in scripts}
    route = Route(host="app.test", service="app", port=80)
    stack = Stack(name="p", root=Path("/p"), services=services, routes=(route,), front_door="door")
    plan = plan_services(stack, services)
    settings = Settings(
        rules={name: derive(service, stack) for name, service in services.items()},
        timeouts={},
        answers=answers,
        clock=clock,
        connector=connector,
        can_go_on=lambda failures: set(failures) <= {"door"},
    )
    loop = Loop(stack, plan, FakeEngine(**scripts).port(), settings, Progress())
    news = Impatient(clock, lambda: any(tracked.probing for tracked in loop._tracked.values()))
    loop._messages = cast(queue.SimpleQueue[object], news)
    return loop
