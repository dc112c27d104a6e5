"""The file that a scenario of pytest-bdd is written in belongs to its test."""

from pathlib import Path

import pytest

from stacktest.pytest_plugin.bdd_steps import feature_of
from stacktest.pytest_plugin.watched_checks import loose_checks

SCENARIO = """
from types import SimpleNamespace

def scenario(filename, templated_scenario=None):
    feature = SimpleNamespace(filename=filename)
    def scenario_wrapper(request):
        return feature, templated_scenario
    return scenario_wrapper

test_scenario = scenario("/project/features/sign_in.feature")

def test_plain():
    pass
"""


def test_only_a_scenario_has_a_file_of_its_own(pytester: pytest.Pytester) -> None:
    items = {item.name: item for item in pytester.getitems(SCENARIO)}
    assert list(feature_of(items["test_scenario"])) == [Path("/project/features/sign_in.feature")]
    assert list(feature_of(items["test_plain"])) == []


STEPS = """
import pytest
from types import SimpleNamespace

def scenario(step):
    steps = [SimpleNamespace(name=step)]
    templated_scenario = SimpleNamespace(render=lambda example: SimpleNamespace(steps=steps))
    def scenario_wrapper(request):
        return templated_scenario
    return scenario_wrapper

def step(text):
    def decorator(func):
        parser = SimpleNamespace(is_matching=lambda name: name == text)
        context = SimpleNamespace(step_func=func, parser=parser)
        def step_function_marker():
            return context
        name = "pytestbdd_stepdef_then_" + text
        globals()[name] = pytest.fixture(name=name)(step_function_marker)
        return func
    return decorator

@step("every row holds")
def rows_hold():
    for row in []:
        assert row

@step("it answers")
def answers():
    assert pytest is None

test_rows = scenario("every row holds")
test_answer = scenario("it answers")
"""


def test_a_step_whose_checks_may_not_be_reached_is_watched(pytester: pytest.Pytester) -> None:
    items = {item.name: item for item in pytester.getitems(STEPS)}
    rows, answer = items["test_rows"], items["test_answer"]
    assert isinstance(rows, pytest.Function)
    assert isinstance(answer, pytest.Function)
    watched = loose_checks(rows)
    assert watched is not None
    assert {code.co_name for code in watched.codes} == {"rows_hold", "scenario_wrapper"}
    assert loose_checks(answer) is None
