"""What a run leaves in the records: the gate, the reports and the reasons go by it."""

from collections.abc import Iterator

import pytest

from stacktest.core.freshness.states import State
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.core.runs.verdict import Result
from stacktest.core.unknown import Unknown
from stacktest.errors import StackNotReadyError
from stacktest.reports.export.metrics import metrics
from stacktest.reports.report_data import Board
from tests.support.stack_simulator import StackSimulator, in_memory


@pytest.fixture
def simulator() -> Iterator[StackSimulator]:
    """Two services that are proved."""
    with in_memory() as simulator:
        simulator.add("app")
        simulator.add("other")
        simulator.run()
        assert simulator.gate().open
        simulator.later(hours=1)
        yield simulator


@pytest.mark.case("field/c02")
@pytest.mark.parametrize(
    ("result", "contacts"),
    [("failed", ()), ("failed", ("app",)), ("error", ())],
    ids=["the door says 502", "it says 500 itself", "its fixture fails"],
)
def test_a_service_that_stopped_to_answer_closes_the_gate(
    simulator: StackSimulator, result: Result, contacts: tuple[str, ...]
) -> None:
    tests = simulator.services["app"].tests
    simulator.run(
        [simulator.outcome(nodeid, result, contacts=contacts) for nodeid in tests]
        + [simulator.outcome(nodeid) for nodeid in simulator.services["other"].tests]
    )
    assert simulator.states() == {"app": State.FAILING, "other": State.FUNCTIONAL}
    gate = simulator.gate()
    assert (gate.open, {blocker.service for blocker in gate.blockers}) == (False, {"app"})
    # Nor is it open for somebody who has nothing but the records.
    assert not simulator.gate(look=False).open


@pytest.mark.case("field/c28")
def test_a_failing_test_that_was_deleted_fails_no_longer(simulator: StackSimulator) -> None:
    first, second = simulator.services["app"].tests
    simulator.run([simulator.outcome(first), simulator.outcome(second, "failed")])
    assert simulator.judge("app").state is State.FAILING
    simulator.services["app"].tests = (first,)
    judgement = simulator.judge("app")
    assert judgement.state is not State.FUNCTIONAL
    assert not [reason for reason in judgement.reasons if second in reason]
    assert simulator.run().credited() == {"app", "other"}
    assert simulator.state("app") is State.FUNCTIONAL


@pytest.mark.case("field/b55")
@pytest.mark.parametrize("is_whole", [True, False], ids=["the stack", "one service"])
def test_metrics_after_a_start_that_failed_are_not_those_of_the_pass(
    simulator: StackSimulator, is_whole: bool
) -> None:
    before = measured(simulator)
    if is_whole:
        simulator.start_error = StackNotReadyError("127.0.0.1:80 is taken")
    else:
        simulator.start_failures = {"app": "app exited 3"}
    simulator.run()
    after = measured(simulator)
    assert 'stacktest_service_functional{service="app"} 1.0' in before - after
    assert 'stacktest_service_functional{service="app"} 0.0' in after - before
    assert 'stacktest_service_state{service="app",state="failing"} 1.0' in after - before
    assert "stacktest_gate_open 0.0" in after - before


def measured(simulator: StackSimulator) -> set[str]:
    """The lines of the metrics, as `stacktest export metrics` makes them of the records."""
    simulator.index()
    ledger = simulator.ledger
    status, meta = ledger.read_status(), ledger.read_meta()
    assert status is not None
    assert meta is not None
    assert not isinstance(status, Unknown)
    assert not isinstance(meta, Unknown)
    evidence = ledger.read_all(ledger.services())
    passes = {name: records.last_pass for name, records in evidence.items()}
    runs = {name: records.last_run for name, records in evidence.items()}
    board = Board(
        stack=simulator.model(),
        status=status,
        meta=meta,
        now=simulator.now,
        passes={name: record for name, record in passes.items() if isinstance(record, LastPass)},
        runs={name: record for name, record in runs.items() if isinstance(record, LastRun)},
        gate=simulator.gate(look=False),
    )
    return set(metrics(board).splitlines())
