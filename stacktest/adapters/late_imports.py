"""Resolves a name that a function imports: in the loaded module, else in its file's compiled text.

This module imports nothing: a function may have a reason to import a module late.
"""

import inspect
import sys
import types
from collections.abc import Mapping
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import resolve_name
from pathlib import Path

from stacktest.adapters.function_sites import Import
from stacktest.adapters.suite_code import is_foreign, saved_at


def imported(statement: Import, namespace: Mapping[str, object]) -> object:
    """The function or module that a name is bound to after its import; None: unknown."""
    package = str(namespace.get("__package__") or "")
    try:
        name = resolve_name("." * statement.level + statement.module, package)
    except ImportError:
        return None
    module = sys.modules.get(name) or _read_module(name)
    if not statement.attribute or module is None:
        return module
    submodule = sys.modules.get(f"{name}.{statement.attribute}")
    return vars(module).get(statement.attribute, submodule)


# Private


def _read_module(name: str) -> types.ModuleType | None:
    """A module with the functions and classes of its file, whose code was not executed."""
    file = _file_of(name)
    if file is None or is_foreign(file):
        return None
    return _defined_in(file, saved_at(file), name)


def _file_of(name: str) -> Path | None:
    """The file that an import would execute last, after those of its packages."""
    path: list[str] | None = None
    origin = None
    for end in range(1, name.count(".") + 2):
        spec = PathFinder.find_spec(".".join(name.split(".")[:end]), path)
        if spec is None:
            return None
        path, origin = list(spec.submodule_search_locations or []), spec.origin
    return Path(origin) if origin and origin.endswith(".py") else None


@cache
def _defined_in(file: Path, _saved: int | None, name: str) -> types.ModuleType | None:
    module = types.ModuleType(name)
    module.__file__ = str(file)
    try:
        code = compile(file.read_bytes(), str(file), "exec")
    except (OSError, SyntaxError, ValueError):
        return None
    vars(module).update(_definitions(code, vars(module)))
    return module


def _definitions(code: types.CodeType, namespace: dict[str, object]) -> dict[str, object]:
    """The functions and classes that a body defines, without their decorators and bases."""
    definitions: dict[str, object] = {}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType) and constant.co_name.isidentifier():
            name = constant.co_name
            if constant.co_flags & inspect.CO_NEWLOCALS:
                cells = tuple(types.CellType() for _ in constant.co_freevars)
                definitions[name] = types.FunctionType(constant, namespace, closure=cells)
            else:
                parts = {**_definitions(constant, namespace), "__module__": namespace["__name__"]}
                definitions[name] = type(name, (), parts)
    return definitions
