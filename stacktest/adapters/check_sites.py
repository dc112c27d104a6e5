"""Where a function can fail a test by a check of its own, and what it calls, from its text.

A check is an `assert` that can fail, `raise AssertionError`, or a `raise` that a condition leads
to. What a called function checks is decided by who can tell which function that is. What
stands in a `try` that swallows its failure, asserts a constant, or cannot run at all, is no check.
"""

import ast
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

from stacktest.adapters.always_true import is_always_true, is_constant, objects_in
from stacktest.adapters.code_reference import NO_LINES, Reference
from stacktest.adapters.live_code import FUNCTIONS, is_never_true, names_in_use, reachable
from stacktest.adapters.suite_code import read_nodes, saved_at

SWALLOWING = frozenset({"Exception", "BaseException", "AssertionError"})
NO_FAILURE = frozenset(
    {"NotImplementedError", "StopIteration", "StopAsyncIteration", "GeneratorExit", "Skipped"}
)


@dataclass(slots=True)
class Sites:
    """The checks in one function's text, and everything that it refers to."""

    checks: int = 0
    loose: list[range] = field(default_factory=list)
    """Those of each in a loop, a condition or an inner function that is no failure itself."""
    is_failure: bool = False
    """Whether it fails without a condition: then what leads to its call is the check."""
    references: list[Reference] = field(default_factory=list)
    early_returns: list[int] = field(default_factory=list)
    """Lines of `return`, in no loop, that stand before the first of the checks.

    Not those before a failure without a condition: there, what leads to the `return` is the check.
    """

    @property
    def has_firm_checks(self) -> bool:
        """Whether some are reached whenever the function ends, or are failures themselves."""
        return self.checks > len(self.loose)


def sites_at(path: Path, first_line: int) -> Sites | None:
    """The function that starts at this line of the file (decorators included), if there is one."""
    return _all_sites(path, saved_at(path)).get(first_line)


# Private


@cache
def _all_sites(path: Path, _saved: int | None) -> dict[int, Sites]:
    functions: dict[int, Sites] = {}
    lambdas: dict[int, Sites] = {}
    for node in read_nodes(path):
        if isinstance(node, FUNCTIONS):
            line = min([node.lineno, *(item.lineno for item in node.decorator_list)])
            is_async = isinstance(node, ast.AsyncFunctionDef)
            functions[line] = _read_sites(node.body, is_async=is_async)
        elif isinstance(node, ast.Lambda):
            lambdas[node.lineno] = _read_sites([node.body])
    return lambdas | functions


def _read_sites(nodes: Sequence[ast.AST], *, is_async: bool = False) -> Sites:
    reader = _Reader(nodes, is_async=is_async)
    return reader.read()


_MAY_BE_OBJECT = (ast.Name, ast.Attribute, ast.Call, ast.Await, ast.BoolOp)


class _Reader(ast.NodeVisitor):
    """Walks a function's body and leaves out what cannot fail, or cannot run."""

    def __init__(self, nodes: Sequence[ast.AST], *, is_async: bool) -> None:
        self.sites = Sites()
        self._nodes = nodes
        self._is_async = is_async
        self._conditions = 0
        self._inner_functions = 0
        self._is_in_class = False
        self._loops = 0
        self._branches = 0
        """Loops, conditions and handlers around what is read."""
        self._deferrals = 0
        """Lambdas and comprehensions around what is read."""
        self._statement = NO_LINES
        self._returns: list[int] = []

    def read(self) -> Sites:
        """Everything of the body."""
        self.visit_all(self._nodes)
        if not self.sites.checks:
            # What it calls may check.
            self.sites.early_returns += self._returns
        return self.sites

    def visit_all(self, nodes: Iterable[ast.AST]) -> None:
        """Visit statements in order, up to the one after which none of them runs."""
        outer = self._statement
        for node in reachable(nodes):
            if isinstance(node, ast.stmt):
                self._statement = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            self.visit(node)
        self._statement = outer

    def generic_visit(self, node: ast.AST) -> None:
        """Visit everything below the node that can run."""
        for _, value in ast.iter_fields(node):
            if isinstance(value, list):
                self.visit_all(child for child in value if isinstance(child, ast.AST))
            elif isinstance(value, ast.AST):
                self.visit(value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._definition(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._definition(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._definition(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        is_used = len(names) < len(node.targets) or bool(self._names & set(names))
        if is_used or not isinstance(node.value, ast.Lambda):
            self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        self.generic_visit(node)
        if not (self._loops or self._inner_functions or self.sites.checks):
            self._returns.append(node.lineno)

    def visit_Assert(self, node: ast.Assert) -> None:
        objects = self._objects if isinstance(node.test, _MAY_BE_OBJECT) else ()
        if not is_always_true(node.test, objects):
            self._add_check(is_failure=is_never_true(node.test))
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        name = _last_name(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
        is_failure = name.endswith("AssertionError") or self._conditions > 0
        if name and is_failure and name not in NO_FAILURE:
            self._add_check(is_failure=True)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if is_never_true(node.test):
            self.visit_all(node.orelse)
        else:
            self.visit(node.test)
            self._conditional(node.body, node.orelse)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._conditional(node.cases)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._loop(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._loop(node)

    def visit_While(self, node: ast.While) -> None:
        if not is_never_true(node.test):
            self.visit(node.test)
            self._loop(node)

    def visit_Try(self, node: ast.Try) -> None:
        is_swallowed = any(map(_swallows, node.handlers)) or _returns(node.finalbody)
        for body in ([] if is_swallowed else node.body, node.orelse, node.finalbody):
            self.visit_all(body)
        conditions, self._conditions = self._conditions, 0
        self._branches += 1
        for handler in node.handlers:
            self.visit(handler)
        self._branches -= 1
        self._conditions = conditions

    def visit_With(self, node: ast.With) -> None:
        if not any(_suppresses(item.context_expr) for item in node.items):
            self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value
        if not isinstance(call, ast.Call):
            self.generic_visit(node)
        elif not (self._is_async and _is_expectation(_chain(call.func))):
            is_idle = _last_name(call.func) == "expect" or _is_of_constants(call)
            self._call(call, is_idle=is_idle, is_dropped=True)

    def visit_Call(self, node: ast.Call) -> None:
        self._call(node, is_idle=_is_of_constants(node))

    def visit_Name(self, node: ast.Name) -> None:
        self._refer(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._refer(node)
        if not _is_named(_chain(node)):
            self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._deferred(node.body)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node, node.elt)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node, node.elt)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node, node.elt)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node, node.key, node.value)

    @cached_property
    def _names(self) -> frozenset[str]:
        return names_in_use(self._nodes)

    @cached_property
    def _objects(self) -> Collection[str]:
        return objects_in(self._nodes)

    def _add_check(self, *, is_failure: bool = False) -> None:
        if not self.sites.checks and not is_failure:
            self.sites.early_returns += self._returns
        self.sites.checks += 1
        if is_failure:
            self._note_failure()
        elif self._is_loose:
            self.sites.loose.append(self._statement)
        self._returns.clear()

    def _note_failure(self) -> None:
        self.sites.is_failure |= not (self._branches or self._inner_functions)

    @property
    def _is_loose(self) -> bool:
        """Whether a check here may not be reached, which the lines that run tell."""
        return bool(self._branches or self._inner_functions)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """A function or class within the function: its checks count where somebody names it."""
        if node.name in self._names or node.decorator_list or self._is_in_class:
            outside = self._is_in_class, self._inner_functions
            self._is_in_class = isinstance(node, ast.ClassDef)
            self._inner_functions += 1
            self.generic_visit(node)
            self._is_in_class, self._inner_functions = outside

    def _call(self, node: ast.Call, *, is_idle: bool, is_dropped: bool = False) -> None:
        chain = _chain(node.func)
        if chain[-1] == "fail":
            self._returns.clear()
            self._note_failure()
        if chain[-1]:
            reference = Reference(
                chain, is_call=True, is_idle=is_idle, is_dropped=is_dropped, line=node.lineno
            )
            self._add_reference(reference)
        if any(_demands_success(keyword) for keyword in node.keywords):
            self._add_check()
        if not _is_named(chain):
            inner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            self.visit(inner)
        for child in (*node.args, *node.keywords):
            self.visit(child)

    def _refer(self, node: ast.Name | ast.Attribute) -> None:
        chain = _chain(node)
        if isinstance(node.ctx, ast.Load) and _is_named(chain):
            self._add_reference(Reference(chain, is_deferred=True, line=node.lineno))

    def _add_reference(self, reference: Reference) -> None:
        lines = self._statement if self._is_loose else NO_LINES
        is_deferred = reference.is_deferred or self._deferrals > 0
        self.sites.references.append(replace(reference, lines=lines, is_deferred=is_deferred))

    def _deferred(self, *nodes: ast.AST) -> None:
        self._deferrals += 1
        for node in nodes:
            self.visit(node)
        self._deferrals -= 1

    def _comprehension(
        self,
        node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
        *results: ast.expr,
    ) -> None:
        first, *others = node.generators
        self.visit(first.iter)
        self._deferred(first.target, *first.ifs, *others, *results)

    def _conditional(self, *bodies: Sequence[ast.AST]) -> None:
        self._conditions += 1
        self._branches += 1
        for body in bodies:
            self.visit_all(body)
        self._branches -= 1
        self._conditions -= 1

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        self._loops += 1
        self._branches += 1
        self.visit_all(node.body)
        self._branches -= 1
        self._conditional(node.orelse)
        self._loops -= 1


def _chain(node: ast.expr) -> tuple[str, ...]:
    """`a.b.c` → `("a", "b", "c")`; the first part is `f()` or empty where an expression stands."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        return (*_chain(node.value), node.attr)
    called = _chain(node.func)[0] if isinstance(node, ast.Call) else ""
    return (f"{called.removesuffix('()')}()" if called else "",)


def _is_named(chain: tuple[str, ...]) -> bool:
    """Whether it begins with a name, not with what an expression gave."""
    return bool(chain[0]) and not chain[0].endswith("()")


def _last_name(node: ast.expr | None) -> str:
    return _chain(node)[-1] if node is not None else ""


def _is_of_constants(node: ast.Call) -> bool:
    """`assertEqual(1, 1)`."""
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    constant = bool(values) and all(map(is_constant, values))
    return constant and _last_name(node.func).startswith("assert")


def _demands_success(keyword: ast.keyword) -> bool:
    """`subprocess.run(…, check=True)`."""
    value = keyword.value
    return keyword.arg == "check" and isinstance(value, ast.Constant) and value.value is True


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a failure of the test's own ends in this handler, and nothing fails there."""
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    if not any(kind is None or _last_name(kind) in SWALLOWING for kind in types):
        return False
    return not any(
        isinstance(node, ast.Raise | ast.Assert)
        or (isinstance(node, ast.Call) and _last_name(node.func) == "fail")
        for node in ast.walk(handler)
    )


def _returns(body: Sequence[ast.stmt]) -> bool:
    """Whether a `finally` ends the function, and any failure with it."""
    return any(isinstance(node, ast.Return) for part in body for node in ast.walk(part))


def _is_expectation(chain: tuple[str, ...]) -> bool:
    """`expect(page).to_have_title`, which asynchronous tests have to await."""
    return chain[0] == "expect()" and chain[-1].startswith(("to_", "not_to_"))


def _suppresses(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or _last_name(node.func) != "suppress":
        return False
    return any(_last_name(kind) in SWALLOWING for kind in node.args)
