"""Functions, methods, values and packages that plain code may use while it is imported."""

import abc
import builtins
import contextlib
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import itertools
import json
import operator
import pathlib
import re
import ssl
import string
import sys
import textwrap
import types
import typing
import uuid
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

import pytest

from stacktest.adapters.suite_code import is_foreign

_BUILT_IN = (
    *("abs", "all", "any", "ascii", "bin", "bool", "bytes", "chr", "classmethod", "complex"),
    *("dict", "divmod", "enumerate", "float", "frozenset", "hex", "int", "isinstance"),
    *("issubclass", "len", "list", "max", "min", "oct", "ord", "pow", "property", "range"),
    *("repr", "reversed", "round", "set", "slice", "sorted", "staticmethod", "str", "sum"),
    *("tuple", "zip"),
)
PURE: tuple[object, ...] = (
    *(getattr(builtins, name) for name in _BUILT_IN),
    *(pytest.fixture, pytest.param, pytest.register_assert_rewrite),
    *(dataclasses.dataclass, dataclasses.field, enum.auto, enum.unique),
    *(contextlib.contextmanager, contextlib.asynccontextmanager, contextlib.suppress),
    *(functools.cache, functools.lru_cache, functools.partial, functools.wraps),
    *(typing.NewType, typing.TypeVar, typing.cast, typing.final, typing.overload),
    *(typing.runtime_checkable, typing.no_type_check, typing.NamedTuple),
    *(dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone, decimal.Decimal),
    *(fractions.Fraction, uuid.UUID, types.MappingProxyType, types.SimpleNamespace),
    *(itertools.chain, itertools.product, itertools.repeat, itertools.combinations),
    *(operator.attrgetter, operator.itemgetter, string.Template, textwrap.dedent),
    *(json.dumps, json.loads, re.compile, re.escape, ssl.create_default_context),
    *(Path, PurePath, pathlib.PurePosixPath, str.lower, str.upper),
)
"""Functions, classes and decorators that read nothing but their arguments."""
PURE_METHODS = frozenset(
    {
        *("absolute", "as_posix", "capitalize", "copy", "count", "decode", "difference", "encode"),
        *("endswith", "format", "get", "index", "intersection", "items", "join", "joinpath"),
        *("keys", "ljust", "lower", "lstrip", "partition", "relative_to", "removeprefix"),
        *("removesuffix", "replace", "resolve", "rjust", "rpartition", "rsplit", "rstrip"),
        *("split", "splitlines", "startswith", "strip", "title", "union", "upper", "values"),
        *("with_name", "with_stem", "with_suffix", "zfill"),
    }
)
"""Methods of strings, containers and paths that read nothing but their arguments."""
CALLED_ARGUMENTS = frozenset({"key", "ids", "scope", "default_factory"})
"""Keyword arguments whose value is called if it is callable."""
PURE_PACKAGES = frozenset({"allure", "allure_commons", "hypothesis", "tenacity"})
"""Packages whose functions, called during an import, only describe a test."""
TRUSTED = PURE_PACKAGES | {"_pytest", "pytest", "stacktest", "httpx", "playwright"}
"""Packages whose constants and classes change only with the package's version."""
CONSTANTS: dict[str, frozenset[str]] = {
    "sys": frozenset({"version_info", "platform", "maxsize", "byteorder", "hexversion"}),
    "os": frozenset({"name", "sep", "linesep", "pathsep", "curdir", "pardir", "devnull"}),
    **dict.fromkeys(("locale", "random", "site", "tempfile", "time"), frozenset[str]()),
}
"""Module of the standard library → its only values that are always the same."""
_PLAIN = (
    *(str, bytes, int, float, complex, tuple, list, dict, set, frozenset, range, PurePath),
    *(type(None), type(...), re.Pattern, enum.Enum, types.MappingProxyType),
)
_DEFINED = (
    *(type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.GenericAlias),
    *(types.UnionType, types.MethodDescriptorType, pytest.MarkDecorator, pytest.MarkGenerator),
)


def is_pure(target: object) -> bool:
    """Whether a call of the target reads nothing but its arguments."""
    if isinstance(target, types.BuiltinMethodType) and target == dict.fromkeys:
        return True
    if any(target is item for item in PURE) or isinstance(target, pytest.MarkDecorator):
        return True
    if isinstance(target, type) and is_own(target.__module__):
        return _only_holds(target)
    top = str(getattr(target, "__module__", "")).partition(".")[0]
    return top in PURE_PACKAGES and not is_own(top)


def is_plain(value: object) -> bool:
    """Whether a value is a string, a number, or a container; its items were judged before."""
    return isinstance(value, _PLAIN)


def is_known_value(value: object) -> bool:
    """Whether a value that code names is a definition, or plain, or a record of the project."""
    if is_plain(value) or isinstance(value, _DEFINED):
        return True
    kind = type(value)
    if kind.__module__ in ("typing", "_pytest.fixtures", "functools"):
        return True
    return is_own(kind.__module__) and _only_holds(kind)


def is_mere_definition(value: object) -> bool:
    """Whether a value is a module or an ordinary class, whose attributes need no check."""
    return isinstance(value, types.ModuleType) or type(value) in (type, abc.ABCMeta)


def is_field(owner: object, name: str) -> bool:
    """Whether `name` is a stored field of a record of the project, not a computed value."""
    kind = type(owner)
    fields: Iterable[str] = getattr(kind, "__dataclass_fields__", getattr(kind, "_fields", ()))
    return is_own(kind.__module__) and _only_holds(kind) and name in fields


def is_own(name: str) -> bool:
    """Whether a loaded module belongs to the project, so that its own code is checked."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    places = [file] if file else list(getattr(module, "__path__", ()))
    return any(not is_foreign(str(place)) for place in places)


def is_trusted(module: str, name: str) -> bool:
    """Whether `name` of an installed module changes only with the module's version."""
    allowed = CONSTANTS.get(module)
    value = getattr(sys.modules.get(module), name, None)
    if allowed is not None:
        return name in allowed or callable(value)
    top = module.partition(".")[0]
    return top in TRUSTED or top in sys.stdlib_module_names


# Private


def _only_holds(kind: type[Any]) -> bool:
    """Whether a class is a record: making and reading its objects runs no code of the project."""
    own = [base for base in kind.__mro__ if is_own(base.__module__)]
    written = {
        name
        for base in own
        for name, item in vars(base).items()
        if isinstance(item, types.FunctionType) and not _is_generated(item)
    }
    is_record = dataclasses.is_dataclass(kind) or issubclass(kind, enum.Enum | tuple)
    makers = [
        field.default_factory
        for field in (dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ())
        if field.default_factory is not dataclasses.MISSING
    ]
    return (
        is_record
        and not any(name.startswith("__") for name in written)
        and all(any(maker is item for item in PURE) for maker in makers)
    )


def _is_generated(function: types.FunctionType) -> bool:
    """Whether `dataclass` or `NamedTuple` generated it: no file of the project holds it."""
    return not Path(function.__code__.co_filename).is_file() or is_foreign(
        function.__code__.co_filename
    )
