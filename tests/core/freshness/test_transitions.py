"""The table of transitions: what each event makes of a service in each state.

`worst` in a cell means: the state that it had, or that of the event, whichever takes precedence.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.docs_page import DocsPage
from stacktest.core.freshness.states import State, worst
from stacktest.core.runs.verdict import RunFacts
from stacktest.core.unknown import Unknown
from tests.support.stack_simulator import NO_ENGINE, Service, StackSimulator

STATES = (
    "functional",
    "changed",
    "dep_changed",
    "tests_changed",
    "expired",
    "failing",
    "drifted",
    "never_run",
)
EDITED = ("stale:configs/app/app.conf",)


@dataclass
class Scene:
    """`app` depends on `db`; it is in some state, and an event may follow."""

    world: StackSimulator
    app: Service
    first: str

    def put_back(self) -> None:
        self.app.parts["config"] = self.first
        self.app.drift = ()


@pytest.fixture
def scene(world: StackSimulator) -> Scene:
    world.add("db")
    app = world.add("app", tests=2, depends_on=("db",))
    return Scene(world=world, app=app, first=str(app.parts["config"]))


def put_into(scene: Scene, state: str) -> None:
    """Bring `app` into a state, by what really leads there, and look at it."""
    world, app = scene.world, scene.app
    if state != "never_run":
        world.run()
    match state:
        case "changed":
            app.edit("config", "another")
        case "dep_changed":
            world.services["db"].edit("image", "another")
        case "tests_changed":
            app.code = "another"
        case "expired":
            world.later(days=8)
        case "failing":
            world.run(app="failed")
        case "drifted":
            app.drift = EDITED
            app.edit("config", "another")
    assert world.index()["app"].state.value == state


def nothing(scene: Scene) -> None:
    pass


def edited_not_recreated(scene: Scene) -> None:
    scene.app.edit("config", "edited")
    scene.app.drift = EDITED


def edited_and_recreated(scene: Scene) -> None:
    scene.app.edit("config", "edited")
    scene.app.drift = ()
    scene.app.recreate()


def put_back_in_the_same_container(scene: Scene) -> None:
    scene.put_back()


def failed_elsewhere_then_put_back(scene: Scene) -> None:
    scene.app.edit("config", "live reload")
    scene.world.run(app="failed")
    scene.world.index()
    scene.put_back()


def put_back_in_another_container(scene: Scene) -> None:
    scene.app.edit("config", "in between")
    scene.world.index()
    scene.put_back()
    scene.app.recreate()


def clean_pass(scene: Scene) -> None:
    scene.world.run()


def flaky_pass(scene: Scene) -> None:
    outcomes = [
        replace(outcome, flaky="app" in outcome.services) for outcome in scene.world.outcomes()
    ]
    scene.world.run(outcomes)


def partial(scene: Scene) -> None:
    first = scene.app.tests[0]
    scene.world.run([scene.world.outcome(first)], facts=RunFacts(selection="-k 0"))


def skipped(scene: Scene) -> None:
    scene.world.run(app="skipped")


def collect_only(scene: Scene) -> None:
    scene.world.run([], facts=RunFacts(selection="--collect-only"))


def crashed(scene: Scene) -> None:
    scene.world.run(crash=True)


def failed(scene: Scene) -> None:
    scene.world.run(app="failed")


def fingerprint_moved_meanwhile(scene: Scene) -> None:
    scene.world.run(meanwhile=lambda: scene.app.edit("config", "meanwhile"))


def container_moved_meanwhile(scene: Scene) -> None:
    scene.world.run(meanwhile=scene.app.recreate)


def dependency_moved(scene: Scene) -> None:
    scene.world.services["db"].edit("image", "moved")


def a_test_is_added(scene: Scene) -> None:
    scene.app.tests += ("suites/test_app.py::test_new",)


def a_test_is_removed(scene: Scene) -> None:
    scene.app.tests = scene.app.tests[:1]


def a_test_is_edited(scene: Scene) -> None:
    scene.app.code = "edited"


def time_passed(scene: Scene) -> None:
    scene.world.later(days=8)


def record_deleted(scene: Scene) -> None:
    scene.world.record("app").unlink(missing_ok=True)


def page_deleted(scene: Scene) -> None:
    scene.app.page = DocsPage(state="missing")


def engine_gone(scene: Scene) -> None:
    for service in scene.world.services.values():
        service.parts["image"] = service.containers = NO_ENGINE
        service.drift = ()


def key_gone(scene: Scene) -> None:
    for service in scene.world.services.values():
        service.parts |= {"env": Unknown("no key"), "stanza": Unknown("no key")}
        service.key_id = ""


def upgraded(scene: Scene) -> None:
    for service in scene.world.services.values():
        service.carried = {1: str(service.fingerprint.digest)}
        service.version = 2


SAME = dict.fromkeys(STATES, "=")
LATE = ("changed", "dep_changed", "tests_changed", "expired")

Event = Callable[[Scene], None]
TABLE: list[tuple[Event, dict[str, str]]] = [
    (nothing, SAME),
    (edited_not_recreated, {**dict.fromkeys(STATES, "drifted"), "never_run": "="}),
    (edited_and_recreated, {**dict.fromkeys(STATES, "changed"), "never_run": "="}),
    (
        put_back_in_the_same_container,
        {"functional": "=", "changed": "functional", "drifted": "functional", "failing": "="},
    ),
    (
        failed_elsewhere_then_put_back,
        {"functional": "changed", "changed": "changed", "expired": "changed"},
    ),
    (
        put_back_in_another_container,
        {"functional": "changed", "changed": "changed", "drifted": "changed", "expired": "changed"},
    ),
    (clean_pass, {**dict.fromkeys(STATES, "functional"), "drifted": "="}),
    (flaky_pass, SAME),
    (partial, SAME),
    (skipped, SAME),
    (collect_only, SAME),
    (crashed, SAME),
    (failed, {**dict.fromkeys(STATES, "failing"), "drifted": "="}),
    (
        fingerprint_moved_meanwhile,
        {**dict.fromkeys(STATES, "changed"), "failing": "=", "drifted": "=", "never_run": "="},
    ),
    (
        container_moved_meanwhile,
        {**dict.fromkeys(STATES, "changed"), "failing": "=", "drifted": "=", "never_run": "="},
    ),
    (dependency_moved, {**dict.fromkeys(STATES, "worst dep_changed"), "never_run": "="}),
    (a_test_is_added, {**dict.fromkeys(STATES, "worst tests_changed"), "never_run": "="}),
    (a_test_is_removed, {**dict.fromkeys(STATES, "worst tests_changed"), "never_run": "="}),
    (a_test_is_edited, {**dict.fromkeys(STATES, "worst tests_changed"), "never_run": "="}),
    (time_passed, {**dict.fromkeys(STATES, "worst expired"), "never_run": "="}),
    (
        record_deleted,
        {
            **dict.fromkeys(STATES, "evidence_missing"),
            "failing": "=",
            "drifted": "=",
            "never_run": "=",
        },
    ),
    (page_deleted, {**SAME, "functional": "doc_missing"}),
    (engine_gone, {**SAME, "functional": "error", "drifted": "error"}),
    (key_gone, {**SAME, "functional": "error"}),
    (upgraded, SAME),
]


def cells() -> Iterator[object]:
    for event, row in TABLE:
        for state, then in row.items():
            yield pytest.param(event, state, then, id=f"{state}-{event.__name__}")


@pytest.mark.parametrize(("event", "state", "then"), list(cells()))
def test_transition(scene: Scene, event: Event, state: str, then: str) -> None:
    put_into(scene, state)
    event(scene)
    found = scene.world.index()["app"]
    expected = State(state if then == "=" else then.removeprefix("worst "))
    if then.startswith("worst "):
        expected = worst((State(state), expected))
    assert found.state is expected, found.findings
    # Looking again neither moves the state nor a byte.
    before = scene.world.ledger.status_path.read_bytes()
    assert scene.world.index()["app"].state is expected
    assert scene.world.ledger.status_path.read_bytes() == before


def test_back_with_a_failure_in_between_is_reverted(scene: Scene) -> None:
    put_into(scene, "functional")
    failed_elsewhere_then_put_back(scene)
    assert scene.world.index()["app"].reasons == ("reverted",)


@pytest.mark.parametrize("gone", [engine_gone, key_gone])
def test_in_a_repository_what_is_unknown_is_only_unverified(scene: Scene, gone: Event) -> None:
    put_into(scene, "functional")
    gone(scene)
    judgement = scene.world.judge("app", "repo")
    assert judgement.state is State.FUNCTIONAL
    assert any(one.startswith("part:") for one in judgement.entry.unverified)


def test_absence_is_no_drift_unless_it_must_run(scene: Scene) -> None:
    put_into(scene, "functional")
    scene.app.containers = ()
    judgement = scene.world.index()["app"]
    assert judgement.state is State.FUNCTIONAL
    assert judgement.entry.unverified == ("live:absent",)
    scene.app.must_run = True
    judgement = scene.world.index()["app"]
    assert (judgement.state, judgement.reasons) == (State.DRIFTED, ("absent",))


def test_dependencies_are_named(scene: Scene) -> None:
    put_into(scene, "functional")
    scene.world.services["db"].edit("image", "moved")
    assert scene.world.index()["app"].reasons == ("dependency:db",)
    scene.world.add("cache")
    scene.app.depends_on = ("cache",)
    reasons = scene.world.index()["app"].reasons
    assert reasons == ("dependency:cache:added", "dependency:db:removed")


def test_every_state_is_reached() -> None:
    reached = {then.removeprefix("worst ") for _, row in TABLE for then in row.values()} | set(
        STATES
    )
    missing = {state.value for state in State} - reached
    # These are reached in the case tables of tests and of pages.
    assert missing == {"no_tests", "doc_stale"}
