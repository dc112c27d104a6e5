"""Whether an import of a module only defines things, so that its tests depend on its text alone.

A module is plain if its import runs only imports, definitions, literals, operators, and calls that
read nothing but their arguments (`plain_calls`). Other code may read a file, a clock or a variable,
so that the tests change although no file has changed. The value of a name is looked up in the
imported module. In doubt, code is not plain.
"""

import ast
import builtins
import enum
import inspect
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import PurePath
from typing import Any

import pytest

from stacktest.pytest_plugin.plain_calls import (
    CALLED_ARGUMENTS,
    PURE_METHODS,
    is_field,
    is_known_value,
    is_mere_definition,
    is_own,
    is_plain,
    is_pure,
    is_trusted,
)

LATE_HOOKS = (
    *("pytest_runtest_", "pytest_fixture_", "pytest_pyfunc_call", "pytest_exception_interact"),
    *("pytest_assert", "pytest_terminal_summary", "pytest_sessionfinish", "pytest_unconfigure"),
)
"""Prefixes of hooks that run only after the collection."""
REGISTERING: Mapping[str, tuple[str, ...]] = {
    "pytest_addoption": ("addoption", "addini"),
    "pytest_configure": ("addinivalue_line",),
}
"""Hook → the methods of its argument that it may call with literals and still be plain."""
RUN_BY_THEMSELVES = frozenset(
    {
        *("__init_subclass__", "__class_getitem__", "__set_name__", "__new__", "__mro_entries__"),
        *("__getattr__", "__getattribute__", "__prepare__", "__instancecheck__", "__dir__"),
    }
)
"""Methods that Python calls without a call in the text."""
RUN_BY_ENUMS = frozenset({"__init__", "_generate_next_value_", "_missing_"})


def first_act(tree: ast.Module, namespace: Mapping[str, Any]) -> str:
    """The first statement that does more than define when the code is imported; empty: none.

    `namespace` is the module as it was imported.
    """
    for line, act in _Reader(tree, namespace).acts(tree):
        return f"line {line} {act}"
    return ""


# Private

_Act = tuple[int, str]
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_UNKNOWN = object()
_POSITIONAL = 3
"""Positional arguments of `parametrize` that are data; `ids`, which may be called, follows."""
_REFUSED: Mapping[type[ast.AST], str] = {
    ast.With: "enters a context",
    ast.AsyncWith: "enters a context",
    ast.While: "loops until something is so",
    ast.Match: "matches a pattern",
    ast.Await: "waits",
    ast.NamedExpr: "binds a name in an expression",
    ast.Global: "binds a name elsewhere",
}


class _Reader:
    """Reads the code that an import of one module runs."""

    def __init__(self, tree: ast.Module, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._run = tuple(_run_at_import(tree))
        self._readers: tuple[tuple[Any, Callable[[Any], Iterator[_Act]]], ...] = (
            (_Function, self._function),
            (ast.ClassDef, self._class),
            (ast.Lambda, lambda node: self.acts(node.args)),
            (ast.ImportFrom, self._import),
            (ast.arg | ast.AnnAssign, self._annotated),
            (ast.If, self._condition),
            (ast.Call, self._call),
            (ast.Name | ast.Attribute | ast.Subscript, self._value),
        )

    def acts(self, node: ast.AST) -> Iterator[_Act]:
        """Every part of `node` that does more than define."""
        if why := _REFUSED.get(type(node)):
            yield getattr(node, "lineno", 0), why
            return
        for kinds, read in self._readers:
            if isinstance(node, kinds):
                yield from read(node)
                return
        yield from self._all(ast.iter_child_nodes(node))

    # Private

    def _all(self, nodes: Iterable[ast.AST]) -> Iterator[_Act]:
        for node in nodes:
            yield from self.acts(node)

    def _import(self, node: ast.ImportFrom) -> Iterator[_Act]:
        is_all = any(alias.name == "*" for alias in node.names)
        if is_all and not node.level and not is_own(node.module or ""):
            yield node.lineno, f"imports everything of {node.module}"

    def _condition(self, node: ast.If) -> Iterator[_Act]:
        is_for_programs = ast.unparse(node.test) == "__name__ == '__main__'"
        yield from self._all(node.orelse if is_for_programs else ast.iter_child_nodes(node))

    def _function(self, node: _Function) -> Iterator[_Act]:
        is_hook = node.name.startswith("pytest_") and not node.name.startswith(LATE_HOOKS)
        if is_hook and not _only_registers(node):
            yield node.lineno, f"has the hook {node.name}"
        if node.name in RUN_BY_THEMSELVES:
            yield node.lineno, f"has {node.name}, which runs by itself"
        yield from self._decorators(node)
        yield from self.acts(node.args)
        yield from _calls_in(node.returns)

    def _class(self, node: ast.ClassDef) -> Iterator[_Act]:
        if any(keyword.arg == "metaclass" for keyword in node.keywords):
            yield node.lineno, "has a metaclass"
        kinds = [self._object(base) for base in node.bases]
        if any(kind is _UNKNOWN or isinstance(kind, enum.EnumMeta) for kind in kinds):
            names = {item.name for item in node.body if isinstance(item, _Function)}
            for name in sorted(names & RUN_BY_ENUMS):
                yield node.lineno, f"has {name}, which may run by itself"
        yield from self._decorators(node)
        yield from self._all([*node.bases, *node.keywords, *node.body])

    def _decorators(self, node: _Function | ast.ClassDef) -> Iterator[_Act]:
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call):
                yield from self._call(decorator)
            elif not self._may_call(decorator) and not _is_setter(decorator):
                yield decorator.lineno, f"is decorated by {ast.unparse(decorator)}"

    def _annotated(self, node: ast.arg | ast.AnnAssign) -> Iterator[_Act]:
        """An annotation is plain unless it holds a call."""
        yield from _calls_in(node.annotation)
        if isinstance(node, ast.AnnAssign):
            yield from self._all([node.target, *([node.value] if node.value else [])])

    def _call(self, node: ast.Call) -> Iterator[_Act]:
        if not self._may_call(node.func):
            yield node.lineno, f"calls {ast.unparse(node.func)}"
            return
        if any(keyword.arg is None for keyword in node.keywords):
            yield node.lineno, f"calls {ast.unparse(node.func)} with arguments from elsewhere"
        called = [keyword.value for keyword in node.keywords if keyword.arg in CALLED_ARGUMENTS]
        for value in (*called, *node.args[_POSITIONAL:]):
            if not self._is_data(value):
                yield node.lineno, f"hands on {ast.unparse(value)}, which may be called"
        owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        yield from self._all([*owner, *node.args, *(keyword.value for keyword in node.keywords)])

    def _is_data(self, node: ast.expr) -> bool:
        """Whether an argument that may be called is data or pure, not code of the project."""
        target = self._object(node)
        if target is _UNKNOWN:
            if isinstance(node, ast.Call):
                return any(self._object(node.func) is kind for kind in (list, sorted, tuple))
            literals = ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.Starred
            return isinstance(node, literals | ast.ListComp | ast.GeneratorExp)
        return is_pure(target) or is_plain(target)

    def _may_call(self, node: ast.expr) -> bool:
        """Whether a call of this expression reads nothing but its arguments."""
        target = self._object(node)
        if target is not _UNKNOWN:
            return is_pure(target)
        if not isinstance(node, ast.Attribute):
            return False
        owner = self._object(node.value)
        if owner is pytest.mark:
            return True
        is_value = is_plain(owner) if owner is not _UNKNOWN else self._is_plain(node.value)
        return is_value and node.attr in PURE_METHODS

    def _is_plain(self, node: ast.expr) -> bool:
        """Whether an expression is certain to be a string, or a path made by `Path(…)`."""
        if isinstance(node, ast.Constant | ast.JoinedStr):
            return True
        if isinstance(node, ast.BinOp):
            return self._is_plain(node.left)
        if isinstance(node, ast.Attribute):
            return self._is_plain(node.value)
        if isinstance(node, ast.Call):
            kind = self._object(node.func)
            if isinstance(kind, type):
                return issubclass(kind, PurePath | str)
            return isinstance(node.func, ast.Attribute) and self._is_plain(node.func.value)
        return isinstance(node, ast.Name) and is_plain(self._object(node))

    def _value(self, node: ast.Name | ast.Attribute | ast.Subscript) -> Iterator[_Act]:
        """A value that is read must come from the project or from a known package."""
        if not isinstance(node.ctx, ast.Load):
            if not isinstance(node, ast.Name):
                yield node.lineno, f"changes {ast.unparse(node)}"
            return
        if isinstance(node, ast.Subscript):
            yield from self._all([node.value, node.slice])
            return
        if isinstance(node, ast.Attribute):
            is_known = self._is_known_attribute(node)
        else:
            target = self._object(node)
            is_known = is_mere_definition(target) or (
                (target is _UNKNOWN or is_known_value(target)) and self._has_known_origin(node.id)
            )
        if not is_known:
            yield node.lineno, f"uses {ast.unparse(node)}"
        elif isinstance(node, ast.Attribute):
            yield from self.acts(node.value)

    def _is_known_attribute(self, node: ast.Attribute) -> bool:
        """Whether an attribute is a definition or a value, and no property that runs code."""
        owner, target = self._object(node.value), self._object(node)
        if isinstance(owner, types.ModuleType | type):
            module = owner.__name__ if isinstance(owner, types.ModuleType) else owner.__module__
            is_trusted_name = is_own(module) or is_trusted(module, node.attr)
            return is_mere_definition(target) or (is_trusted_name and is_known_value(target))
        if owner is _UNKNOWN:
            return self._is_plain(node.value)
        return owner is pytest.mark or is_plain(owner) or is_field(owner, node.attr)

    def _has_known_origin(self, name: str) -> bool:
        """Whether every import that binds the name is from the project or from a known package."""
        return all(
            is_own(module) or is_trusted(module, original)
            for module, original in self._origins.get(name, ())
        )

    def _object(self, node: ast.expr) -> Any:
        """The object that a name or a dotted name refers to; `_UNKNOWN` if it is not certain."""
        if isinstance(node, ast.Name):
            bindings = self._bindings[node.id]
            if bindings == 0 and node.id not in self._namespace:
                return getattr(builtins, node.id, _UNKNOWN)
            return self._namespace.get(node.id, _UNKNOWN) if bindings <= 1 else _UNKNOWN
        if not isinstance(node, ast.Attribute):
            return _UNKNOWN
        owner = self._object(node.value)
        if isinstance(owner, type) and is_own(owner.__module__):
            value = inspect.getattr_static(owner, node.attr, _UNKNOWN)
            return value if is_known_value(value) else _UNKNOWN
        if isinstance(owner, types.ModuleType | type):
            return getattr(owner, node.attr, _UNKNOWN)
        return _UNKNOWN

    @cached_property
    def _origins(self) -> Mapping[str, set[tuple[str, str]]]:
        """Name → the modules that it is imported from, with its name there."""
        origins: dict[str, set[tuple[str, str]]] = {}
        for node in self._run:
            if isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    source = (node.module or "", alias.name)
                    origins.setdefault(alias.asname or alias.name, set()).add(source)
        return origins

    @cached_property
    def _bindings(self) -> Counter[str]:
        """How often each name is bound, in any scope, by the code that the import runs."""
        return Counter(name for name, _ in {pair for node in self._run for pair in _bound(node)})


def _bound(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The names that one node binds, each with its source: equal imports have equal sources."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id, node
    elif isinstance(node, _Function | ast.ClassDef) or (
        isinstance(node, ast.ExceptHandler) and node.name
    ):
        yield str(node.name), node
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0], alias.asname and alias.name
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, (node.level, node.module, alias.name)


def _run_at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node except those in bodies of functions."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _Function):
            waiting += [*node.decorator_list, node.args]
        elif isinstance(node, ast.Lambda):
            waiting.append(node.args)
        else:
            waiting += ast.iter_child_nodes(node)


def _calls_in(annotation: ast.expr | None) -> Iterator[_Act]:
    for node in ast.walk(annotation) if annotation else ():
        if isinstance(node, ast.Call | ast.NamedExpr):
            yield node.lineno, f"calls {ast.unparse(node)}"


def _only_registers(hook: _Function) -> bool:
    """Whether a hook does nothing but register literals."""
    if hook.name not in REGISTERING or len(hook.args.args) != 1:
        return False
    argument, methods = hook.args.args[0].arg, REGISTERING[hook.name]
    return all(_registers(statement, argument, methods) for statement in hook.body)


def _registers(statement: ast.stmt, argument: str, methods: Iterable[str]) -> bool:
    """Whether it is `argument.method(…)` with literals, a docstring, or `pass`."""
    if isinstance(statement, ast.Pass):
        return True
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Constant):
        return True
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == argument
        and call.func.attr in methods
        and all(map(_is_literal, (*call.args, *(keyword.value for keyword in call.keywords))))
    )


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _is_setter(decorator: ast.expr) -> bool:
    """Whether it is `@name.setter` or `@name.deleter` of a property."""
    return isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "deleter")
