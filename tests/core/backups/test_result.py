"""Only what the backup itself can be blamed for makes it rotten."""

import pytest

from stacktest.core.backups.result import Attempt, drill_result
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.verdict import Verdict

RESTORED = Attempt(is_restored=True)
OWN = StartFailure(service="db", cause="db exited 1", has_ended=True)
SLOW = StartFailure(service="db", cause="db is unhealthy")
OTHER = StartFailure(service="db", cause="db needs vpn, which is not up", because_of="vpn")
PASSED = Verdict(service="db", kind="passed")
FAILED = Verdict(service="db", kind="failed", failed=("t.py::a",))
SKIPPED = Verdict(service="db", kind="incomplete", recorded=("1 skipped",))


@pytest.mark.parametrize(
    ("attempt", "failure", "verdict", "refused", "expected"),
    [
        pytest.param(Attempt(failed="read"), OWN, None, "", "rotten read", id="cannot be read"),
        pytest.param(
            Attempt(failed="restore"), OWN, PASSED, "", "rotten restore", id="cannot be restored"
        ),
        pytest.param(RESTORED, OWN, None, "", "rotten start", id="does not start on it"),
        pytest.param(RESTORED, SLOW, None, "", "not_proved ", id="it only takes too long"),
        pytest.param(RESTORED, None, FAILED, "", "rotten test", id="a test failed"),
        pytest.param(RESTORED, None, PASSED, "", "restorable ", id="all passed"),
        pytest.param(RESTORED, OTHER, None, "", "not_proved ", id="a dependency is down"),
        pytest.param(Attempt(), OWN, None, "", "not_proved ", id="did not start without data"),
        pytest.param(Attempt(), None, PASSED, "", "not_proved ", id="not restored at all"),
        pytest.param(RESTORED, None, None, "", "not_proved ", id="no verdict"),
        pytest.param(RESTORED, None, SKIPPED, "", "not_proved ", id="tests were skipped"),
        pytest.param(RESTORED, None, PASSED, "flaky", "not_proved ", id="passed on a retry"),
    ],
)
def test_what_was_proved(
    attempt: Attempt,
    failure: StartFailure | None,
    verdict: Verdict | None,
    refused: str,
    expected: str,
) -> None:
    result = drill_result(attempt, failure, verdict, refused=refused)
    assert f"{result.result} {result.step}" == expected
    assert bool(result.why) == (result.result == "not_proved")
    assert result.tests == (("t.py::a",) if verdict is FAILED else ())
