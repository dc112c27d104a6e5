"""A stack that did not come up is evidence: recorded, judged, told, until a run brings it up."""

import json
from collections.abc import Iterator

import pytest

from stacktest.adapters.ledger.run_texts import read_texts
from stacktest.application.notify import current_status
from stacktest.core.freshness.states import State
from stacktest.core.plan import Plan
from stacktest.core.records.documents import LastRun
from stacktest.core.runs.changes import CurrentStatus, ReportedStatus, known, news
from stacktest.core.runs.history import classify
from stacktest.core.runs.verdict import RunFacts
from stacktest.errors import LockHeldError, StackNotReadyError, ToolMissingError, UsageError
from tests.support.stack_simulator import StackSimulator, in_memory

PORT = "127.0.0.1:80 is taken by another program"


@pytest.fixture
def simulator() -> Iterator[StackSimulator]:
    """Two services that need each other, one that stands alone; all proved."""
    with in_memory() as simulator:
        simulator.add("db")
        simulator.add("app", depends_on=("db",))
        simulator.add("other")
        simulator.run()
        assert set(simulator.states().values()) == {State.FUNCTIONAL}
        simulator.later(hours=1)
        yield simulator


@pytest.mark.case("field/c01")
@pytest.mark.parametrize(
    "error",
    [
        StackNotReadyError(PORT, where="services.app.ports"),
        ToolMissingError("the container engine does not answer", hint="restart it"),
    ],
    ids=["a port is taken", "the engine stands still"],
)
def test_a_start_that_failed_as_a_whole_closes_the_gate(
    simulator: StackSimulator, error: StackNotReadyError | ToolMissingError
) -> None:
    simulator.start_error = error
    ran = simulator.run()
    assert ran.credited() == set()
    assert set(simulator.states().values()) == {State.FAILING}
    assert simulator.judge("other").reasons == (f"start:{error.what}",)
    gate = simulator.gate()
    assert not gate.open
    assert {blocker.service for blocker in gate.blockers} == {"app", "db", "other"}
    # What was committed says so, too, without a look at anything.
    assert not simulator.gate(look=False).open
    assert {entry["state"] for entry in simulator.status.values()} == {"failing"}


def test_a_service_that_did_not_come_up_costs_what_needs_it(simulator: StackSimulator) -> None:
    simulator.start_error = StackNotReadyError("db exited 3", service="db")
    simulator.run()
    assert simulator.states() == {
        "db": State.FAILING,
        "app": State.FAILING,
        "other": State.FUNCTIONAL,
    }
    assert simulator.judge("app").reasons == ("start:app needs db, which is not up: db exited 3",)


def test_what_came_up_beside_it_is_tested_and_credited(simulator: StackSimulator) -> None:
    simulator.start_failures = {"db": "db exited 3"}
    outcomes = [simulator.outcome(nodeid) for nodeid in simulator.services["other"].tests]
    ran = simulator.run(outcomes)
    assert ran.credited() == {"other"}
    assert simulator.judge("db").reasons == ("start:db exited 3",)
    assert simulator.judge("app").state is State.FAILING


def test_it_stands_until_a_run_brings_the_service_up(simulator: StackSimulator) -> None:
    simulator.start_error = StackNotReadyError(PORT)
    simulator.run()
    simulator.start_error = None
    # The files and containers are what passed: that alone does not end it, nor does a run of others.
    simulator.later(hours=1)
    only_other = [simulator.outcome(nodeid) for nodeid in simulator.services["other"].tests]
    simulator.run(only_other, facts=RunFacts(selection="-k other"))
    assert simulator.states()["other"] is State.FUNCTIONAL
    assert simulator.states()["db"] is simulator.states()["app"] is State.FAILING
    # A part of app's tests brings db up, whose pass holds again; app was up, too.
    one_of_app = [simulator.outcome(simulator.services["app"].tests[0])]
    simulator.run(one_of_app, facts=RunFacts(selection="-k app"))
    assert simulator.states() == dict.fromkeys(("db", "app", "other"), State.FUNCTIONAL)
    assert simulator.gate().open


@pytest.mark.parametrize("name", ["last_run.json", "last_pass.json"])
def test_a_lost_record_does_not_open_the_gate(simulator: StackSimulator, name: str) -> None:
    simulator.start_error = StackNotReadyError(PORT)
    simulator.run()
    for service in simulator.services:
        simulator.record(service, name).unlink()
    assert not simulator.gate().open
    assert State.FUNCTIONAL not in simulator.states().values()


def test_a_service_that_never_passed_says_why(simulator: StackSimulator) -> None:
    simulator.add("new")
    simulator.start_error = StackNotReadyError(PORT)
    simulator.run()
    assert simulator.judge("new").state is State.FAILING
    assert simulator.judge("new").reasons == (f"start:{PORT}",)


def test_the_history_tells_it_and_does_not_call_it_a_flake(simulator: StackSimulator) -> None:
    simulator.start_error = StackNotReadyError(PORT)
    simulator.run()
    lines = simulator.ledger.history("other")[0]
    assert (lines[-1].verdict, lines[-1].start) == ("failed", PORT)
    trend = classify(lines)
    assert (trend.trend, trend.failures) == ("failing", 1)
    simulator.start_error = None
    simulator.run()
    assert classify(simulator.ledger.history("other")[0]).trend == "steady"


@pytest.mark.parametrize("error", [UsageError("no such mode"), LockHeldError("another run")])
def test_what_the_person_typed_or_another_run_holds_is_no_evidence(
    simulator: StackSimulator, error: LockHeldError | UsageError
) -> None:
    simulator.start_error = error
    simulator.run()
    assert set(simulator.states().values()) == {State.FUNCTIONAL}


def test_an_interrupt_is_no_evidence(
    simulator: StackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_plan: Plan) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(simulator, "bring_up", interrupt)
    with pytest.raises(KeyboardInterrupt):
        simulator.run()
    assert set(simulator.states().values()) == {State.FUNCTIONAL}


def test_secrets_do_not_enter_the_record(simulator: StackSimulator) -> None:
    simulator.environment = {"DB_PASSWORD": "geheim-0815"}
    simulator.start_error = StackNotReadyError(
        "db exited 1: cannot reach postgres://x:geheim-0815@db"
    )
    simulator.run()
    records = [simulator.record("db", name) for name in ("last_run.json", "history.jsonl")]
    assert not any("cannot reach" in path.read_text() for path in records)
    assert "db exited 1" in records[0].read_text()
    texts = read_texts(simulator.root)["db"][-1]
    assert texts.sentences == {
        "db exited 1": "db exited 1: cannot reach postgres://x:[redacted]@db"
    }


@pytest.mark.case("field/x02")
def test_a_failing_assertion_s_secret_does_not_enter_the_record(simulator: StackSimulator) -> None:
    simulator.environment = {"DB_PASSWORD": "geheim-0815"}
    nodeid = simulator.services["db"].tests[0]
    simulator.run([simulator.outcome(nodeid, "failed", reason="assert 'geheim-0815' == 'x'")])
    written = {p: p.read_text() for p in simulator.root.rglob("*") if p.is_file()}
    assert [path.name for path, text in written.items() if "== 'x'" in text] == ["texts.json"]
    assert not any("geheim-0815" in text for text in written.values())
    texts = read_texts(simulator.root)["db"][-1]
    assert texts.failure(nodeid) == f"{nodeid} failed: assert '[redacted]' == 'x'"


def test_news_tell_it_once_and_again_only_when_it_is_over(simulator: StackSimulator) -> None:
    def status() -> CurrentStatus:
        return current_status(simulator.real_judge(), simulator.judge_all(), simulator.now)

    everything = ReportedStatus(functional=frozenset(simulator.services))
    simulator.start_error = StackNotReadyError(PORT)
    simulator.run()
    first = news(everything, status())
    assert (first.trouble_began, first.changes, status().well) == (True, (), False)
    reported = known(everything, status())
    # A look without a run changes nothing of it.
    assert not news(reported, status())
    simulator.start_error = None
    simulator.run()
    over = news(reported, status())
    assert (over.trouble_ended, over.changes, status().well) == (True, (), True)


def test_a_run_that_was_recorded_before_reads_without_it(simulator: StackSimulator) -> None:
    document = json.loads(simulator.record("db", "last_run.json").read_text())
    assert document.pop("start") is None
    simulator.record("db", "last_run.json").write_text(json.dumps(document))
    assert simulator.judge("db").state is State.FUNCTIONAL


FELL = {"db": "was running, is exited 9: out of shared memory", "other": "is unhealthy"}


@pytest.mark.parametrize("tests", [("db", "app", "other"), ("app",)], ids=["all", "a part"])
def test_a_service_that_does_not_stay_up_closes_the_gate(
    simulator: StackSimulator, tests: tuple[str, ...]
) -> None:
    """Its tests passed before it fell, or it has none in this run: it is down all the same."""
    simulator.fallen = FELL

    def fall() -> None:
        for name, why in (("db", "container:exited 9"), ("other", "container:unhealthy")):
            simulator.services[name].drift = (why,)

    nodeids = [nodeid for name in tests for nodeid in simulator.services[name].tests]
    facts = RunFacts() if len(tests) > 1 else RunFacts(selection="app only")
    ran = simulator.run([simulator.outcome(n) for n in nodeids], facts=facts, meanwhile=fall)
    assert not ran.credited() & {"db", "other"}
    # The run takes its containers down, and nothing but the records is left of what it saw.
    for name in ("db", "other"):
        simulator.services[name].drift = ()
    cause = "start:db was ready and did not stay so: was running, is exited 9"
    assert (simulator.judge("db").state, simulator.judge("db").reasons) == (State.FAILING, (cause,))
    assert simulator.judge("other").state is State.FAILING
    assert not simulator.gate(look=False).open
    course = classify(simulator.ledger.history("db")[0])
    assert (course.is_up, course.has_fallen) == (False, True)
    # Until a run brings it up, and it stays so.
    simulator.fallen = {}
    simulator.run()
    assert set(simulator.states().values()) == {State.FUNCTIONAL}


def test_the_end_of_a_run_that_is_lost_does_not_bring_up_what_fell(
    simulator: StackSimulator,
) -> None:
    before = simulator.ledger.read("other").last_run
    simulator.fallen = {"other": "is unhealthy"}
    simulator.run(
        meanwhile=lambda: setattr(simulator.services["other"], "drift", ("container:unhealthy",))
    )
    simulator.services["other"].drift = ()
    assert simulator.judge("other").state is State.FAILING
    assert isinstance(before, LastRun)
    simulator.ledger.close_run({"other": before}, {}, {})
    assert simulator.judge("other").state is not State.FUNCTIONAL
