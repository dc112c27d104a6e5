"""Finds the services that a test file names in its text, for files that pytest did not collect."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from stacktest.adapters.plain_files import read_plain
from stacktest.adapters.suite_code import read_tree, saved_at
from stacktest.core.collected_test import Collected

_WORDS = re.compile(rb"\bservice\b|\b(?:inside|api|async_api|person|stack|stack_ca)\b")


def named_services(path: Path) -> frozenset[str] | None:
    """The services of its `service` markers; None if a marker has arguments that are not texts."""
    return _named_services(path, saved_at(path))


def marker_place(base: Path, test: Collected, name: str) -> str:
    """`file:line` of the marker by which the test names a service; its function, if none does."""
    for path in dict.fromkeys((test.path, test.source, *test.files)):
        for mark in _markers(read_tree(base / path)):
            for value in mark.args:
                if isinstance(value, ast.Constant) and value.value == name:
                    return f"{path}:{value.lineno}"
    return f"{test.source}:{test.line}" if test.line else test.nodeid


def may_name_services(path: Path) -> bool:
    """Whether the text, valid Python or not, has names that tests of a stack use."""
    try:
        return _WORDS.search(read_plain(path)) is not None
    except OSError:
        return True


# Private


@cache
def _named_services(path: Path, _saved: int | None) -> frozenset[str] | None:
    names: set[str] = set()
    for mark in _markers(read_tree(path)):
        for value in mark.args:
            if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
                return None
            names.add(value.value)
    return frozenset(names)


def _markers(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder = node.func.value
            name = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
            if node.func.attr == "service" and name == "mark":
                yield node
