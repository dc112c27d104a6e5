"""A failure stays one, whatever the hooks of a project's own suites make of it."""

from typing import Any

import pytest

Shop = Any

pytestmark = pytest.mark.processes

TESTS = """
@pytest.mark.service("red")
def test_it_answers(touch, request):
    touch("red")
    assert not (request.config.rootpath / "broken").exists()
"""
QUARANTINE = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        report.outcome = "passed"
    return report
"""
LATE_QUARANTINE = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    report.outcome = "passed"
"""
SKIPPING = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        report.outcome, report.longrepr = "skipped", ("a", 1, "Skipped: the service is down")
    return report
"""
TOLERANT = """
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def {hook}:
    try:
        return (yield)
    except AssertionError:
        return True
"""
LEAVING_OUT = """
def pytest_pyfunc_call(pyfuncitem):
    return True if (pyfuncitem.config.rootpath / "broken").exists() else None
"""
REPLACING = """
def pytest_runtest_call(item):
    if (item.config.rootpath / "broken").exists():
        item.runtest = lambda: None
"""


def run_twice(shop: Shop, hooks: str) -> None:
    """A run in which all is well, and one with these hooks in which the service is broken."""
    shop.story(services={"red": {}}, running=["red"])
    shop.suite("conftest.py", hooks)
    shop.suite("phase1_a/test_a.py", TESTS)
    assert shop.run().ret == 0
    assert shop.document("red", "last_run.json")["credited"]
    (shop.path / "broken").touch()
    shop.run()
    assert not shop.document("red", "last_run.json")["credited"]


@pytest.mark.parametrize("hooks", [QUARANTINE, LATE_QUARANTINE, SKIPPING])
def test_a_failure_that_a_hook_calls_otherwise_has_failed(shop: Shop, hooks: str) -> None:
    run_twice(shop, hooks)
    assert shop.document("red", "last_run.json")["verdict"] == "failed"
    assert shop.status()["red"]["state"] == "failing"


@pytest.mark.parametrize("hook", ["pytest_pyfunc_call(pyfuncitem)", "pytest_runtest_call(item)"])
def test_a_failure_that_a_hook_swallows_was_not_finished(shop: Shop, hook: str) -> None:
    run_twice(shop, TOLERANT.replace("{hook}", hook))
    assert shop.document("red", "last_run.json")["verdict"] == "incomplete"


@pytest.mark.parametrize("hook", [LEAVING_OUT, REPLACING])
def test_a_test_that_a_hook_leaves_out_was_not_finished(shop: Shop, hook: str) -> None:
    run_twice(shop, "import pytest\n\n@pytest.hookimpl(tryfirst=True)\n" + hook)
    assert shop.document("red", "last_run.json")["verdict"] == "incomplete"


def test_a_retry_after_a_failure_is_judged_by_itself(shop: Shop) -> None:
    shop.story(services={"red": {}}, running=["red"])
    shop.about("phase1_a", "red", body="assert touch")
    assert shop.run().ret == 0
    shop.suite(
        "phase1_a/test_red.py",
        """
        RUNS = []
        @pytest.mark.service("red")
        @pytest.mark.flaky(reruns=1)
        def test_it_answers(touch):
            touch("red")
            RUNS.append(1)
            assert len(RUNS) == 2
        """,
    )
    result = shop.run()
    assert result.ret == 0
    assert shop.document("red", "last_run.json")["verdict"] == "passed"
