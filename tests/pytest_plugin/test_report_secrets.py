"""What pytest and Allure report of a test holds no secret of the stack."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from stacktest.bootstrap.known_secrets import forget_secrets, learn_secrets
from stacktest.core.model import Service, Stack
from stacktest.pytest_plugin.report_secrets import AllureCleaner, clean_report

CANARY = "hunter2-Correct-Horse"
TEST = f"""
import logging
import pytest

@pytest.fixture
def locals_of_a_fixture():
    secret = {CANARY!r}
    yield secret

def test_assertion(locals_of_a_fixture, record_property):
    record_property("password", locals_of_a_fixture)
    print("said", locals_of_a_fixture)
    logging.getLogger().warning("logged %s", locals_of_a_fixture)
    assert {{"answer": locals_of_a_fixture}} == {{"answer": "no"}}

def test_chain(locals_of_a_fixture):
    try:
        raise ValueError(locals_of_a_fixture)
    except ValueError as error:
        raise RuntimeError(f"{{locals_of_a_fixture}} was refused") from error

def test_skipped(locals_of_a_fixture):
    pytest.skip(locals_of_a_fixture)

def test_expected(locals_of_a_fixture):
    pytest.xfail(locals_of_a_fixture)
"""


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    app = Service(name="app", environment={"DB_PASSWORD": CANARY})
    learn_secrets(Stack(name="demo", root=Path("demo"), services={"app": app}))
    yield
    forget_secrets()


@pytest.mark.case("hard/A13-junit-and-allure-unfiltered")
@pytest.mark.parametrize("style", ["long", "short", "native", "line"])
def test_a_report_holds_none_in_any_style(pytester: pytest.Pytester, style: str) -> None:
    pytester.makepyfile(TEST)
    reports: list[pytest.TestReport] = []

    class Cleaning:
        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_makereport(
            self,
        ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
            report = yield
            reports.append(report)
            dirty.append(str(report.longrepr) + str(report.sections))
            clean_report(report)
            return report

    dirty: list[str] = []
    junit = pytester.path / "junit.xml"
    pytester.inline_run(
        *("-p", "no:cacheprovider", "-p", "no:playwright", "-o", "junit_family=xunit1"),
        *(f"--tb={style}", "-l", f"--junitxml={junit}"),
        plugins=[Cleaning()],
    )
    assert CANARY in "".join(dirty), "there has to be something to clean"
    texts = [
        f"{report.longrepr} {report.longreprtext} {report.sections} {report.user_properties}"
        f" {getattr(report, 'wasxfail', '')}"
        for report in reports
    ]
    assert len(texts) == 12
    assert CANARY not in "".join(texts)
    body = junit.read_text().partition("<testsuite ")[2]
    assert CANARY not in body
    assert "[redacted]" in body


def test_allures_results_hold_none() -> None:
    from allure_commons.model2 import Parameter, StatusDetails, TestResult, TestStepResult

    result = TestResult(
        name="t",
        statusDetails=StatusDetails(message=f"said {CANARY}", trace=CANARY),
        parameters=[Parameter(name="p", value=repr(CANARY))],
        steps=[TestStepResult(name=f"step {CANARY}")],
    )
    assert CANARY in str(result)
    AllureCleaner().report_result(result)
    assert CANARY not in str(result)
    assert result.statusDetails.message == "said [redacted]"
