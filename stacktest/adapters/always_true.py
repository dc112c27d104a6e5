"""Recognizes, from their text, expressions that are true for every answer of a service.

constants and their like     `True`, `"text"`, `(x, "message")`, `lambda: x`
compared with itself         `x == x`, `len(x) >= 0`, `x or True`, `"" in x`
of every answer              `answer.status_code < 600`, `answer.text is not None`,
                             `command.code in range(256)`, `isinstance(command.out, str)`
methods that are not called  `text.startswith`, `page.locator("h1").is_visible`
objects                      a client, a response, a command's outcome, a locator of Playwright, a
                             `filter` or `zip`: these are never false or None, and neither is the
                             status of a response
"""

import ast
import operator
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

from stacktest.adapters.syntax_nodes import nodes_of

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
"""Fixtures whose calls return an object that is never false."""
ANSWERING = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "request", "send", "run", "http"}
)
"""Methods of these whose results are never false either."""
CLIENT_MODULE = "httpx"
CLIENT_CLASSES = frozenset({"Client", "AsyncClient", "stream"})
"""Classes and functions of httpx, besides these methods, that return such objects."""
METHODS = frozenset(
    {"startswith", "endswith", "strip", "lower", "upper", "splitlines", "isdigit", "isalnum"}
)
"""Methods of texts: without brackets, the method itself is true."""
METHODS_OF_OBJECTS = frozenset(
    {
        *("json", "raise_for_status", "is_visible", "is_hidden", "is_enabled", "is_disabled"),
        *("is_checked", "is_editable", "count", "inner_text", "text_content", "all"),
    }
)
"""Such methods of responses and locators."""
LOCATING = frozenset({"locator", "frame_locator"})
LAZY = frozenset(
    {"filter", "map", "zip", "iter", "reversed", "enumerate", "type", "id", "repr", "Path"}
)
"""Functions of Python whose results are true, also for an empty argument."""
ATTRIBUTES = frozenset({"status_code", "headers", "url", "request"})
"""Attributes of a response that are always true."""
LOCATING_PREFIX = "get_by_"
NEVER_NONE = ATTRIBUTES | {
    *("text", "content", "cookies", "history", "elapsed", "reason_phrase", "out", "err", "code"),
}
"""Attributes of a response or a command's outcome that are never None; a text may be empty."""
STATUSES = {"status_code": range(200, 600), "status": range(200, 600), "code": range(256)}
"""All status codes of final responses, and all exit codes of commands."""


def is_always_true(node: ast.expr, objects: Collection[str] = ()) -> bool:
    """Whether the expression is always true; `objects` are names of objects that are."""
    return _truth(node, objects) is True


def is_of_all(node: ast.expr) -> bool:
    """Whether it is `all(…)`, or several joined by `and`: true if there are no items."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return all(map(is_of_all, node.values))
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "all"


def is_constant(node: ast.expr) -> bool:
    """Whether the value is given by the text: it has no names and no calls."""
    return not any(isinstance(part, ast.Name | ast.Call) for part in nodes_of(node))


def may_be_object(test: ast.expr) -> bool:
    """Whether the test may be true only because an object exists, so `objects` are needed."""
    if isinstance(test, ast.Compare):
        return any(isinstance(part, ast.Constant) for part in test.comparators)
    return isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.Await | ast.BoolOp)


def objects_in(nodes: Sequence[ast.AST]) -> frozenset[str]:
    """Names to which the function assigns only such objects."""
    given: dict[str, list[ast.expr]] = {}
    parts = nodes_of(*nodes)
    for node in parts:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                given.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            given.setdefault(node.optional_vars.id, []).append(node.context_expr)
    stores = _stores(parts) if given else Counter()
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
    """Whether the expression is always true or always false; None: it depends."""
    truth = None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _truth(node.operand, objects)
        truth = None if inner is None else not inner
    elif isinstance(node, ast.BoolOp):
        truth = _truth_of_all(node, objects)
    elif isinstance(node, ast.NamedExpr):
        truth = _truth(node.value, objects)
    elif isinstance(node, ast.IfExp):
        body, other = _truth(node.body, objects), _truth(node.orelse, objects)
        truth = body if body == other else None
    elif isinstance(node, ast.Compare) and _always_holds(node, objects):
        truth = True
    else:
        truth = _truth_of_value(node, objects)
    return truth


def _truth_of_value(node: ast.expr, objects: Collection[str]) -> bool | None:
    if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
        return bool(node.keys if isinstance(node, ast.Dict) else node.elts)
    if isinstance(node, ast.JoinedStr):
        return True if any(isinstance(part, ast.Constant) for part in node.values) else None
    if is_constant(node):
        return _folded(node)
    if isinstance(node, ast.Call) and _name_of(node.func) in _LOOKS and node.args:
        node = node.args[0]
        is_typed = _is_object(node, objects) or _is_attribute(node, objects)
        return True if is_typed or _is_attribute_of(node, NEVER_NONE, objects) else None
    is_object = isinstance(node, ast.Lambda | ast.GeneratorExp) or _is_object(node, objects)
    return True if is_object or _is_attribute(node, objects) else None


def _truth_of_all(node: ast.BoolOp, objects: Collection[str]) -> bool | None:
    values = [_truth(value, objects) for value in node.values]
    decisive = isinstance(node.op, ast.Or)
    if decisive in values:
        return decisive
    return None if None in values else not decisive


_LOOKS = frozenset({"isinstance", "hasattr", "callable"})
"""Functions that test only the type of an object."""


def _always_holds(node: ast.Compare, objects: Collection[str]) -> bool:
    return (
        _compares_with_itself(node)
        or _is_no_none(node, objects)
        or _holds_for_every_status(node, objects)
    )


def _holds_for_every_status(node: ast.Compare, objects: Collection[str]) -> bool:
    operands = [node.left, *node.comparators]
    statuses = [_is_attribute_of(item, STATUSES, objects) for item in operands]
    names = {item.attr for item in operands if isinstance(item, ast.Attribute)}
    if not any(statuses) or len(names) > 1:
        return False
    try:
        values = [None if s else _constant(o) for s, o in zip(statuses, operands, strict=True)]
        return all(_compared(node.ops, values, status) for status in STATUSES[names.pop()])
    except (ValueError, TypeError):
        return False


def _constant(node: ast.expr) -> Any:
    """The value of a constant, or of a `range` of constants; ValueError for everything else."""
    if isinstance(node, ast.Call) and _name_of(node.func) == "range":
        return range(*map(ast.literal_eval, node.args))
    return ast.literal_eval(node)


def _compared(operators: Sequence[ast.cmpop], values: Sequence[Any], status: int) -> bool:
    """Whether a chain of comparisons holds with None replaced by the status."""
    chain = [status if value is None else value for value in values]
    return all(
        _MEMBERSHIP.get(type(comparison), COMPARISONS.get(type(comparison), _never))(left, right)
        for comparison, left, right in zip(operators, chain, chain[1:], strict=False)
    )


def _never(_left: Any, _right: Any) -> bool:
    return False


_MEMBERSHIP: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def _compares_with_itself(node: ast.Compare) -> bool:
    """Whether it is `x == x`, `x.a is x.a`, `len(x) >= 0` or `"" in x`: true for every `x`."""
    if len(node.ops) > 1:
        return False
    left, (comparison,), (right,) = node.left, node.ops, node.comparators
    if isinstance(comparison, ast.In):
        return isinstance(left, ast.Constant) and left.value in ("", b"")
    is_reflexive = isinstance(comparison, ast.Eq | ast.Is | ast.LtE | ast.GtE)
    if is_reflexive and _is_dotted_name(left) and ast.dump(left) == ast.dump(right):
        return True
    if _is_length(right):
        left, right = right, left
        comparison = _MIRRORED.get(type(comparison), type(comparison))()
    bounds = {ast.GtE: "0", ast.Gt: "-1", ast.NotEq: "-1"}
    return _is_length(left) and ast.unparse(right) == bounds.get(type(comparison))


_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.LtE: ast.GtE, ast.Lt: ast.Gt}


def _is_dotted_name(node: ast.expr) -> bool:
    """Whether it is `x` or `x.a.b`: read twice, it gives the same value."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _is_length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name_of(node.func) == "len"


def _is_no_none(node: ast.Compare, objects: Collection[str]) -> bool:
    """Whether it is `answer is not None`, of a value that is never None."""
    right = node.comparators[0]
    is_none = isinstance(right, ast.Constant) and right.value is None
    is_other = len(node.ops) == 1 and isinstance(node.ops[0], ast.IsNot | ast.NotEq)
    is_there = _is_object(node.left, objects) or _is_attribute_of(node.left, NEVER_NONE, objects)
    return is_none and is_other and is_there


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
    """Whether the value is a client, the result of one of its methods, or a locator."""
    node = node.value if isinstance(node, ast.Await) else node
    if not isinstance(node, ast.Call):
        return isinstance(node, ast.Name) and (node.id in objects or node.id == CLIENT_MODULE)
    name = _name_of(node.func)
    if not isinstance(node.func, ast.Attribute):
        return name in CLIENTS or name in LAZY
    if name in LOCATING or name.startswith(LOCATING_PREFIX):
        return True
    return name in ANSWERING | CLIENT_CLASSES and _is_object(node.func.value, objects)


def _is_attribute(node: ast.expr, objects: Collection[str]) -> bool:
    """Whether it is a method without a call, or an attribute of a response that is true."""
    if not isinstance(node, ast.Attribute):
        return False
    return node.attr in METHODS or _is_attribute_of(node, METHODS_OF_OBJECTS | ATTRIBUTES, objects)


def _is_attribute_of(node: ast.expr, names: Collection[str], objects: Collection[str]) -> bool:
    return (
        isinstance(node, ast.Attribute) and node.attr in names and _is_object(node.value, objects)
    )


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _stores(nodes: Iterable[ast.AST]) -> Counter[str]:
    """Name → number of assignments to it and deletions of it."""
    names = (node for node in nodes if isinstance(node, ast.Name))
    return Counter(name.id for name in names if isinstance(name.ctx, ast.Store | ast.Del))
