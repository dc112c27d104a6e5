"""How many checks a collected test makes: its own, and those of what it calls in the project.

Which function a name stands for is told by Python itself, for the test is imported: through
decorators, base classes, closures, parameters and helpers of other modules. Fixtures that the test
asks for by name belong to it, and so do the steps of a pytest-bdd scenario. A test whose code
cannot be read, such as one from a YAML file, is believed to check something.
"""

import contextlib
import functools
import inspect
import itertools
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stacktest.adapters.check_sites import sites_at
from stacktest.adapters.code_reference import Reference
from stacktest.adapters.function_sites import Sites
from stacktest.adapters.late_imports import imported
from stacktest.adapters.suite_code import is_foreign
from stacktest.core.collected_test import REACHING_FIXTURES
from stacktest.pytest_plugin.markers import STACK_FIXTURES

REACHING = STACK_FIXTURES | REACHING_FIXTURES
"""Fixtures of the stack's own: what is called on them is no helper of the project."""
ENTERED = ("__init__", "__post_init__", "__call__", "__enter__", "__exit__", "__aenter__")
_STEP = "__pytest_bdd_step_def"
_EXITS = ("__exit__", "__aexit__")
_CONTAINERS = (dict, list, tuple, set, frozenset)
_ENTRIES = 200
"""Entries of a list or table of helpers that are looked at."""
_LAYERS = 20
"""Wrappers around one function that are looked through."""


def count_checks(item: pytest.Item) -> int:
    """Places where the test can fail by a check; 0 means that it cannot."""
    function = getattr(item, "function", None)
    if not isinstance(item, pytest.Function) or function is None:
        return 1
    counter = around(item)
    counter.add(function, item.cls)
    return counter.total()


def around(item: pytest.Function) -> "Counter":
    """Counts what checks around the test's own function: its fixtures, and steps of a scenario."""
    counter = Counter(getattr(getattr(item, "callspec", None), "params", {}))
    for fixture in (*_fixtures(item), *_steps(item)):
        counter.add(fixture, item.cls)
    return counter


def is_generated(target: object) -> bool:
    """Whether Hypothesis runs it from a function that only looks like it."""
    return hasattr(target, "hypothesis")


def written_functions(target: Any) -> Iterator[types.FunctionType]:
    """The functions of which a test or helper consists, from the outermost decorator inwards."""
    for _ in range(_LAYERS):
        if is_generated(target):
            target = target.hypothesis.inner_test
        elif isinstance(target, types.FunctionType):
            yield target
            target = getattr(target, "__wrapped__", None)
        else:
            target = _inner(target)
        if target is None:
            return


# Private


@dataclass(frozen=True, slots=True)
class Helper:
    """A function of the project that another one refers to, and the class that has it."""

    function: types.FunctionType
    owner: type | None
    is_later: bool
    """It does not run where it is named."""


class _Place(NamedTuple):
    """Where a name is looked up: the function that uses it, and the class that it belongs to."""

    function: types.FunctionType
    owner: type | None


class Counter:
    """Counts the checks of functions and of everything in the project that these refer to."""

    def __init__(self, parameters: Mapping[str, object]) -> None:
        self._parameters = parameters
        self.is_failure = False
        """Whether something of what was counted fails whenever it is called."""
        self._checks = 0
        self._counted: set[tuple[types.FunctionType, type | None]] = set()
        self._unresolved: dict[str, None] = {}
        self._entries: list[object] = []
        self._modules: dict[int, Mapping[str, object]] = {}

    def add(self, target: object, owner: type | None) -> None:
        """Count one function, or what runs when a class is used."""
        waiting: list[tuple[object, type | None]] = [(target, owner)]
        while waiting:
            candidate, of = waiting.pop()
            if isinstance(candidate, type):
                if not _is_class_of_project(candidate):
                    continue
                self._see(candidate)
                names = [name for name in ENTERED if name in vars(candidate)]
                waiting += [(vars(candidate)[name], candidate) for name in names]
                continue
            for function in _layers_that_run(candidate):
                if (function, of) not in self._counted:
                    self._counted.add((function, of))
                    waiting += self._count(function, of)

    def checks_by(
        self, reference: Reference, function: types.FunctionType, owner: type | None
    ) -> bool:
        """Whether what the function refers to checks, or something counted before."""
        self._modules[id(function.__globals__)] = function.__globals__
        self.is_failure |= reference.chain[-1] == "fail"
        for target, holder in self._referred([reference], _Place(function, owner)):
            self.add(target, holder)
        return self.total() > 0

    def helpers(
        self, reference: Reference, function: types.FunctionType, owner: type | None
    ) -> list[Helper]:
        """The functions of the project that a name may stand for."""
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
            if _is_of_project(candidate)
        ]

    def sites(self, function: types.FunctionType, owner: type | None) -> Sites | None:
        """What a function's text says, without what stands in a `with` that swallows failures."""
        sites = _sites(function)
        for guard in sites.guards if sites else ():
            target, _ = self._resolve(guard.reference, _Place(function, owner))
            if sites and _swallows(target):
                sites = sites.without(guard)
        return sites

    def total(self) -> int:
        """The number of checks, with those in tables and those that only a name leads to."""
        while self._entries and not self._checks:
            self.add(self._entries.pop(), None)
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
            name = reference.chain[-1]
            may_be_helper = target is None and _may_be_helper(reference)
            if isinstance(target, _CONTAINERS):
                self._entries += [part for part in _entries(target) if _is_of_project(part)]
            elif _is_of_project(target):
                yield target, owner
            elif reference.checks_by_name and not (may_be_helper and any(self._methods(name))):
                self._checks += 1
            elif may_be_helper:
                self._unresolved[name] = None

    def _resolve(self, reference: Reference, place: _Place) -> tuple[object, type | None]:
        """What a name stands for, and the class through which it was reached."""
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
            target = _attribute(target, name)
        return target, owner

    def _named(self, name: str, function: Callable[..., object]) -> object:
        if name in self._parameters:
            return self._parameters[name]
        variables = _variables(function)
        if name in variables:
            return variables[name]
        sites = _sites(function) if isinstance(function, types.FunctionType) else None
        if sites and name in sites.imports:
            return imported(sites.imports[name], function.__globals__)
        return getattr(function, "__globals__", {}).get(name)

    def _see(self, kind: type) -> None:
        """Remember the module of a class: what its objects have may be classes there."""
        for function in (part for part in vars(kind).values() if inspect.isfunction(part)):
            self._modules[id(function.__globals__)] = function.__globals__

    def _methods(self, name: str) -> Iterator[tuple[object, type | None]]:
        """Methods of this name in classes that the code so far can see."""
        for module in list(self._modules.values()):
            for value in list(module.values()):
                if isinstance(value, type) and _is_class_of_project(value):
                    method = inspect.getattr_static(value, name, None)
                    if method is not None:
                        yield method, value


def _layers_that_run(target: object) -> Iterator[types.FunctionType]:
    """Its functions, up to a decorator of the project that has the next one in a variable.

    What runs of the next one is what the decorator's own text says.
    """
    for function in written_functions(target):
        yield function
        inner = getattr(function, "__wrapped__", None)
        if _sites(function) and any(inner is value for value in _variables(function).values()):
            return


def _entries(container: Iterable[object]) -> Iterator[object]:
    """What a list or a table of helpers holds."""
    values = container.values() if isinstance(container, dict) else container
    return itertools.islice(values, _ENTRIES)


def _swallows(target: object) -> bool:
    """Whether failures end in a `with` of this: in a context manager of the project."""
    if isinstance(target, type):
        methods = [inspect.getattr_static(target, name, None) for name in _EXITS]
        functions = [function for method in methods for function in written_functions(method)]
    else:
        functions = list(written_functions(target))
    return any(sites.swallows for function in functions if (sites := _sites(function)))


def _does_nothing_when_called(target: object) -> bool:
    """Whether a call only makes a coroutine or a generator, which somebody has to run."""
    return (
        inspect.iscoroutinefunction(target)
        or inspect.isgeneratorfunction(target)
        or inspect.isasyncgenfunction(target)
    )


def _may_be_helper(reference: Reference) -> bool:
    """Whether a method or property that cannot be told may be one of the project's."""
    return reference.is_method and reference.root not in REACHING


def _fixtures(item: pytest.Function) -> Iterator[object]:
    """The functions of the fixtures that the test asks for by name, and what these ask for."""
    info = item._fixtureinfo  # noqa: SLF001 - pytest has no other way to tell
    waiting = [*info.argnames]
    for mark in item.iter_markers("usefixtures"):
        waiting += [str(name) for name in mark.args]
    names: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            for definition in info.name2fixturedefs.get(name, ())[-1:]:
                yield definition.func
                waiting += definition.argnames


def _steps(item: pytest.Function) -> Iterator[object]:
    """The step functions that a scenario of pytest-bdd runs."""
    scenario = _variables(item.function).get("templated_scenario")
    if scenario is None:
        return
    example = getattr(getattr(item, "callspec", None), "params", {}).get("_pytest_bdd_example", {})
    names = [step.name for step in scenario.render(example).steps]
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and not is_foreign(file):
            for name, value in list(vars(module).items()):
                if name.startswith(_STEP):
                    yield from _matching(value, names)


def _matching(fixture: object, names: Iterable[str]) -> Iterator[object]:
    """The function of one step definition, where it stands for one of these steps."""
    for marker in written_functions(fixture):
        context = _variables(marker).get("context")
        if context is not None and any(map(context.parser.is_matching, names)):
            yield context.step_func


def _variables(function: Callable[..., object]) -> dict[str, Any]:
    """The variables that a function has closed over."""
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    variables: dict[str, Any] = {}
    for name, cell in zip(code.co_freevars if code else (), cells or (), strict=False):
        with contextlib.suppress(ValueError):
            variables[name] = cell.cell_contents
    return variables


def _sites(function: types.FunctionType) -> Sites | None:
    code = function.__code__
    file = code.co_filename
    return None if is_foreign(file) else sites_at(Path(file), code.co_firstlineno)


def _attribute(target: object, name: str) -> object:
    """An attribute without running any code of it."""
    if isinstance(target, types.ModuleType):
        return vars(target).get(name)
    holder = target if isinstance(target, type) else type(target)
    return inspect.getattr_static(holder, name, None)


def _inner(wrapper: object) -> object:
    """What a wrapper that is no function wraps; a callable object of the project is its own."""
    if isinstance(wrapper, staticmethod | classmethod | types.MethodType):
        return wrapper.__func__
    if isinstance(wrapper, functools.partial | functools.cached_property):
        return wrapper.func
    if isinstance(wrapper, property):
        return wrapper.fget
    values = getattr(wrapper, "__dict__", {})
    inner = values.get("_fixture_function") or values.get("__wrapped__")
    if inner is None and not isinstance(wrapper, type) and _is_class_of_project(type(wrapper)):
        return inspect.getattr_static(type(wrapper), "__call__", None)
    return inner


def _is_class_of_project(value: type) -> bool:
    file = getattr(inspect.getmodule(value), "__file__", None)
    if file is None:
        functions = (part for part in vars(value).values() if inspect.isfunction(part))
        file = next((function.__code__.co_filename for function in functions), None)
    return isinstance(file, str) and not is_foreign(file)


def _is_of_project(target: object) -> bool:
    """Whether what a name stands for has code of the project behind it."""
    if target is None or isinstance(target, types.ModuleType):
        return False
    if isinstance(target, type):
        return _is_class_of_project(target)
    functions = written_functions(target)
    return any(not is_foreign(function.__code__.co_filename) for function in functions)
