"""Finds blocks of a function's text in which a failed check does not fail the test.

try … except AssertionError: pass           a handler that neither raises nor ends the test
try … finally: return                       also `break` and `continue` of a loop around it
with suppress(AssertionError)               also by a name, or in an `ExitStack`
with pytest.raises(Exception): assert …     a failed check satisfies `raises`
gather(…, return_exceptions=True)           if its result is not used
"""

import ast
from collections.abc import Iterable, Iterator, Sequence

from stacktest.adapters.code_reference import chain_of, last_name
from stacktest.adapters.syntax_nodes import nodes_of

CAUGHT_BY = frozenset({"Exception", "BaseException", "AssertionError"})
"""Exceptions whose handler catches the failure of a check."""
ENDING_CALLS = frozenset({"fail", "skip", "xfail", "exit"})
"""Functions of pytest that end a test without a pass."""
EXPECTING_CALLS = frozenset({"raises", "assertRaises"})
LOOPS = (ast.For, ast.AsyncFor, ast.While)


class Swallowing:
    """Which blocks of one function's body swallow failures."""

    def __init__(self, body: Sequence[ast.AST]) -> None:
        nodes = nodes_of(*body)
        self._raised = {last_name(node.exc) for node in nodes if isinstance(node, ast.Raise)}
        self._suppressing = frozenset(
            name
            for node in nodes
            if isinstance(node, ast.Assign) and _suppresses(node.value)
            for name in _names_in(node.targets)
        )
        self._read = {
            node.id
            for node in nodes
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }

    def is_try(self, node: ast.Try | ast.TryStar) -> bool:
        """Whether `try` swallows failures of its body."""
        return any(map(self._catches, node.handlers)) or _ends_anyway(node.finalbody)

    def is_with(self, node: ast.With | ast.AsyncWith) -> bool:
        """Whether `with` swallows failures of its body, judged by names of Python and pytest."""
        if any(self._is_suppressing(item.context_expr) for item in node.items):
            return True
        is_expected = any(_expects_anything(item.context_expr) for item in node.items)
        parts = (part for statement in node.body for part in ast.walk(statement))
        return is_expected and any(isinstance(part, ast.Assert) for part in parts)

    def is_dropped(self, value: ast.expr, targets: Iterable[ast.expr] = ()) -> bool:
        """Whether it is a `gather` that returns failures as values which are not used."""
        call = value.value if isinstance(value, ast.Await) else value
        if not isinstance(call, ast.Call) or last_name(call.func) != "gather":
            return False
        targets = list(targets)
        names = _names_in(targets)
        is_read = len(names) < len(targets) or not self._read.isdisjoint(names)
        return not is_read and any(
            _is_true(keyword, "return_exceptions") for keyword in call.keywords
        )

    # Private

    def _catches(self, handler: ast.ExceptHandler) -> bool:
        """Whether this handler swallows a failure: it neither raises, asserts nor stores it."""
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if not any(kind is None or last_name(kind) in CAUGHT_BY for kind in types):
            return False
        return not any(
            isinstance(node, ast.Raise | ast.Assert)
            or (isinstance(node, ast.Call) and last_name(node.func) in ENDING_CALLS)
            or (isinstance(node, ast.Assign) and self._raised & _names_in(node.targets))
            for node in ast.walk(handler)
        )

    def _is_suppressing(self, node: ast.expr) -> bool:
        return _suppresses(node) or (isinstance(node, ast.Name) and node.id in self._suppressing)


def enters_suppression(statement: ast.AST) -> bool:
    """Whether it is `stack.enter_context(suppress(AssertionError))`: later failures are lost."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or last_name(call.func) != "enter_context":
        return False
    return any(map(_suppresses, call.args))


def ends_failures(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a method `__exit__` always returns a true value, which suppresses failures."""
    returned = (node.value for node in function.body if isinstance(node, ast.Return))
    return any(isinstance(value, ast.Constant) and bool(value.value) for value in returned)


# Private


def _suppresses(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or last_name(node.func) != "suppress":
        return False
    return any(last_name(kind) in CAUGHT_BY for kind in node.args)


def _expects_anything(node: ast.expr) -> bool:
    """Whether it is `pytest.raises(Exception)`, which a failed check satisfies as well."""
    if not isinstance(node, ast.Call) or chain_of(node.func)[-1] not in EXPECTING_CALLS:
        return False
    kinds = {last_name(kind) for kind in node.args[:1]}
    return not node.keywords and bool(kinds & (CAUGHT_BY - {"AssertionError"}))


def _ends_anyway(body: Sequence[ast.stmt]) -> bool:
    """Whether a `finally` leaves the function or loop, which discards any failure."""
    return any(isinstance(node, ast.Return | ast.Break | ast.Continue) for node in _outside(body))


def _outside(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes outside of inner loops and functions, and each `return` in inner loops."""
    for node in nodes:
        if isinstance(node, LOOPS):
            yield from (part for part in ast.walk(node) if isinstance(part, ast.Return))
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from _outside(ast.iter_child_nodes(node))


def _names_in(targets: Iterable[ast.expr]) -> set[str]:
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _is_true(keyword: ast.keyword, name: str) -> bool:
    value = keyword.value
    return keyword.arg == name and isinstance(value, ast.Constant) and value.value is True
