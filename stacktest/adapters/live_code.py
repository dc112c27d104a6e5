"""Which parts of a function's text can run when it is called, as far as the text itself tells.

after `return`, `raise`, `break`, `continue`     nothing more of the same body
`if False`, `while 0`                            not the body
a function, or lambda, that nobody names         not what it holds
a coroutine that nobody awaits                   neither
"""

import ast
from collections.abc import Iterable, Iterator, Sequence

from stacktest.adapters.syntax_nodes import nodes_of

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ENDINGS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def reachable(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The statements of one body up to the one after which none of them runs."""
    for node in nodes:
        yield node
        if isinstance(node, ENDINGS):
            return


def lines_of(node: ast.stmt) -> range:
    """The lines of a statement, with those of what it holds."""
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def contains(nodes: Iterable[ast.AST], kind: type[ast.AST]) -> bool:
    """Whether something of this kind is anywhere in the nodes."""
    return any(isinstance(part, kind) for part in nodes_of(*nodes))


def is_never_true(test: ast.expr) -> bool:
    """Whether a condition is a constant that is false."""
    return isinstance(test, ast.Constant) and not test.value


def names_in_use(nodes: Sequence[ast.AST]) -> frozenset[str]:
    """Names that a function reads, or shares with others; calls that nobody awaits do not count."""
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
