"""Finds inner functions that a function only returns: a fixture that provides a check to tests."""

import ast
from collections import Counter
from pathlib import Path

from stacktest.adapters.live_code import FUNCTIONS, lines_of
from stacktest.adapters.suite_code import read_nodes


def handed_out(path: Path, first_line: int) -> list[range]:
    """The lines of each inner function that is only returned or yielded, and not used otherwise."""
    for node in read_nodes(path):
        if isinstance(node, FUNCTIONS):
            first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
            if first == first_line:
                return _handed_out(node)
    return []


# Private


def _handed_out(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[range]:
    parts = list(ast.walk(function))
    names = Counter(part.id for part in parts if isinstance(part, ast.Name))
    given = Counter(
        part.value.id
        for part in parts
        if isinstance(part, ast.Return | ast.Yield) and isinstance(part.value, ast.Name)
    )
    inner = (part for part in function.body if isinstance(part, FUNCTIONS))
    return [lines_of(part) for part in inner if 0 < names[part.name] == given[part.name]]
