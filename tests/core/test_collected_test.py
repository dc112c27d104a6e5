"""Which fixtures go through the front door: it is started for the tests that use them."""

import ast
from pathlib import Path

from stacktest.core.collected_test import REACHING_FIXTURES, ROUTED_FIXTURES
from stacktest.pytest_plugin import fixtures

FOLDER = Path(fixtures.__file__).parent


def taking_targets() -> set[str]:
    """Fixtures that turn a target of a test into a URL: a service, a host name, the front door."""
    return {
        function.name
        for path in FOLDER.glob("*.py")
        for function in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(function, ast.FunctionDef)
        and any(
            isinstance(node, ast.Call) and ast.unparse(node.func) == "base_url"
            for node in ast.walk(function)
        )
        and any("fixture" in ast.unparse(item) for item in function.decorator_list)
    }


def test_what_takes_a_target_goes_through_the_front_door() -> None:
    assert {"tls", "ws"} <= taking_targets() <= ROUTED_FIXTURES < REACHING_FIXTURES
