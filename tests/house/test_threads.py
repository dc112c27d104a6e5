"""Every thread of the package has a name by which it is told from those of a suite."""

import ast
from pathlib import Path

from stacktest.pytest_plugin.unreached_checks import OWN_THREADS
from tests.house.rooms import PACKAGE

NAMING = {"Thread": "name", "ThreadPoolExecutor": "thread_name_prefix", "LoopThread": ""}
"""Call → the argument with the thread's name; empty: the first argument."""

HANDS_ON = PACKAGE / "adapters/event_loop_thread.py"
"""It makes a thread with the name that its caller gives."""


def name_of_thread(call: ast.Call) -> str | None:
    """The name that a call gives to its thread; None: the call makes no thread."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if function not in NAMING:
        return None
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    value = named.get(NAMING[function]) if NAMING[function] else call.args[0]
    return str(value.value) if isinstance(value, ast.Constant) else ""


def test_threads_are_known_by_their_names(trees: dict[Path, ast.Module]) -> None:
    names = {
        f"{path.relative_to(PACKAGE)}:{node.lineno}": name
        for path, tree in trees.items()
        if path != HANDS_ON
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (name := name_of_thread(node)) is not None
    }
    assert len(names) > 15
    assert {where for where, name in names.items() if not name.startswith(OWN_THREADS)} == set()
