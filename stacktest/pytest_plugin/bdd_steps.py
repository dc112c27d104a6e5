"""Finds the step functions and the feature file of a pytest-bdd scenario."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from stacktest.adapters.suite_code import is_foreign
from stacktest.pytest_plugin.written_functions import variables_of, written_functions

_STEPS = ("__pytest_bdd_step_def", "pytestbdd_stepdef")
"""Prefixes of step definitions' names in a module: up to pytest-bdd 8, and since."""


def steps_of(item: pytest.Function) -> Iterator[object]:
    """The step functions that a scenario of pytest-bdd runs."""
    scenario = variables_of(item.function).get("templated_scenario")
    if scenario is None:
        return
    example = getattr(getattr(item, "callspec", None), "params", {}).get("_pytest_bdd_example", {})
    names = [step.name for step in scenario.render(example).steps]
    manager = item.session._fixturemanager  # noqa: SLF001 - step definitions are fixtures
    for name in _definitions():
        for definition in (manager.getfixturedefs(name, item) or ())[-1:]:
            yield from _matching(definition.func, names)


def feature_of(item: pytest.Item) -> Iterator[Path]:
    """The feature file of a scenario, wherever it lies."""
    variables = variables_of(getattr(item, "function", None))
    if "templated_scenario" in variables and "feature" in variables:
        yield Path(variables["feature"].filename)


# Private


def _definitions() -> set[str]:
    """The names of all step definitions of the project; pytest decides which a test sees."""
    modules = [
        module
        for module in list(sys.modules.values())
        if isinstance(file := getattr(module, "__file__", None), str) and not is_foreign(file)
    ]
    return {name for module in modules for name in list(vars(module)) if name.startswith(_STEPS)}


def _matching(fixture: object, names: Iterable[str]) -> Iterator[object]:
    """The function of a step definition if it matches one of these steps."""
    for marker in written_functions(fixture):
        context = variables_of(marker).get("context")
        if context is not None and any(map(context.parser.is_matching, names)):
            yield context.step_func
