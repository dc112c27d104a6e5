"""Which expressions are true whatever a service answers, as far as their text tells.

constants and their like     `True`, `"text"`, `(x, "message")`, `lambda: x`
compared with itself         `x == x`, `len(x) >= 0`, `x or True`
methods nobody calls         `text.startswith`, `page.locator("h1").is_visible`
objects                      a client, a response, a command's outcome, a locator of Playwright:
                             none of them is ever false, only what they say is
"""

import ast
import operator
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

CLIENTS = frozenset({"api", "async_api", "inside", "ws", "tls", "container"})
"""Fixtures that are called for something that is never false."""
ANSWERING = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "request", "send", "run", "http"}
)
"""Methods of these whose results are never false either."""
METHODS = frozenset(
    {"startswith", "endswith", "strip", "lower", "upper", "splitlines", "isdigit", "isalnum"}
)
"""Methods of texts that are true themselves where their brackets are missing."""
METHODS_OF_OBJECTS = frozenset(
    {
        *("json", "raise_for_status", "is_visible", "is_hidden", "is_enabled", "is_disabled"),
        *("is_checked", "is_editable", "count", "inner_text", "text_content", "all"),
    }
)
"""The same of responses and locators."""
LOCATING = frozenset({"locator", "frame_locator"})
LOCATING_PREFIX = "get_by_"


def is_always_true(node: ast.expr, objects: Collection[str] = ()) -> bool:
    """Whether asserting the expression can never fail; `objects` are names of such objects."""
    return _truth(node, objects) is True


def is_constant(node: ast.expr) -> bool:
    """Whether the value is in the text itself."""
    return not any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(node))


def objects_in(nodes: Sequence[ast.AST]) -> frozenset[str]:
    """Names that are given objects only, wherever the function gives them something."""
    given: dict[str, list[ast.expr]] = {}
    for node in (part for top in nodes for part in ast.walk(top)):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                given.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            given.setdefault(node.optional_vars.id, []).append(node.context_expr)
    stores = _stores(nodes)
    single = {name: values for name, values in given.items() if stores[name] == len(values)}
    objects: set[str] = set()
    for _ in single:
        objects |= {
            name
            for name, values in single.items()
            if all(_is_object(value, objects) for value in values)
        }
    return frozenset(objects)


# Private


def _truth(node: ast.expr, objects: Collection[str]) -> bool | None:
    """Whether the expression is true whatever happens; None: it depends."""
    truth = None
    if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
        truth = bool(node.keys if isinstance(node, ast.Dict) else node.elts)
    elif isinstance(node, ast.Lambda | ast.GeneratorExp):
        truth = True
    elif isinstance(node, ast.JoinedStr):
        truth = True if any(isinstance(part, ast.Constant) for part in node.values) else None
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _truth(node.operand, objects)
        truth = None if inner is None else not inner
    elif isinstance(node, ast.BoolOp):
        truth = _truth_of_all(node, objects)
    elif isinstance(node, ast.Compare) and _compares_with_itself(node):
        truth = True
    elif is_constant(node):
        truth = _folded(node)
    elif _is_object(node, objects) or _is_method(node, objects):
        truth = True
    return truth


def _truth_of_all(node: ast.BoolOp, objects: Collection[str]) -> bool | None:
    values = [_truth(value, objects) for value in node.values]
    decisive = isinstance(node.op, ast.Or)
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _compares_with_itself(node: ast.Compare) -> bool:
    """`x == x`, `len(x) >= 0`: true for everything."""
    (comparison, right), *more = zip(node.ops, node.comparators, strict=True)
    if more:
        return False
    if isinstance(comparison, ast.Eq | ast.Is | ast.LtE | ast.GtE):
        same = isinstance(node.left, ast.Name) and ast.dump(node.left) == ast.dump(right)
        length = isinstance(node.left, ast.Call) and _name_of(node.left.func) == "len"
        zero = isinstance(right, ast.Constant) and right.value == 0
        return same or (isinstance(comparison, ast.GtE) and length and zero)
    return False


def _folded(node: ast.expr) -> bool | None:
    """The truth of an expression of constants; one that is not simple counts as true."""
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        compare = COMPARISONS.get(type(node.ops[0]))
        left, right = node.left, node.comparators[0]
        if compare and isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            with suppress(TypeError):
                return bool(compare(left.value, right.value))
    return True


def _is_object(node: ast.expr, objects: Collection[str]) -> bool:
    """Whether the value is a client, what one of its methods gave, or a locator."""
    node = node.value if isinstance(node, ast.Await) else node
    if not isinstance(node, ast.Call):
        return isinstance(node, ast.Name) and node.id in objects
    name = _name_of(node.func)
    if not isinstance(node.func, ast.Attribute):
        return name in CLIENTS
    if name in LOCATING or name.startswith(LOCATING_PREFIX):
        return True
    return name in ANSWERING and _is_object(node.func.value, objects)


def _is_method(node: ast.expr, objects: Collection[str]) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    is_of_object = node.attr in METHODS_OF_OBJECTS and _is_object(node.value, objects)
    return node.attr in METHODS or is_of_object


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _stores(nodes: Sequence[ast.AST]) -> Counter[str]:
    """How often each name is given something."""
    names = (part for top in nodes for part in ast.walk(top) if isinstance(part, ast.Name))
    return Counter(name.id for name in names if isinstance(name.ctx, ast.Store | ast.Del))
