"""An update stays only where each replaced service has passed, and nothing else failed."""

from datetime import UTC, datetime

import pytest

from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import FailedStart, LastRun, RunTests
from stacktest.core.runs.verdict import Kind
from stacktest.core.update.verdict import judge_update

RUN = Run(id="r1", seq=1, started=datetime(2026, 11, 29, tzinfo=UTC), finished=None, stack="")


def run(verdict: Kind | None, *failed: str, start: FailedStart | None = None) -> LastRun:
    return LastRun(
        service="app",
        run=RUN,
        fingerprint=FingerprintRecord.unknown(),
        verdict=verdict,
        tests=RunTests(required=2, failed=failed),
        start=start,
    )


@pytest.mark.parametrize(
    ("code", "runs", "why"),
    [
        (0, {"app": run("passed")}, ""),
        (0, {"app": run("passed"), "page": run("passed")}, ""),
        (1, {"app": run("failed", "t.py::test_a")}, "t.py::test_a failed"),
        (
            1,
            {"app": run("failed", "t.py::test_b", "t.py::test_a")},
            "t.py::test_a failed and 1 more",
        ),
        # What depends on it counts, too.
        (1, {"app": run("passed"), "page": run("failed", "t.py::test_p")}, "t.py::test_p failed"),
        (0, {"app": run("incomplete")}, "app was not judged"),
        (0, {}, "app was not judged"),
        (5, {}, "app was not judged"),
        (2, {"app": run("passed")}, "pytest ended with code 2"),
    ],
)
def test_the_verdict(code: int, runs: dict[str, LastRun], why: str) -> None:
    verdict = judge_update(code, ["app"], runs)
    assert (verdict.passed, verdict.why) == (not why, why)
