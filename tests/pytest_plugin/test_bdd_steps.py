"""The file that a scenario of pytest-bdd is written in belongs to its test."""

from pathlib import Path

import pytest

from stacktest.pytest_plugin.bdd_steps import feature_of

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
