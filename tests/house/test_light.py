"""What every run of pytest imports, whether there is a stack or not."""

import ast
from collections.abc import Iterator

from stacktest.pytest_plugin import fixtures
from tests.house.rooms import PACKAGE

LIGHT = {
    "stacktest.plugin",
    "stacktest.pytest_plugin.alone",
    "stacktest.pytest_plugin.contacts",
    "stacktest.pytest_plugin.followed_tests",
    "stacktest.pytest_plugin.garbage",
    "stacktest.pytest_plugin.hooks",
    "stacktest.pytest_plugin.markers",
    "stacktest.pytest_plugin.options",
    "stacktest.pytest_plugin.own_modules",
    "stacktest.pytest_plugin.service_names",
    "stacktest.pytest_plugin.stash",
}
"""Modules that cost next to nothing: `python -m benchmarks.plugin` measures them."""


def imported(module: str) -> Iterator[str]:
    """What a module imports of the package when it is loaded itself."""
    path = PACKAGE.parent / (module.replace(".", "/") + ".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stacktest"):
            for name in node.names:
                inner = PACKAGE.parent / f"{node.module}.{name.name}".replace(".", "/")
                is_module = inner.with_suffix(".py").is_file()
                yield f"{node.module}.{name.name}" if is_module else str(node.module)


def test_a_project_without_a_stack_pays_for_light_modules_only() -> None:
    own = {module.__name__ for module in fixtures.modules()}
    loaded: set[str] = set()
    waiting = ["stacktest.plugin", *own]
    while waiting:
        module = waiting.pop()
        if module not in loaded:
            loaded.add(module)
            waiting += imported(module)
    assert loaded - own - LIGHT == set()
