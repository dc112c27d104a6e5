"""What a name is after an import inside a function: of the loaded module, else of its file's text.

Nothing is imported for that: whoever imports in a function may have a reason to do it late.
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
    """The function or module that a name stands for after its import; None: it cannot be told."""
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
    """A module with the functions and classes that its file defines, which has not run."""
    file = _file_of(name)
    if file is None or is_foreign(file):
        return None
    return _defined_in(file, saved_at(file), name)


def _file_of(name: str) -> Path | None:
    """The file that an import would run, without the packages that it would run before."""
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
    """The functions and classes that a body defines, without what decorators and bases make."""
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
