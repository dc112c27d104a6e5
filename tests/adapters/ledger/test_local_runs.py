"""Which counts of two records: the one in the repository, or this machine's copy of its last run."""

from datetime import UTC, datetime

import pytest

from stacktest.adapters.ledger.local_runs import missing_run, newer_run
from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import FailedStart, Failure, LastRun
from stacktest.core.unknown import Unknown

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NO_FINGERPRINT = FingerprintRecord.unknown()
FAILURE = Failure(
    run="f", seq=1, started=NOW, fingerprint=NO_FINGERPRINT, drifted=False, tests=("t",)
)
START = FailedStart(run="f", seq=1, at=NOW, cause="app exited 3")


def record(text: str, *, service: str = "app", stack: str = "s") -> LastRun:
    """`a 5 passed`: the run `a` has the number 5 and passed; `open`: it is not finished."""
    run, number, outcome = text.split()
    return LastRun(
        service=service,
        run=Run(
            id=run,
            seq=int(number),
            started=NOW,
            finished=None if outcome == "open" else NOW,
            stack=stack,
        ),
        fingerprint=NO_FINGERPRINT,
        verdict="passed" if outcome == "passed" else "failed" if outcome == "failed" else None,
        failure=FAILURE if outcome == "failed" else None,
        start=START if outcome == "down" else None,
    )


@pytest.mark.parametrize(
    ("committed", "local", "is_local_newer", "is_missing", "is_missing_if_known"),
    [
        pytest.param("b 6 passed", "a 5 failed", False, True, False, id="lower number"),
        pytest.param("b 6 passed", "a 5 open", False, False, False, id="lower, without outcome"),
        pytest.param("a 6 passed", "a 5 failed", False, False, False, id="lower, of the same run"),
        pytest.param("a 5 passed", "a 5 failed", True, False, False, id="same run"),
        pytest.param("a 5 passed", "a 5 open", False, False, False, id="same run, not finished"),
        pytest.param("a 5 open", "a 5 open", True, False, False, id="same run, neither finished"),
        pytest.param("a 5 open", "a 5 passed", True, False, False, id="same run, finished here"),
        pytest.param("a 5 passed", "a 6 passed", True, False, False, id="higher, of the same run"),
        pytest.param("b 5 passed", "a 5 passed", True, True, False, id="same number"),
        pytest.param("b 5 passed", "a 5 failed", True, True, False, id="same number, failed here"),
        pytest.param("b 5 failed", "a 5 passed", False, True, False, id="same number, failed"),
        pytest.param("b 5 down", "a 5 passed", False, True, False, id="same number, was down"),
        pytest.param("b 5 failed", "a 5 down", True, True, False, id="same number, both failed"),
        pytest.param("b 5 passed", "a 6 passed", True, True, True, id="higher number"),
        pytest.param("b 5 failed", "a 6 passed", True, True, True, id="higher, passed here"),
        pytest.param("b 5 passed", "a 6 down", True, True, True, id="higher, down here"),
        pytest.param("b 5 passed", "a 6 open", True, False, False, id="higher, without outcome"),
    ],
)
def test_the_record_or_this_machine_s_run(
    committed: str,
    local: str,
    is_local_newer: bool,
    is_missing: bool,
    is_missing_if_known: bool,
) -> None:
    left, here = record(committed), record(local)
    assert newer_run(left, here) is (here if is_local_newer else left)
    assert missing_run(left, here, ()) is (here if is_missing else None)
    known = (here.run.id, left.run.id)
    assert missing_run(left, here, known) is (here if is_missing_if_known else None)


def test_a_run_of_another_service_or_stack_does_not_count() -> None:
    committed = record("b 5 passed")
    for local in (
        record("a 6 failed", service="db"),
        record("a 6 failed", stack="other"),
        None,
    ):
        assert newer_run(committed, local) is committed
        assert missing_run(committed, local, ()) is None


@pytest.mark.parametrize("committed", [None, Unknown("torn")])
def test_without_a_record_no_run_is_missing_from_it(committed: Unknown | None) -> None:
    assert missing_run(committed, record("a 6 failed"), ()) is None
