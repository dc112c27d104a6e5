"""Finds, in a function's text, its own checks that can fail a test, and the functions it calls.

A check is an `assert` that can fail, `raise AssertionError`, or a `raise` after a condition or an
earlier `return`. Checks in called functions are found by the caller of this module, who resolves
the references. An `assert` whose failure is swallowed, that tests a constant, or that cannot run is
not a check.
"""

import ast
from collections.abc import Collection, Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path

from stacktest.adapters.always_true import (
    is_always_true,
    is_of_all,
    may_be_object,
    objects_in,
)
from stacktest.adapters.code_reference import (
    EXITS,
    NO_LINES,
    Reference,
    chain_of,
    demands_success,
    is_expectation,
    is_named,
    last_name,
    looked_up,
    reference_to,
)
from stacktest.adapters.function_sites import Guard, Import, Sites, imports_of
from stacktest.adapters.idle_calls import cannot_fail, described, is_idle_statement
from stacktest.adapters.live_code import (
    FUNCTIONS,
    contains,
    is_never_true,
    lines_of,
    names_in_use,
    reachable,
)
from stacktest.adapters.suite_code import imported_by_call, read_nodes, saved_at
from stacktest.adapters.swallowed_failures import (
    Swallowing,
    ends_failures,
    enters_suppression,
)
from stacktest.core.changed_copy import replace

NO_FAILURE = frozenset(
    {"NotImplementedError", "StopIteration", "StopAsyncIteration", "GeneratorExit", "Skipped"}
)
FOLLOWING_UP = frozenset({"addfinalizer", "addCleanup", "addClassCleanup"})
"""Functions that register a function to be called after the test."""


def sites_at(path: Path, first_line: int) -> Sites | None:
    """The sites of the function that starts at this line of the file, with decorators; or None."""
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
            sites = functions[line] = _read_sites(node.body, is_async=is_async)
            sites.swallows |= node.name in ("__exit__", "__aexit__") and ends_failures(node)
        elif isinstance(node, ast.Lambda):
            lambdas[node.lineno] = _read_sites([node.body])
    return lambdas | functions


def _read_sites(nodes: Sequence[ast.AST], *, is_async: bool = False) -> Sites:
    reader = _Reader(nodes, is_async=is_async)
    return reader.read()


class _Reader(ast.NodeVisitor):
    """Visits a function's body, except parts that cannot fail a test or cannot run."""

    def __init__(self, nodes: Sequence[ast.AST], *, is_async: bool) -> None:
        self.sites = Sites()
        self._nodes = nodes
        self._is_async = is_async
        self._conditions = 0
        self._inner_functions = 0
        self._is_in_class = False
        self._loops = 0
        self._branches = 0
        """Number of loops, conditions and handlers around the current node."""
        self._deferrals = 0
        """Number of lambdas and comprehensions around the current node."""
        self._statement = NO_LINES
        self._returns: list[int] = []
        self._may_have_returned = False
        self._swallowing = Swallowing(nodes)

    def read(self) -> Sites:
        """The sites of the whole body."""
        self.visit_all(self._nodes)
        if not self.sites.checks:
            # Functions that it calls may check.
            self.sites.early_returns += self._returns
        return self.sites

    def visit_all(self, nodes: Iterable[ast.AST]) -> None:
        """Visit statements in order, up to one after which no other runs."""
        outer = self._statement
        for node in reachable(nodes):
            if isinstance(node, ast.stmt):
                self._statement = lines_of(node)
            self.visit(node)
            if enters_suppression(node):
                break
        self._statement = outer

    def generic_visit(self, node: ast.AST) -> None:
        """Visit the child nodes that can run."""
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

    def visit_Import(self, node: ast.Import) -> None:
        self.sites.imports |= imports_of(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.sites.imports |= imports_of(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if self._swallowing.is_dropped(node.value, node.targets):
            return
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if module := imported_by_call(node.value):
            self.sites.imports |= dict.fromkeys(names, Import(module))
        is_used = len(names) < len(node.targets) or bool(self._names & set(names))
        if is_used or not isinstance(node.value, ast.Lambda):
            self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        self.generic_visit(node)
        self._may_have_returned |= not self._inner_functions
        if not (self._loops or self._inner_functions or self.sites.checks):
            self._returns.append(node.lineno)

    def visit_Assert(self, node: ast.Assert) -> None:
        objects = self._objects if may_be_object(node.test) else ()
        if not is_always_true(node.test, objects):
            self._add_check(is_failure=is_never_true(node.test), is_of_all=is_of_all(node.test))
            if reference := reference_to(node.test):
                self.sites.asserted.append(Guard(reference, lines_of(node), checks=1))
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._raise(last_name(node.exc.func if isinstance(node.exc, ast.Call) else node.exc))
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

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        is_swallowed = self._swallowing.is_try(node)
        self._note_late(node.finalbody)
        self._may_have_returned |= is_swallowed and contains(node.body, ast.Return)
        self.sites.swallows |= is_swallowed and contains(node.body, ast.Yield)
        # An exception that a handler catches may skip the rest of the body, and `else`.
        self._branches += bool(node.handlers)
        for body in ([] if is_swallowed else node.body, node.orelse):
            self.visit_all(body)
        conditions, self._conditions = self._conditions, 0
        self.visit_all(node.handlers)
        self._conditions = conditions
        self._branches -= bool(node.handlers)
        self.visit_all(node.finalbody)

    visit_TryStar = visit_Try  # noqa: N815 - the name is that of `ast`

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        if self._swallowing.is_with(node):
            self.sites.swallows |= contains(node.body, ast.Yield)
            return
        checks = self.sites.checks
        self._note_late([*node.items])
        self.generic_visit(node)
        lines = range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1)
        for item in node.items:
            if reference := reference_to(item.context_expr):
                self.sites.guards.append(Guard(reference, lines, self.sites.checks - checks))

    visit_AsyncWith = visit_With  # noqa: N815 - the name is that of `ast`

    def visit_Expr(self, node: ast.Expr) -> None:
        call = described(node.value)
        if self._swallowing.is_dropped(call):
            return
        if not isinstance(call, ast.Call):
            self.visit(call)
        elif not (self._is_async and is_expectation(chain_of(call.func))):
            is_idle = is_idle_statement(call, self._objects_for(call))
            self._call(call, is_idle=is_idle, is_dropped=True)

    def visit_Call(self, node: ast.Call) -> None:
        if chain := looked_up(node):
            self._add_reference(Reference(chain, is_deferred=True, line=node.lineno))
        self._call(node, is_idle=cannot_fail(node, self._objects_for(node)))

    def visit_Name(self, node: ast.Name) -> None:
        self._refer(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._refer(node)
        if not is_named(chain_of(node)):
            self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._deferred(*node.values[1:])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._deferred(node.body, node.orelse)

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

    def _objects_for(self, call: ast.Call) -> Collection[str]:
        return self._objects if last_name(call.func).startswith("assert") else ()

    def _add_check(self, *, is_failure: bool = False, is_of_all: bool = False) -> None:
        if not self.sites.checks and not is_failure:
            self.sites.early_returns += self._returns
        self.sites.checks += 1
        if is_failure:
            self._note_failure()
        elif is_of_all:
            self.sites.of_all.append(self._statement)
        elif self._is_loose:
            self.sites.loose.append(self._statement)
        elif self._may_have_returned:
            self.sites.after_return.append(self._statement)
        self._returns.clear()

    def _raise(self, name: str) -> None:
        is_led_to = self._conditions > 0 or self._may_have_returned
        is_failure = name.endswith("AssertionError") or is_led_to
        if name and is_failure and name not in NO_FAILURE:
            self._add_check(is_failure=True)

    def _note_failure(self) -> None:
        self.sites.is_failure |= not (self._branches or self._inner_functions)

    @property
    def _is_loose(self) -> bool:
        """Whether a check here may not be reached: then the executed lines show if it was."""
        return bool(self._branches or self._inner_functions)

    def _note_late(self, nodes: Iterable[ast.AST]) -> None:
        """Note lines that run after a `return` in their block."""
        lines = {
            part.lineno
            for node in nodes
            for part in ast.walk(node)
            if isinstance(part, ast.stmt | ast.expr)
        }
        self.sites.left_late |= lines | set(self._statement[:1] if nodes else ())

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """Visit an inner function or class, whose checks count only if its name is used."""
        if node.name in self._names or node.decorator_list or self._is_in_class:
            outside = self._is_in_class, self._inner_functions
            self._is_in_class = isinstance(node, ast.ClassDef)
            self._inner_functions += 1
            self.generic_visit(node)
            self._is_in_class, self._inner_functions = outside

    def _call(self, node: ast.Call, *, is_idle: bool, is_dropped: bool = False) -> None:
        chain = chain_of(node.func)
        if chain[-1] == "fail":
            self._returns.clear()
            self._note_failure()
        if chain in EXITS:
            self._raise("SystemExit")
        self.sites.is_followed_up |= chain[-1] in FOLLOWING_UP
        if chain[-1]:
            reference = Reference(
                chain,
                is_call=True,
                is_idle=is_idle,
                is_dropped=is_dropped,
                is_of_all=chain[-1] == "assertTrue" and any(map(is_of_all, node.args[:1])),
                line=node.lineno,
            )
            self._add_reference(reference)
        if any(demands_success(keyword) for keyword in node.keywords):
            self._add_check()
        if not is_named(chain):
            inner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            self.visit(inner)
        for child in (*node.args, *node.keywords):
            self.visit(child)

    def _refer(self, node: ast.Name | ast.Attribute) -> None:
        chain = chain_of(node)
        if isinstance(node.ctx, ast.Load) and is_named(chain):
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
