"""Counts the checks of a collected test: its own, and those of the project's code that it calls.

The function that a name refers to is looked up in the imported modules: through decorators, base
classes, closures, parameters and helpers of other modules. Fixtures that the test asks for by name
count as its code, and so do the steps of a pytest-bdd scenario. A test whose code cannot be read,
such as a test from a YAML file, is taken to check something.
"""

import inspect
import itertools
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stacktest.adapters.check_sites import sites_at
from stacktest.adapters.code_reference import ANY, IMPORT, Reference
from stacktest.adapters.function_sites import Import, Sites
from stacktest.adapters.late_imports import imported
from stacktest.adapters.suite_code import is_foreign
from stacktest.core.collected_test import REACHING_FIXTURES
from stacktest.pytest_plugin.bdd_steps import steps_of
from stacktest.pytest_plugin.markers import STACK_FIXTURES
from stacktest.pytest_plugin.written_functions import (
    is_class_of_project,
    is_of_project,
    package_of,
    variables_of,
    written_functions,
)

REACHING = STACK_FIXTURES | REACHING_FIXTURES
"""Fixtures that reach the stack: methods called on them are no helpers of the project."""
CHECKING_PACKAGES = frozenset(
    {"pytest_check", "pytest_assume", "pytest_regressions", "expects", "grappa", "sure"}
)
"""Plugins of pytest whose functions and fixtures check, whatever their names."""
ENTERED = ("__init__", "__post_init__", "__call__", "__enter__", "__exit__", "__aenter__")
_EXITS = ("__exit__", "__aexit__")
FLUENT_PACKAGE = "assertpy"
"""A package whose functions check nothing until a method is called on their result."""
NEVER_FAILING = frozenset({"assert_warn", "soft_assertions"})
_CONTAINERS = (dict, list, tuple, set, frozenset)
_ENTRIES = 200
"""Most entries of a list or dictionary of helpers that are counted."""


def count_checks(item: pytest.Item) -> int:
    """The number of places where a check can fail the test; 0: it cannot fail by a check."""
    function = getattr(item, "function", None)
    if not isinstance(item, pytest.Function) or function is None:
        return 1
    counter = around(item)
    counter.add(function, item.cls)
    return counter.total()


def around(item: pytest.Function, without: Collection[object] = ()) -> "Counter":
    """A counter that holds the checks of the test's fixtures and of the steps of a scenario."""
    checking = {
        name: definitions[-1].func
        for name, definitions in item._fixtureinfo.name2fixturedefs.items()  # noqa: SLF001
        if package_of(definitions[-1].func) in CHECKING_PACKAGES
    }
    counter = Counter(checking | getattr(getattr(item, "callspec", None), "params", {}))
    for fixture in (*fixtures_of(item).values(), *steps_of(item)):
        if fixture not in without:
            counter.add(fixture, item.cls)
    return counter


# Private


@dataclass(frozen=True, slots=True)
class Helper:
    """A function of the project that another function refers to, and its class."""

    function: types.FunctionType
    owner: type | None
    is_later: bool
    """It runs later than where it is named."""


class _Place(NamedTuple):
    """Where a name is looked up: the function that uses the name, and the function's class."""

    function: types.FunctionType
    owner: type | None


class Counter:
    """Counts the checks of functions and of the project's code that they refer to."""

    def __init__(self, parameters: Mapping[str, object]) -> None:
        self._parameters = parameters
        self.is_failure = False
        """Whether one of the counted functions fails whenever it is called."""
        self._checks = 0
        self._counted: set[tuple[types.FunctionType, type | None]] = set()
        self._unresolved: dict[str, None] = {}
        self._entries: list[tuple[object, type | None]] = []
        self._modules: dict[int, Mapping[str, object]] = {}

    def add(self, target: object, owner: type | None) -> None:
        """Count the checks of one function, or of the special methods of a class."""
        waiting: list[tuple[object, type | None]] = [(target, owner)]
        while waiting:
            candidate, of = waiting.pop()
            if isinstance(candidate, type):
                if not is_class_of_project(candidate):
                    continue
                self._see(candidate)
                names = [name for name in ENTERED if name in vars(candidate)]
                waiting += [(vars(candidate)[name], candidate) for name in names]
                continue
            self._entries += [(part, None) for part in _parts(candidate) if is_of_project(part)]
            for function in _layers_that_run(candidate):
                if (function, of) not in self._counted:
                    self._counted.add((function, of))
                    waiting += self._count(function, of)

    def checks_by(
        self, reference: Reference, function: types.FunctionType, owner: type | None
    ) -> bool:
        """Whether the reference leads to a check, or a check was counted before."""
        self._modules[id(function.__globals__)] = function.__globals__
        self.is_failure |= reference.chain[-1] == "fail"
        for target, holder in self._referred([reference], _Place(function, owner)):
            self.add(target, holder)
        return self.total() > 0

    def helpers(
        self, reference: Reference, function: types.FunctionType, owner: type | None
    ) -> list[Helper]:
        """The functions of the project that a reference may mean."""
        target, holder = self._resolve(reference, _Place(function, owner))
        if isinstance(target, type):
            return []
        candidates: Iterable[tuple[object, type | None]] = [(target, holder)]
        if target is None and _may_be_helper(reference):
            candidates = self._methods(reference.chain[-1])
        return [
            Helper(
                list(written_functions(candidate))[-1],
                holder,
                is_later=reference.is_deferred or _does_nothing_when_called(candidate),
            )
            for candidate, holder in candidates
            if is_of_project(candidate)
        ]

    def sites(self, function: types.FunctionType, owner: type | None) -> Sites | None:
        """The checks in a function's text, without those that cannot fail for the objects named."""
        sites = _sites(function)
        for guard in sites.guards if sites else ():
            target, _ = self._resolve(guard.reference, _Place(function, owner))
            if sites and _swallows(target):
                sites = sites.without(guard)
        for assertion in sites.asserted if sites else ():
            reference = assertion.reference
            is_local = reference.chain[0] in function.__code__.co_varnames
            if sites and (not is_local or reference.chain[0] in ("self", "cls")):
                target, _ = self._resolve(reference, _Place(function, owner))
                if _is_never_false(target, is_call=reference.is_call):
                    sites = sites.without(assertion)
        return sites

    def total(self) -> int:
        """The number of checks, with those in containers and those that are found by name only."""
        while self._entries and not self._checks:
            self.add(*self._entries.pop())
        while self._unresolved and not self._checks:
            name, _ = self._unresolved.popitem()
            for function, owner in self._methods(name):
                self.add(function, owner)
        return self._checks

    # Private

    def _count(
        self, function: types.FunctionType, owner: type | None
    ) -> Iterator[tuple[object, type | None]]:
        sites = self.sites(function, owner)
        if sites is not None:
            self._checks += sites.checks
            self.is_failure |= sites.is_failure
            self._modules[id(function.__globals__)] = function.__globals__
            yield from self._referred(sites.references, _Place(function, owner))

    def _referred(
        self, references: Iterable[Reference], place: _Place
    ) -> Iterator[tuple[object, type | None]]:
        for reference in references:
            target, owner = self._resolve(reference, place)
            if reference.is_dropped and _does_nothing_when_called(target):
                continue
            if isinstance(target, _CONTAINERS):
                parts = _entries(target)
                self._entries += [(part, owner) for part in parts if is_of_project(part)]
            elif is_of_project(target):
                yield target, owner
            elif self._checks_by_nature(reference, target, place):
                self._checks += 1
            elif target is None and _may_be_helper(reference):
                self._unresolved[reference.chain[-1]] = None

    def _resolve(self, reference: Reference, place: _Place) -> tuple[object, type | None]:
        """The object that a reference means, and the class through which it was reached."""
        first, *rest = reference.chain
        owner = place.owner
        if first in ("self", "cls") and owner is not None and rest:
            target: object = owner
        else:
            target, owner = self._named(first, place.function), None
        for name in rest:
            if target is None:
                return None, None
            if isinstance(target, _CONTAINERS):
                break
            if isinstance(target, type):
                owner = target
            elif not isinstance(target, types.ModuleType):
                owner = type(target)
            if name.endswith(ANY):
                return _members(target, name.removesuffix(ANY)), owner
            target = _attribute(target, name)
        return target, owner

    def _named(self, name: str, function: Callable[..., object]) -> object:
        if name.startswith(IMPORT):
            module = Import(name.removeprefix(IMPORT))
            return imported(module, getattr(function, "__globals__", {}))
        if name in self._parameters:
            return self._parameters[name]
        variables = variables_of(function)
        if name in variables:
            return variables[name]
        sites = _sites(function) if isinstance(function, types.FunctionType) else None
        if sites and name in sites.imports:
            return imported(sites.imports[name], function.__globals__)
        return getattr(function, "__globals__", {}).get(name)

    def _checks_by_nature(self, reference: Reference, target: object, place: _Place) -> bool:
        """Whether a called function that does not belong to the project checks.

        The name decides only if no known class of the project has a method of that name, or if the
        call is in a method of the same name.
        """
        origin = target
        if origin is None:
            origin = self._named(reference.chain[0], place.function)
        if reference.is_call and package_of(origin) in CHECKING_PACKAGES:
            return True
        if package_of(origin) == FLUENT_PACKAGE and (
            reference.is_dropped or reference.chain[-1] in NEVER_FAILING
        ):
            return reference.chain[-1] == "fail"
        name = reference.chain[-1]
        is_helper = target is None and _may_be_helper(reference) and any(self._methods(name))
        hands_on = place.function.__name__ == name
        return reference.checks_by_name and (hands_on or not is_helper)

    def _see(self, kind: type) -> None:
        """Remember the module of a class: its objects may be of classes that are defined there."""
        for function in (part for part in vars(kind).values() if inspect.isfunction(part)):
            self._modules[id(function.__globals__)] = function.__globals__

    def _methods(self, name: str) -> Iterator[tuple[object, type | None]]:
        """Methods of this name in classes of the modules that were visited so far."""
        for module in list(self._modules.values()):
            for value in list(module.values()):
                if isinstance(value, type) and is_class_of_project(value):
                    method = inspect.getattr_static(value, name, None)
                    if method is not None:
                        yield method, value


def _layers_that_run(target: object) -> Iterator[types.FunctionType]:
    """The target's functions, up to a decorator of the project that holds the next in a variable.

    Whether that next function runs is decided by the text of the decorator.
    """
    for function in written_functions(target):
        yield function
        inner = getattr(function, "__wrapped__", None)
        if _sites(function) and any(inner is value for value in variables_of(function).values()):
            return


def _parts(target: object) -> Iterable[object]:
    """The values of an object's attributes, such as the function that a decorator received."""
    is_object = not isinstance(target, types.FunctionType | property | staticmethod | classmethod)
    return getattr(target, "__dict__", {}).values() if is_object else ()


def _entries(container: Iterable[object]) -> Iterator[object]:
    """The entries of a list or a dictionary of helpers, up to a limit."""
    values = container.values() if isinstance(container, dict) else container
    return itertools.islice(values, _ENTRIES)


def _swallows(target: object) -> bool:
    """Whether the target is a context manager of the project that swallows failures."""
    if isinstance(target, type):
        methods = [inspect.getattr_static(target, name, None) for name in _EXITS]
        functions = [function for method in methods for function in written_functions(method)]
    else:
        functions = list(written_functions(target))
    return any(sites.swallows for function in functions if (sites := _sites(function)))


def _is_never_false(target: object, *, is_call: bool) -> bool:
    """Whether an asserted value is always true: a function not called, a coroutine not awaited."""
    if is_call:
        return _does_nothing_when_called(target)
    return isinstance(target, types.FunctionType | staticmethod | classmethod)


def _does_nothing_when_called(target: object) -> bool:
    """Whether a call only makes a coroutine or a generator and runs no code of the function."""
    return (
        inspect.iscoroutinefunction(target)
        or inspect.isgeneratorfunction(target)
        or inspect.isasyncgenfunction(target)
    )


def _may_be_helper(reference: Reference) -> bool:
    """Whether a method or property that cannot be resolved may belong to the project."""
    return reference.is_method and reference.root not in REACHING


def fixtures_of(item: pytest.Function) -> dict[str, object]:
    """The functions of the fixtures that the test asks for by name, directly or not."""
    fixtures: dict[str, object] = {}
    info = item._fixtureinfo  # noqa: SLF001 - pytest has no other way to tell
    waiting = [*info.argnames, *_asked_by_name(item, item.function)]
    for mark in item.iter_markers("usefixtures"):
        waiting += [str(name) for name in mark.args]
    while waiting:
        name = waiting.pop()
        for definition in () if name in fixtures else _definitions(item, name)[-1:]:
            fixtures[name] = definition.func
            waiting += [*definition.argnames, *_asked_by_name(item, definition.func)]
    return fixtures


def _asked_by_name(item: pytest.Function, function: object) -> Iterator[str]:
    """Possible names of fixtures that a function gets by `request.getfixturevalue(name)`."""
    for code in (layer.__code__ for layer in written_functions(function)):
        if "getfixturevalue" in code.co_names:
            parameters = getattr(getattr(item, "callspec", None), "params", {}).values()
            yield from (text for text in (*code.co_consts, *parameters) if isinstance(text, str))


def _definitions(item: pytest.Function, name: str) -> Sequence[pytest.FixtureDef[Any]]:
    known = item._fixtureinfo.name2fixturedefs.get(name)  # noqa: SLF001
    manager = item.session._fixturemanager  # noqa: SLF001
    return known or manager.getfixturedefs(name, item) or ()


_path_of = cache(Path)


def _sites(function: types.FunctionType) -> Sites | None:
    code = function.__code__
    file = code.co_filename
    return None if is_foreign(file) else sites_at(_path_of(file), code.co_firstlineno)


def _members(target: object, beginning: str) -> list[object]:
    """The members of a module or class whose names have this beginning, without tests."""
    holder = target if isinstance(target, type | types.ModuleType) else type(target)
    return [
        value
        for name, value in vars(holder).items()
        if name.startswith(beginning) and not name.startswith(("test", "Test", "__"))
    ]


def _attribute(target: object, name: str) -> object:
    """The attribute, read without running any code."""
    if isinstance(target, types.ModuleType):
        return vars(target).get(name)
    holder = target if isinstance(target, type) else type(target)
    return inspect.getattr_static(holder, name, None)
