"""Finds the parts of a function's text that can run when it is called.

These parts cannot run:

after `return`, `raise`, `break`, `continue`     the rest of the same body
`if False`, `while 0`                            the body
a function, or lambda, whose name is not used    its body
a coroutine that is not awaited                  its body
"""

import ast
from collections.abc import Iterable, Iterator, Sequence

from stacktest.adapters.syntax_nodes import nodes_of

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ENDINGS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def reachable(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The statements of one body up to one after which no other runs."""
    for node in nodes:
        yield node
        if isinstance(node, ENDINGS):
            return


def lines_of(node: ast.stmt) -> range:
    """The lines of a statement, including its blocks."""
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def contains(nodes: Iterable[ast.AST], kind: type[ast.AST]) -> bool:
    """Whether the nodes or their descendants have one of this type."""
    return any(isinstance(part, kind) for part in nodes_of(*nodes))


def is_never_true(test: ast.expr) -> bool:
    """Whether a condition is a false constant."""
    return isinstance(test, ast.Constant) and not test.value


def names_in_use(nodes: Sequence[ast.AST]) -> frozenset[str]:
    """Names that a function reads or declares global or nonlocal; coroutines need an `await`."""
    parts = nodes_of(*nodes)
    coroutines = {part.name for part in parts if isinstance(part, ast.AsyncFunctionDef)}
    dropped = {
        part.value.func
        for part in parts
        if isinstance(part, ast.Expr)
        and isinstance(part.value, ast.Call)
        and isinstance(part.value.func, ast.Name)
        and part.value.func.id in coroutines
    }
    names = {
        part.id
        for part in parts
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part not in dropped
    }
    shared = (part for part in parts if isinstance(part, ast.Global | ast.Nonlocal))
    return frozenset(names.union(*(part.names for part in shared)))
