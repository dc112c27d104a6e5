"""What one thing alone decides: each test takes away or changes just that."""

import json
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.states import State
from stacktest.core.runs.verdict import RunFacts
from stacktest.core.unknown import Unknown
from tests.support.stack_simulator import NO_ENGINE, Service, StackSimulator


@pytest.fixture
def app(world: StackSimulator) -> Service:
    """A service that passed and is functional."""
    world.add("db")
    app = world.add("app", depends_on=("db",))
    assert world.run().credited() == {"app", "db"}
    assert world.state("app") is State.FUNCTIONAL
    return app


def last_run(world: StackSimulator) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(world.record("app", "last_run.json").read_text())
    return document


def test_tests_that_could_not_be_collected(world: StackSimulator, app: Service) -> None:
    app.tests_unknown = Unknown("suites/x.py: SyntaxError")
    for scope in ("host", "repo"):
        judgement = world.judge("app", scope)
        assert judgement.state is State.ERROR
        assert judgement.reasons == ("tests:suites/x.py: SyntaxError",)


def test_a_page_that_git_cannot_date(world: StackSimulator, app: Service) -> None:
    app.page = Unknown("this is a shallow clone")
    assert world.judge("app").reasons == ("doc:this is a shallow clone",)
    app.page = None
    judgement = world.judge("app")
    assert judgement.state is State.FUNCTIONAL
    assert judgement.entry.documented is False


def test_containers_that_nobody_can_see(world: StackSimulator, app: Service) -> None:
    app.containers = NO_ENGINE
    judgement = world.judge("app")
    assert judgement.state is State.ERROR
    assert judgement.reasons == ("live:no container engine answers",)
    assert world.judge("app", "repo").state is State.FUNCTIONAL


def test_a_stack_without_identity(world: StackSimulator, app: Service) -> None:
    world.stack = Unknown("no engine")
    assert world.judge("app").reasons == ("stack:no engine",)


def test_one_cause_is_one_reason(world: StackSimulator, app: Service) -> None:
    for service in world.services.values():
        service.containers = service.parts["image"] = NO_ENGINE
    world.stack = NO_ENGINE
    assert world.judge("app").reasons == ("stack:no container engine answers",)
    app.parts["build"] = Unknown("a link leads out of the project")
    assert world.judge("app").reasons == (
        "part:build: a link leads out of the project",
        "stack:no container engine answers",
    )


def test_a_dependency_that_cannot_be_read(world: StackSimulator, app: Service) -> None:
    world.services["db"].parts["image"] = Unknown("no image")
    judgement = world.judge("app")
    assert judgement.state is State.ERROR
    assert judgement.reasons == ("dependency:db: image: no image",)


def test_a_repository_that_cannot_be_read(world: StackSimulator, app: Service) -> None:
    app.repo = Unknown("not a git repository")
    assert world.judge("app").state is State.FUNCTIONAL
    judgement = world.judge("app", "repo")
    assert judgement.state is State.ERROR
    assert judgement.reasons == ("part:repo: not a git repository",)
    assert world.run().credited() == {"app", "db"}
    app.repo = "1" * 16
    assert world.judge("app", "repo").reasons == (
        "part:repo: not known when the pass was recorded",
    )


def test_a_record_of_a_run_that_is_older_than_the_pass(world: StackSimulator, app: Service) -> None:
    old = world.record("app", "last_run.json").read_text()
    world.run()
    world.record("app", "last_run.json").write_text(old)
    # This machine remembers the newer one, a clone does not.
    assert world.judge("app").state is State.EVIDENCE_MISSING
    (world.root / ".stacktest" / "last_runs.json").unlink()
    judgement = world.judge("app")
    assert judgement.state is State.ERROR
    assert judgement.reasons == ("evidence:last_run is older than last_pass",)


def test_a_failure_of_the_same_fingerprint_outlives_the_container(
    world: StackSimulator, app: Service
) -> None:
    world.run(app="failed")
    app.recreate()
    assert world.state("app") is State.FAILING
    app.containers = ()
    assert world.state("app") is State.FAILING


def test_a_pass_ends_what_happened_before_it(world: StackSimulator, app: Service) -> None:
    world.run(app="failed")
    assert last_run(world)["since_pass"]["failure"] is not None
    world.run()
    assert last_run(world)["since_pass"] == {"failure": None, "other": None}


def test_what_was_seen_is_noted_once(world: StackSimulator, app: Service) -> None:
    app.edit("config", "new")
    app.recreate()
    world.index()
    seen = last_run(world)["since_pass"]["other"]
    assert seen["fingerprint"] == app.fingerprint.digest
    world.later(hours=5)
    world.index()
    assert last_run(world)["since_pass"]["other"] == seen


@pytest.mark.parametrize("then", ["skipped", "crash", "partial"])
def test_what_was_seen_is_not_forgotten_by_a_run_that_proves_nothing(
    then: str, world: StackSimulator, app: Service
) -> None:
    first = app.parts["config"]
    app.edit("config", "new")
    app.recreate()
    world.index()
    app.parts["config"] = first
    app.recreate()
    if then == "partial":
        world.run([world.outcome(app.tests[0])], facts=RunFacts(selection="-k 0"))
    else:
        world.run(**({"crash": True} if then == "crash" else {"app": "skipped"}))
    assert world.judge("app").reasons == ("reverted",)


def test_a_dependency_that_moved_while_the_tests_ran(world: StackSimulator, app: Service) -> None:
    ran = world.run(meanwhile=lambda: world.services["db"].edit("image", "pulled"))
    assert ran.credited() == set()
    assert ran.refused["app"] == "its dependency db changed while its tests ran"


def test_a_key_that_came_or_went_while_the_tests_ran(world: StackSimulator, app: Service) -> None:
    def change_key() -> None:
        app.key_id = "k2"

    assert world.run(meanwhile=change_key).credited() == {"db"}


def test_why_a_retry_is_not_enough(world: StackSimulator, app: Service) -> None:
    def flaky() -> str:
        outcomes = [replace(one, flaky=True) for one in world.outcomes()]
        return world.run(outcomes).refused.get("app", "credited")

    assert flaky() == "credited"
    app.code = "v2"
    assert flaky() == "it passed only on a retry, which renews only a pass that holds"
    app.edit("config", "new")
    app.recreate()
    assert flaky() == "it passed only on a retry, and never cleanly as it is now"


def test_after_an_upgrade_the_pass_is_carried_over(world: StackSimulator, app: Service) -> None:
    for service in world.services.values():
        service.carried = {1: str(service.fingerprint.digest)}
        service.version = 2
    entry = world.index()["app"].entry
    assert entry.functional
    assert entry.fingerprint == entry.pass_fingerprint
    app.carried = {}
    assert world.judge("app").reasons == ("fingerprint_version",)


def test_what_a_first_run_left_open_is_told(world: StackSimulator) -> None:
    world.add("app")
    world.run([world.outcome("suites/test_app.py::test_0")], facts=RunFacts(selection="-k 0"))
    assert world.judge("app").reasons == (
        "run:1 of 2 tests that name app did not run: not selected by -k",
    )
    world.run(crash=True)
    assert world.judge("app").reasons == ("run:unfinished",)
