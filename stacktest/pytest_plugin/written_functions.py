"""Finds the functions of a test, a fixture or a helper below its decorators and wrappers."""

import contextlib
import functools
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

from stacktest.adapters.suite_code import is_foreign

_LAYERS = 20
"""Limit of the wrappers around one function that are unwrapped."""


def is_generated(target: object) -> bool:
    """Whether the function is a wrapper that Hypothesis generated around the test."""
    return isinstance(target, types.FunctionType) and hasattr(target, "hypothesis")


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


def variables_of(function: Callable[..., object] | None) -> dict[str, Any]:
    """The variables that a function has closed over."""
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    variables: dict[str, Any] = {}
    for name, cell in zip(code.co_freevars if code else (), cells or (), strict=False):
        with contextlib.suppress(ValueError):
            variables[name] = cell.cell_contents
    return variables


def package_of(target: object) -> str:
    """The name of the top-level package of a module, a function, a class or an object's class."""
    if isinstance(target, types.ModuleType):
        name: object = target.__name__
    else:
        has_module = isinstance(target, type | types.FunctionType)
        name = (target if has_module else type(target)).__module__
    return str(name).partition(".")[0]


def is_class_of_project(value: type) -> bool:
    """Whether the class is defined in a file of the project."""
    file = getattr(inspect.getmodule(value), "__file__", None)
    if file is None:
        functions = (part for part in vars(value).values() if inspect.isfunction(part))
        file = next((function.__code__.co_filename for function in functions), None)
    return isinstance(file, str) and not is_foreign(file)


def is_of_project(target: object) -> bool:
    """Whether a value is a class, function or callable that is defined in a file of the project."""
    if target is None or isinstance(target, types.ModuleType):
        return False
    if isinstance(target, type):
        return is_class_of_project(target)
    functions = written_functions(target)
    return any(not is_foreign(function.__code__.co_filename) for function in functions)


# Private


def _inner(wrapper: object) -> object:
    """The callable inside a wrapper object; for a callable object of the project its `__call__`."""
    if isinstance(wrapper, staticmethod | classmethod | types.MethodType):
        return wrapper.__func__
    if isinstance(wrapper, functools.partial | functools.cached_property):
        return wrapper.func
    if isinstance(wrapper, property):
        return wrapper.fget
    values = getattr(wrapper, "__dict__", {})
    inner = values.get("_fixture_function") or values.get("__wrapped__")
    if inner is None and not isinstance(wrapper, type) and is_class_of_project(type(wrapper)):
        return inspect.getattr_static(type(wrapper), "__call__", None)
    return inner
