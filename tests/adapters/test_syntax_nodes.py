"""All nodes of a syntax tree, in the order of `ast.walk`."""

import ast
from pathlib import Path

import pytest

from stacktest.adapters.syntax_nodes import nodes_of

FILES = sorted(Path(__file__).parent.glob("test_s*.py"))
SOURCES = [
    "",
    "x = 1",
    "def f(a, *, b=1, **c): return {**c, 'x': [a for a in b if a]}",
    "match x:\n    case {'a': 1, **rest} if rest: pass\n    case A(b=[1, *_]): pass",
    "try: pass\nexcept* (A, B) as e: raise\nfinally: del x[1:2], y.z",
    "async def g():\n    async with a as b, c: yield f'{b!r:>{c}}'",
    "global a\nlambda: (yield)\nclass A(B, metaclass=C): x: int = 1",
]


@pytest.mark.parametrize("source", [*SOURCES, *(file.read_text() for file in FILES)])
def test_the_nodes_are_those_of_the_standard_library_in_its_order(source: str) -> None:
    tree = ast.parse(source)
    assert nodes_of(tree) == list(ast.walk(tree))


def test_one_tree_comes_after_the_other() -> None:
    first, second = ast.parse("a = b"), ast.parse("c(d)")
    assert nodes_of(first, second) == [*ast.walk(first), *ast.walk(second)]
    assert nodes_of() == []
