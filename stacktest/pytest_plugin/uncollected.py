"""Finds tests that a collected file defines and that pytest left out without an error.

class Test… with a constructor       pytest warns, and collects none of its tests
a name that is defined twice         the later definition takes the place of the first
left out by a hook                   `pytest_pycollect_makeitem` may return nothing

A definition with `__test__ = False` is left out on purpose and is not reported.
"""

import ast
import types
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from stacktest.adapters.suite_code import read_tree


class Uncollected(NamedTuple):
    """A definition in a test file, `TestLogin` or `TestLogin::test_a`, and why it does not run."""

    path: Path
    name: str
    why: str


def uncollected(items: Iterable[pytest.Item]) -> Iterator[Uncollected]:
    """Tests in the files of `items`, which are all that pytest collected there, besides them."""
    names: dict[pytest.Module, set[str]] = {}
    for item in items:
        chain = item.listchain()
        for place, node in enumerate(chain[:-1]):
            if isinstance(node, pytest.Module):
                child = chain[place + 1]
                names.setdefault(node, set()).add(getattr(child, "originalname", child.name))
    for module, collected in names.items():
        yield from _left_out(module, collected)
        yield from _replaced(module, read_tree(module.path).body, "")


# Private

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _left_out(module: pytest.Module, collected: set[str]) -> Iterator[Uncollected]:
    for name, value in vars(module.obj).items():
        is_own = getattr(value, "__module__", None) == module.obj.__name__
        if not is_own or name in collected or getattr(value, "__test__", None) is False:
            continue
        why = "a hook left it out"
        if isinstance(value, type):
            if not module.classnamefilter(name) or not _has_tests(module, value):
                continue
            if any({"__init__", "__new__"} & vars(base).keys() for base in value.__mro__[:-1]):
                why = "it has a constructor"
        elif not isinstance(value, types.FunctionType) or not module.funcnamefilter(name):
            continue
        yield Uncollected(module.path, name, why)


def _has_tests(module: pytest.Module, value: type) -> bool:
    return any(
        module.funcnamefilter(name) and callable(getattr(value, name)) for name in dir(value)
    )


def _replaced(
    module: pytest.Module, body: Sequence[ast.stmt], holder: str
) -> Iterator[Uncollected]:
    """Tests whose name is defined again further down in the same body."""
    lines: dict[str, int] = {}
    for node in body:
        if isinstance(node, _Function) and module.funcnamefilter(node.name):
            if node.name in lines:
                why = f"line {lines[node.name]}: it is defined again in line {node.lineno}"
                yield Uncollected(module.path, f"{holder}{node.name}", why)
            lines[node.name] = node.lineno
        elif isinstance(node, ast.ClassDef) and module.classnamefilter(node.name):
            yield from _replaced(module, node.body, f"{holder}{node.name}::")
