"""The worst report of a phase counts, in whatever order and from whatever plugin it comes."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from stacktest.core.collected_test import Collected
from stacktest.core.runs.verdict import Outcome
from stacktest.pytest_plugin.outcomes import Listener, reason_of

TEST = "suites/test_red.py::test_a"


def report(when: str, outcome: str = "passed", **more: Any) -> Any:
    """One report as pytest's hooks hand it on."""
    values = {
        "nodeid": TEST,
        "when": when,
        "outcome": outcome,
        "duration": 0.1,
        "start": 1.0,
        "longrepr": more.get("longreprtext"),
        "longreprtext": "",
        "passed": outcome == "passed",
        "failed": outcome == "failed",
        "skipped": outcome == "skipped",
    }
    return SimpleNamespace(**(values | more))


def outcome(*reports: Any) -> Outcome:
    listener = Listener()
    for each in reports:
        listener.add(each)
    (result,) = listener.outcomes([TESTED])
    return result


TESTED = Collected(
    nodeid=TEST, reported=TEST, services=("red",), phase="", routed=False, path="suites/test_red.py",
    source="suites/test_red.py", line=1, checks=1, files=(), saved=None,
)  # fmt: skip
SETUP, CALL, END = report("setup"), report("call"), report("teardown")
FAILED = report("call", "failed", longreprtext="E assert 0")
UNROUTED = report("call", "failed", stacktest_unrouted=True, longreprtext="E UsageError: no host")
SKIPPED = report("call", "skipped", longrepr=("f", 1, "Skipped: no driver"))
XFAILED = report("call", "skipped", wasxfail="known")

RESULTS = {
    "it passed": ([SETUP, CALL, END], "passed", False),
    "a failed subtest is reported before its test passes": ([SETUP, FAILED, CALL, END], "failed", False),
    "a failed subtest is reported after its test passed": ([SETUP, CALL, FAILED, END], "failed", False),
    "a subtest is skipped": ([SETUP, SKIPPED, CALL, END], "skipped", False),
    "a subtest is expected to fail": ([SETUP, XFAILED, CALL, END], "xfailed", False),
    "a subtest fails and the test skips itself": ([SETUP, FAILED, SKIPPED, END], "failed", False),
    "it is skipped and its teardown fails": ([SETUP, SKIPPED, report("teardown", "failed")], "error", False),
    "it is skipped in setup": ([report("setup", "skipped"), END], "skipped", False),
    "it fails in setup": ([report("setup", "failed"), END], "error", False),
    "rerunfailures: it passes on the second try": (
        [SETUP, report("call", "rerun"), END, SETUP, CALL, END], "passed", True,
    ),
    "rerunfailures: a subtest failed on the first try": (
        [SETUP, FAILED, report("call", "rerun"), END, SETUP, CALL, END], "passed", True,
    ),
    "retry: it passes on the second try, in the same call": (
        [SETUP, report("call", "retried"), CALL, END], "passed", True,
    ),
    "retry: it fails for good": ([SETUP, report("call", "retried"), FAILED, END], "failed", True),
    "an outcome that is not known, and no other": ([SETUP, report("call", "odd"), END], "failed", True),
    "flaky: the failed call is never reported": ([SETUP, END, SETUP, CALL, END], "passed", True),
    "flaky: nothing of the failed attempt is reported": (
        [SETUP, CALL, report("teardown", stacktest_failed_attempts=1)], "passed", True,
    ),
    "flaky: a call that passed is never reported": (
        [SETUP, END, SETUP, CALL, report("teardown", stacktest_failed_attempts=0)], "passed", False,
    ),
    "flaky: a failed call among others is never reported": (
        [SETUP, END, SETUP, CALL, report("teardown", stacktest_failed_attempts=1)], "passed", True,
    ),
    "a hook calls its failure skipped": (
        [SETUP, report("call", "skipped", stacktest_failed=True), END], "failed", False,
    ),
    "repeated although it passed": ([SETUP, CALL, END, SETUP, CALL, END], "passed", False),
    "repeated, and then it fails": ([SETUP, CALL, END, SETUP, FAILED, END], "failed", False),
    "the front door's file cannot be read": (
        [SETUP, UNROUTED, report("teardown", stacktest_failed_attempts=1)], "unfinished", False,
    ),
    "the front door's file cannot be read, and its teardown fails": (
        [SETUP, UNROUTED, report("teardown", "failed")], "error", False,
    ),
    "it passes although the front door's file cannot be read": (
        [SETUP, report("call", stacktest_unrouted=False), END], "passed", False,
    ),
    "its worker crashed": ([SETUP, report("???", "failed")], "crashed", False),
    "its call is missing": ([SETUP, END], "unfinished", False),
    "its teardown is missing": ([SETUP, CALL], "unfinished", False),
    "it never reported": ([], "unfinished", False),
    "expected to fail, although it passed": (
        [SETUP, report("call", "passed", wasxfail=""), END], "xpassed", False,
    ),
}  # fmt: skip


@pytest.mark.case("field/b37")
@pytest.mark.case("field/b38")
@pytest.mark.case("freshness/c14-subtests")
@pytest.mark.parametrize("name", RESULTS)
def test_the_worst_report_counts(name: str) -> None:
    reports, result, flaky = RESULTS[name]
    seen = outcome(*reports)
    assert (seen.result, seen.flaky) == (result, flaky)


def test_with_dist_each_the_worst_worker_counts() -> None:
    good = [report(when, worker_id="gw0") for when in ("setup", "call", "teardown")]
    bad = [report(when, worker_id="gw1") for when in ("setup", "teardown")]
    bad.insert(1, report("call", "failed", worker_id="gw1"))
    for order in (
        good + bad,
        bad + good,
        [x for pair in zip(good, bad, strict=True) for x in pair],
    ):
        seen = outcome(*order)
        assert (seen.result, seen.flaky) == ("failed", False)


def test_a_report_counts_as_it_was_when_it_arrived() -> None:
    """pytest-retry reports the failed attempt, and then changes that very report."""
    call = report("call", "retried")
    listener = Listener()
    listener.add(SETUP)
    listener.add(call)
    call.outcome = "passed"
    listener.add(call)
    listener.add(END)
    (seen,) = listener.outcomes([TESTED])
    assert (seen.result, seen.flaky) == ("passed", True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("E       assert 502 == 200\nE        +  where 502 = x", "assert 502 == 200"),
        (
            "E       AssertionError: the wiki\nE       assert 502 == 200",
            "AssertionError: the wiki: assert 502 == 200",
        ),
        (
            "E       AssertionError: Locator expected to have text 'a'\nE       Actual value: b",
            "AssertionError: Locator expected to have text 'a': Actual value: b",
        ),
        ("E       ValueError: assert\nE       assert x", "ValueError: assert"),
        ("db exited 3\nhint: docker compose up -d db\n", "db exited 3"),
    ],
)
def test_a_reason_has_both_values(text: str, reason: str) -> None:
    report = cast(pytest.TestReport, SimpleNamespace(longreprtext=text, longrepr=text))
    assert reason_of(report) == reason
