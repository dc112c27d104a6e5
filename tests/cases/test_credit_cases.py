"""Who earns a pass: one test per row T of the case table, by its id.

These are the rows as the fold and the credit see them; those that are about what pytest's own
options do are run with a real pytest in tests/plugin.
"""

import ast
import json
from datetime import timedelta
from typing import Any

import pytest

from stacktest.application.lint_suites import weak_spots
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.states import State
from stacktest.core.records.exemption import Exemption
from stacktest.core.route import Route
from stacktest.core.runs.credit import NotCredited, credit
from stacktest.core.runs.verdict import Inventory, Result, RunFacts
from stacktest.core.unknown import Unknown
from tests.support.known import known
from tests.support.stack_simulator import StackSimulator


@pytest.mark.case("T1", "T2")
def test_nothing_was_executed(world: StackSimulator) -> None:
    world.add("caddy")
    ran = world.run([], facts=RunFacts(selection="--collect-only"))
    assert ran.credited() == set()
    assert ran.verdicts["caddy"].kind == "untouched"
    reason = "no test that names caddy was asked to run: --collect-only"
    assert ran.verdicts["caddy"].reasons == (reason,)
    assert world.state("caddy") is State.NEVER_RUN
    # The same outcomes without the option do earn it.
    assert world.run().credited() == {"caddy"}


@pytest.mark.case("T3")
def test_one_file_while_another_is_broken(world: StackSimulator) -> None:
    world.add("a")
    world.add("b")
    only_a = [world.outcome(nodeid) for nodeid in world.services["a"].tests]
    broken = Inventory(
        required=world.inventory().required, complete=False, why=("b.py: SyntaxError",)
    )
    assert world.run(only_a, inventory=broken).credited() == set()
    ran = world.run(only_a, facts=RunFacts(selection="suites/test_a.py"))
    assert ran.credited() == {"a"}
    assert ran.verdicts["b"].kind == "untouched"


@pytest.mark.case("T4")
def test_a_filter_leaves_a_part_out(world: StackSimulator) -> None:
    world.add("caddy", tests=4)
    world.add("whole", tests=1)
    first, second, *rest = world.services["caddy"].tests
    outcomes = [world.outcome(n) for n in (first, second, *world.services["whole"].tests)]
    facts = RunFacts(deselected=frozenset(rest), selection="-k 'caddy ok'")
    ran = world.run(outcomes, facts=facts)
    assert ran.credited() == {"whole"}
    assert ran.verdicts["caddy"].kind == "incomplete"
    assert ran.verdicts["caddy"].reasons == (
        "2 of 4 tests that name caddy did not run: deselected by -k 'caddy ok'",
    )


@pytest.mark.case("T5")
def test_zero_tests(world: StackSimulator) -> None:
    world.add("caddy")
    ran = world.run([], facts=RunFacts(selection="-k zzz"))
    assert ran.credited() == set()
    assert ran.verdicts["caddy"].reasons == ("no test that names caddy was asked to run: -k zzz",)


@pytest.mark.case("T6")
def test_one_of_many_was_picked_in_the_code(world: StackSimulator) -> None:
    world.add("caddy", tests=3)
    ran = world.run([world.outcome(world.services["caddy"].tests[0])])
    assert ran.credited() == set()
    assert ran.verdicts["caddy"].reasons == (
        "2 of 3 tests that name caddy did not run: no report of it arrived",
    )


@pytest.mark.case("T7")
def test_skipped_or_expected_to_fail(world: StackSimulator) -> None:
    world.add("caddy")
    phrases: dict[Result, str] = {
        "skipped": "were skipped",
        "xfailed": "were expected to fail",
        "xpassed": "were expected to fail, although it passed",
    }
    for result, said in phrases.items():
        ran = world.run(caddy=result)
        assert ran.credited() == set()
        assert ran.verdicts["caddy"].kind == "incomplete"
        assert said in ran.verdicts["caddy"].reasons[0]
    assert world.state("caddy") is State.NEVER_RUN
    # One skipped test among passed ones is enough.
    first, second = world.services["caddy"].tests
    mixed = [world.outcome(first), world.outcome(second, "skipped", reason="no licence")]
    ran = world.run(mixed)
    assert ran.credited() == set()
    assert ran.verdicts["caddy"].reasons == (
        f"1 of 2 tests that name caddy was skipped: {second} (no licence)",
    )


@pytest.mark.case("T8")
def test_passed_on_a_retry(world: StackSimulator) -> None:
    service = world.add("caddy")
    first, second = service.tests

    def flaky() -> list[Any]:
        return [world.outcome(first, flaky=True), world.outcome(second)]

    ran = world.run(flaky())
    assert "only on a retry" in ran.refused["caddy"]
    assert world.state("caddy") is State.NEVER_RUN
    assert world.run().credited() == {"caddy"}
    # A pass that stands is renewed, and says how.
    world.later(days=3)
    ran = world.run(flaky())
    assert ran.passes["caddy"].quality == "flaky"
    assert world.state("caddy") is State.FUNCTIONAL
    # One that does not stand any more is not.
    world.later(days=8)
    assert world.state("caddy") is State.EXPIRED
    assert world.run(flaky()).credited() == set()
    assert world.state("caddy") is State.EXPIRED
    service.edit("config", "new")
    service.recreate()
    assert world.run(flaky()).credited() == set()
    assert world.state("caddy") is State.CHANGED


@pytest.mark.case("T9")
def test_failed_then_skipped_itself(world: StackSimulator) -> None:
    world.add("caddy", tests=1)
    assert world.run().credited() == {"caddy"}
    nodeid = world.services["caddy"].tests[0]
    ran = world.run([world.outcome(nodeid, "skipped", flaky=True)])
    assert ran.credited() == set()
    assert ran.verdicts["caddy"].kind == "failed"
    assert "it never passed" in ran.verdicts["caddy"].reasons[0]
    assert world.state("caddy") is State.FAILING


@pytest.mark.case("T10")
def test_shards(world: StackSimulator) -> None:
    service = world.add("caddy", tests=4)
    halves = [[world.outcome(n) for n in half] for half in (service.tests[:2], service.tests[2:])]
    for half in halves:
        assert world.run(half, facts=RunFacts(selection="--shard=1/2")).credited() == set()
    assert world.run([*halves[0], *halves[1]]).credited() == {"caddy"}
    # Not when the service was not the same thing in all of them.
    ran = world.run(
        [*halves[0], *halves[1]], meanwhile=lambda: service.edit("config", "between the shards")
    )
    assert ran.credited() == set()


@pytest.mark.case("T11")
def test_no_test_names_it(world: StackSimulator) -> None:
    world.add("caddy")
    world.add("watchtower", tests=0)
    ran = world.run()
    assert ran.credited() == {"caddy"}
    assert "watchtower" not in ran.verdicts
    assert world.state("watchtower") is State.NO_TESTS
    assert not world.gate().open


@pytest.mark.case("T12")
def test_nothing_is_asserted(world: StackSimulator) -> None:
    world.add("mkdocs")
    bare = [world.outcome(n, assertions=0) for n in world.services["mkdocs"].tests]
    ran = world.run(bare)
    assert ran.credited() == set()
    (reason,) = ran.verdicts["mkdocs"].reasons
    assert reason.startswith("2 of 2 tests that name mkdocs assert nothing: suites/test_mkdocs.py")


@pytest.mark.case("T13")
def test_only_its_neighbour_was_asked(world: StackSimulator) -> None:
    world.add("loki")
    service = world.add("promtail", tests=2)
    world.services["loki"].tests += service.tests
    ran = world.run(
        [
            *(world.outcome(n, contacts=("loki",)) for n in service.tests),
            *(world.outcome(n) for n in world.services["loki"].tests[:2]),
        ]
    )
    assert ran.credited() == {"loki"}
    assert ran.verdicts["promtail"].reasons == tuple(
        f"{n} names promtail but never touched it" for n in service.tests
    )
    # One test of several that does not touch it is enough to doubt the marker.
    first, second = service.tests
    ran = world.run([world.outcome(first), world.outcome(second, contacts=("loki",))])
    assert ran.verdicts["promtail"].kind == "incomplete"
    # A test that says why it need not touch the service is believed.
    said = Inventory(
        required=tuple(
            replace(test, no_contact=frozenset(test.services))
            for test in world.inventory().required
        ),
        complete=True,
    )
    ran = world.run([world.outcome(n, contacts=()) for n in service.tests], inventory=said)
    assert "promtail" in ran.credited()


@pytest.mark.case("T14")
def test_any_status_will_do(world: StackSimulator) -> None:
    code = """
def test_either(api):
    assert api("benthos").get("/ping").status_code in [200, 404]

def test_anything(api):
    response = api("benthos").get("/")
    assert response.status_code < 600

def test_one(api):
    assert api("benthos").get("/ping").status_code == 200
"""
    functions = ast.parse(code).body
    kinds = [[kind for kind, _, _ in weak_spots(function)] for function in functions]
    assert kinds == [["statuses"], ["statuses"], []]


@pytest.mark.case("T15")
def test_one_broken_test_costs_the_others_nothing(world: StackSimulator) -> None:
    for name in ("librechat", *(f"s{n}" for n in range(28))):
        world.add(name)
    ran = world.run(librechat="failed")
    assert ran.credited() == {f"s{n}" for n in range(28)}
    states = {name: one.state for name, one in world.index().items()}
    assert states.pop("librechat") is State.FAILING
    assert set(states.values()) == {State.FUNCTIONAL}


@pytest.mark.case("T16")
def test_a_failure_outweighs_older_passes(world: StackSimulator) -> None:
    world.add("caddy")
    assert world.run().credited() == {"caddy"}
    world.later(days=1)
    first, _ = world.services["caddy"].tests
    # Even one failure of a run that did not get to its other tests.
    ran = world.run([world.outcome(first, "failed", reason="'Phase 8' == 'phase 7'")])
    assert ran.verdicts["caddy"].kind == "failed"
    assert world.state("caddy") is State.FAILING
    assert world.judge("caddy").reasons == (f"test:{first}",)


@pytest.mark.case("T17")
def test_services_come_from_the_model_and_markers(world: StackSimulator) -> None:
    names = [f"s{n}" for n in range(36)]
    for name in names:
        world.add(name, tests=0 if name == "s7" else 1)
    ran = world.run()
    assert ran.credited() == set(names) - {"s7"}
    assert world.state("s7") is State.NO_TESTS
    gate = world.gate()
    assert [blocker.service for blocker in gate.blockers] == ["s7"]


@pytest.mark.case("T18")
def test_a_pass_of_a_service_that_is_gone(world: StackSimulator) -> None:
    world.add("ghost")
    world.add("caddy")
    world.run()
    world.index()
    del world.services["ghost"]
    world.index()
    meta = known(world.ledger.read_meta())
    assert meta.warnings == ("ghost: has records, but is not a service of the stack",)
    assert set(world.status) == {"caddy"}
    # A run names nothing that the stack does not have.
    assert world.run().credited() == {"caddy"}


@pytest.mark.case("T19")
def test_it_changed_after_it_was_tested(world: StackSimulator) -> None:
    world.add("caddy")
    world.add("other")
    ran = world.run(meanwhile=lambda: world.services["caddy"].edit("config", "edited at 10:15"))
    assert ran.credited() == {"other"}
    assert ran.refused["caddy"] == "it changed while its tests ran: config"
    # Each service has its own time: the start of the first of its own tests.
    passed = ran.passes["other"]
    assert passed.timestamp == ran.verdicts["other"].started
    assert passed.timestamp != ran.verdicts["caddy"].started
    # Restarted in the middle: it is not one thing that was tested, either.
    ran = world.run(meanwhile=world.services["other"].recreate)
    assert ran.credited() == {"caddy"}
    assert "replaced or restarted" in ran.refused["other"]


@pytest.mark.case("T20")
def test_the_newest_run_failed(world: StackSimulator) -> None:
    world.add("caddy")
    world.run(id="good")
    world.later(hours=1)
    world.run(id="bad", caddy="failed")
    last_run = json.loads(world.record("caddy", "last_run.json").read_text())
    assert (last_run["run"]["id"], last_run["verdict"]) == ("bad", "failed")
    assert json.loads(world.record("caddy").read_text())["run"]["id"] == "good"
    assert world.state("caddy") is State.FAILING
    # A partial run hides nothing; only a pass does.
    world.run([world.outcome(world.services["caddy"].tests[0])], facts=RunFacts(selection="-k 0"))
    assert world.state("caddy") is State.FAILING
    assert world.run().credited() == {"caddy"}
    assert world.state("caddy") is State.FUNCTIONAL


@pytest.mark.case("T21", "field/c16")
def test_tests_of_another_machine(world: StackSimulator) -> None:
    world.add("caddy")
    world.stack = "shop@laptop"
    assert world.run().credited() == {"caddy"}
    # The laptop's records, copied here.
    world.stack = "shop@engine-1"
    judgement = world.judge("caddy")
    assert judgement.state is State.ERROR
    assert "another stack, 'shop@laptop'" in judgement.reasons[0]
    # A green run on this machine replaces them.
    assert world.run().credited() == {"caddy"}
    assert world.state("caddy") is State.FUNCTIONAL


@pytest.mark.case("T22")
def test_half_a_record(world: StackSimulator) -> None:
    world.add("caddy")
    world.add("other")
    world.run()
    path = world.record("caddy")
    half = path.read_text()[:40]
    path.write_text(half)
    assert world.state("caddy") is State.ERROR
    assert world.state("other") is State.FUNCTIONAL
    assert not world.gate().open
    assert world.gate().exit_code == 11
    # A run does not cover it, either.
    ran = world.run()
    assert ran.credited() == {"other"}
    assert "last_pass.json is not valid JSON" in ran.refused["caddy"]
    assert path.read_text() == half


def test_a_test_that_is_not_in_the_inventory_is_a_doubt(world: StackSimulator) -> None:
    world.add("caddy", tests=1)
    stranger = world.outcome("suites/x.py::test_new", services=("caddy",), contacts=("caddy",))
    ran = world.run([*world.outcomes(), stranger])
    assert ran.verdicts["caddy"].reasons == (
        "suites/x.py::test_new ran but is not in the inventory of caddy",
    )


def test_a_service_that_moved_is_told_before_tests_that_were_edited(world: StackSimulator) -> None:
    world.add("caddy")
    before = world.snapshot("caddy")
    ran = world.run()
    told: dict[str, Any] = {
        "before": before,
        "tests": world.tests()["caddy"],
        "run": replace(ran.passes["caddy"].run, finished=world.now),
        "state_before": None,
        "previous_pass": None,
        "edited": ("suites/test_caddy.py",),
    }
    why = "the code of its tests changed meanwhile: suites/test_caddy.py"
    same = credit(ran.verdicts["caddy"], after=before, **told)
    assert same == NotCredited(reason=why)
    world.services["caddy"].recreate()
    moved = credit(ran.verdicts["caddy"], after=world.snapshot("caddy"), **told)
    assert isinstance(moved, NotCredited)
    assert moved.moved


def test_an_interrupted_run_credits_nobody(world: StackSimulator) -> None:
    world.add("caddy")
    ran = world.run(facts=RunFacts(interrupted=True))
    assert ran.credited() == set()
    assert ran.verdicts["caddy"].reasons == ("the run was interrupted",)


def test_a_run_that_ended_early_credits_complete_services_only(world: StackSimulator) -> None:
    world.add("a")
    world.add("b")
    outcomes = [
        world.outcome(n) for n in (*world.services["a"].tests, world.services["b"].tests[0])
    ]
    ran = world.run(outcomes, facts=RunFacts(ended_early="-x"))
    assert ran.credited() == {"a"}
    assert ran.verdicts["b"].reasons == (
        "1 of 2 tests that name b did not run: the run ended early (-x)",
    )


def test_a_file_that_cannot_be_collected_costs_its_own_services_credit(
    world: StackSimulator,
) -> None:
    world.add("caddy")
    world.add("redis")
    world.services["caddy"].tests_unknown = Unknown("SyntaxError: invalid syntax")
    ran = world.run()
    assert ran.credited() == {"redis"}
    assert ran.verdicts["caddy"].reasons == (
        "suites/test_caddy.py was not collected (SyntaxError: invalid syntax), and it names caddy",
    )


@pytest.mark.parametrize("result", ["crashed", "unfinished"])
def test_what_did_not_end_neither_credits_nor_revokes(
    world: StackSimulator, result: Result
) -> None:
    world.add("caddy")
    world.run()
    ran = world.run(caddy=result)
    assert ran.verdicts["caddy"].kind == "incomplete"
    assert world.state("caddy") is State.FUNCTIONAL


def test_an_error_in_tear_down_revokes(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    assert world.run(caddy="error").verdicts["caddy"].kind == "failed"
    assert world.state("caddy") is State.FAILING


def test_a_test_that_was_reported_twice_counts_by_its_worst(world: StackSimulator) -> None:
    world.add("caddy", tests=1)
    nodeid = world.services["caddy"].tests[0]
    ran = world.run([world.outcome(nodeid, "failed"), world.outcome(nodeid)])
    assert ran.verdicts["caddy"].kind == "failed"


def test_no_credit_while_what_runs_is_not_what_the_files_say(world: StackSimulator) -> None:
    service = world.add("caddy", drift=("image:newer behind the tag",))
    reason = world.run().refused["caddy"]
    assert "not what the files say: image:newer behind the tag" in reason
    service.drift = tuple(f"stale:{number}" for number in range(8))
    assert world.run().refused["caddy"].endswith("stale:3; stale:4; and 3 more")
    service.drift = ()
    service.containers = ()
    assert "no container" in world.run().refused["caddy"]


@pytest.mark.case("freshness/c03-dependency-drifted")
def test_no_credit_on_a_dependency_that_is_not_what_the_files_say(world: StackSimulator) -> None:
    db = world.add("db")
    world.add("app", depends_on=("db",))
    assert world.run().credited() == {"app", "db"}
    # Edited, and the old container still runs.
    db.edit("stanza", "five databases")
    db.drift = ("command",)
    app = world.services["app"]
    ran = world.run([world.outcome(test) for test in app.tests])
    assert ran.credited() == set()
    assert "its dependency db" in ran.refused["app"]
    # Applied, and tested by itself: nothing was said about app on it.
    db.drift = ()
    db.recreate()
    assert world.run([world.outcome(test) for test in db.tests]).credited() == {"db"}
    assert world.state("app") is State.DEP_CHANGED
    assert not world.gate().open
    # It is, once its own tests ran on it.
    assert world.run([world.outcome(test) for test in app.tests]).credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_no_credit_for_routes_that_the_front_door_has_not_read(
    world: StackSimulator, when: str
) -> None:
    door, site, _ = world.add("caddy"), world.add("site"), world.add("db")
    world.front_door = "caddy"
    world.routes = (Route(host="www.home.lan", service="site", port=8081),)

    def edit_its_file() -> None:
        door.drift = ("stale:configs/Caddyfile",)

    if when == "before":
        edit_its_file()
    ran = world.run(meanwhile=edit_its_file)
    assert ran.credited() == {"db"}
    assert ran.refused["site"] == "the front door caddy is drifted: stale:configs/Caddyfile"
    # Started again, it has read them.
    door.drift = ()
    assert world.run().credited() == {"caddy", "site", "db"}
    # How the door itself does is no matter of its routes, and an exemption allows the rest.
    door.drift = ("container:unhealthy",)
    assert world.run().credited() == {"site", "db"}
    door.drift = ("stale:configs/Caddyfile",)
    until = world.now.date() + timedelta(days=1)
    world.exempt = [
        Exemption(service="caddy", states=("drifted",), reason="reloaded by hand", until=until)
    ]
    assert world.run().credited() == {"site", "db"}
    # Tests ask a service by the door that its file leads elsewhere now.
    world.exempt, world.routes = [], ()
    seen = {"caddy": world.snapshot("caddy"), "site": world.snapshot("site")}
    observe = world.real_judge().observation
    assert observe("site", seen).doors == {}
    assert observe("site", seen, is_routed=True).doors == {"caddy": seen["caddy"]}
    assert site.drift == ()


@pytest.mark.case("field/b22")
@pytest.mark.parametrize("trouble", ["unhealthy", "fails its tests", "edited"])
def test_an_optional_dependency_costs_no_credit(world: StackSimulator, trouble: str) -> None:
    otel = world.add("otel")
    world.add("app", optional=("otel",))
    results: dict[str, Any] = {"otel": "failed"} if trouble == "fails its tests" else {}
    if trouble == "unhealthy":
        otel.drift = ("container:unhealthy",)
    elif trouble == "edited":
        otel.edit("stanza", "five collectors")
        otel.drift = ("command",)
    assert world.run(**results).credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL
    # A change of one that was what its files say is still seen; of the others nothing was claimed.
    otel.edit("config", "other")
    is_claimed = trouble == "fails its tests"
    assert world.state("app") is (State.DEP_CHANGED if is_claimed else State.FUNCTIONAL)


def test_the_tests_that_ran_have_to_be_the_required_ones(world: StackSimulator) -> None:
    world.add("caddy")
    snapshot, ran = world.snapshot("caddy"), world.run()
    refusal = credit(
        ran.verdicts["caddy"],
        before=snapshot,
        after=snapshot,
        tests=replace(world.tests()["caddy"], required=3),
        run=ran.passes["caddy"].run,
        state_before=None,
        previous_pass=None,
    )
    assert refusal == NotCredited(reason="the tests that ran are not the required ones")
