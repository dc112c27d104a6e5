"""Everything that is printed goes through one place, where nothing in it can act."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.rooms import PACKAGE

PRINTERS = {
    "cli/output.py": "the command line",
    "pytest_plugin/run_display.py": "the end of a run",
    "reports/terminal/progress_display.py": "a run while it goes",
    "adapters/engine/reaper.py": "a process of its own, which imports nothing",
}
"""Module → what it prints; each of them cleans it with `stacktest.printable`."""
WORDS = frozenset({"echo", "secho", "write_line", "write_sep", "print"})


def printing(tree: ast.AST) -> Iterator[int]:
    """The lines that print."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            streams = ast.unparse(node.func) in {"sys.stdout.write", "sys.stderr.write"}
            if name in WORDS or streams:
                yield node.lineno


@pytest.mark.parametrize(
    "line", ["click.echo(x)", "print(x)", "r.write_line(x)", "sys.stderr.write(x)"]
)
def test_what_prints_is_seen(line: str) -> None:
    assert list(printing(ast.parse(line))) == [1]


def test_only_the_printers_print(trees: dict[Path, ast.Module]) -> None:
    places = {str(path.relative_to(PACKAGE)): [*printing(tree)] for path, tree in trees.items()}
    assert {name for name, lines in places.items() if lines} == set(PRINTERS)
