"""`dataclass` for frozen classes with slots, whose methods are made without compiling any text.

The standard library writes the text of six methods for each class and compiles it, in every process
that imports the class. A run imports about two hundred of them, which took longer than all of its
other imports. Here the same methods are closures over the fields; all that is not of this kind goes
to the standard library as it is, and so does everything that a type checker wants to know.

Fields, defaults, `replace`, `asdict`, comparing, hashing, copying and what is refused are those of
the standard library: `tests/core/test_value_class.py` holds one against the other.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(kind: type | None = None, /, **options: bool) -> Any:
        """A decorator with the options of the standard library's."""
        if options in _HERE:
            return partial(_frozen, kw_only=options.get("kw_only", False))
        return dataclasses.dataclass(kind, **options)


__all__ = ("dataclass",)

# Private

_HERE = (
    {"frozen": True, "slots": True},
    {"frozen": True, "kw_only": True, "slots": True},
)
_MISSING = dataclasses.MISSING


def _frozen(kind: Any, *, kw_only: bool) -> Any:
    if any(map(dataclasses.is_dataclass, kind.__mro__[1:])):
        return dataclasses.dataclass(frozen=True, slots=True, kw_only=kw_only)(kind)
    plain = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)
    own = dict(vars(kind))
    if own.get("__hash__") is None:
        # A class that compares in a way of its own has got None by that.
        own.pop("__hash__", None)
    made = plain(kind)
    for make in (_init, _protection, _text, _comparison, _state):
        for name, method in make(made).items():
            if name not in own:
                method.__name__, method.__qualname__ = name, f"{made.__qualname__}.{name}"
                setattr(made, name, method)
    # Only then may classes that are frozen, too, inherit from it.
    made.__dataclass_params__.frozen = True
    return made


def _init(kind: type) -> dict[str, Any]:
    """What fills a new object."""
    fields = dataclasses.fields(kind)
    places = [field.name for field in fields if field.init and not field.kw_only]
    later = frozenset(field.name for field in fields if not field.init)
    steps = [
        (field.name, getattr(kind, field.name).__set__, field.default, field.default_factory)
        for field in fields
    ]
    finish: Callable[[Any], None] | None = getattr(kind, "__post_init__", None)

    def fill(self: Any, /, *arguments: Any, **values: Any) -> None:
        if arguments:
            values = _by_name(kind, places, arguments, values)
        if later and not later.isdisjoint(values):
            raise TypeError(_refusal(kind, "got an unexpected", later & values.keys()))
        for name, put, default, factory in steps:
            if name in values:
                put(self, values.pop(name))
            elif default is not _MISSING:
                put(self, default)
            elif factory is not _MISSING:
                put(self, factory())
            else:
                raise TypeError(_refusal(kind, "missing a required", [name]))
        if values:
            raise TypeError(_refusal(kind, "got an unexpected", values))
        if finish is not None:
            finish(self)

    return {"__init__": fill}


def _by_name(
    kind: type, places: list[str], arguments: tuple[Any, ...], values: dict[str, Any]
) -> dict[str, Any]:
    """All arguments by their names."""
    if len(arguments) > len(places):
        message = f"takes {len(places)} positional arguments but {len(arguments)} were given"
        raise TypeError(f"{kind.__qualname__}.__init__() {message}")
    by_place = dict(zip(places, arguments, strict=False))
    if twice := by_place.keys() & values.keys():
        raise TypeError(_refusal(kind, "got multiple values for", twice))
    return by_place | values


def _refusal(kind: type, what: str, names: Any) -> str:
    return f"{kind.__qualname__}.__init__() {what} argument: {', '.join(sorted(names))}"


def _protection(kind: Any) -> dict[str, Any]:
    """What refuses every change."""
    names = frozenset(field.name for field in dataclasses.fields(kind))

    def refuse(self: Any, name: str, value: object) -> None:
        if type(self) is kind or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(kind, self).__setattr__(name, value)

    def refuse_deletion(self: Any, name: str) -> None:
        if type(self) is kind or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(kind, self).__delattr__(name)

    return {"__setattr__": refuse, "__delattr__": refuse_deletion}


def _text(kind: type) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(kind) if field.repr]

    @recursive_repr()
    def show(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({values})"

    return {"__repr__": show}


def _comparison(kind: type) -> dict[str, Any]:
    fields = dataclasses.fields(kind)
    compared = _values([field.name for field in fields if field.compare])
    hashed = _values(
        [field.name for field in fields if (field.compare if field.hash is None else field.hash)]
    )

    def is_equal(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    def digest(self: Any) -> int:
        return hash(hashed(self))

    return {"__eq__": is_equal, "__hash__": digest}


def _values(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """What reads these attributes of an object, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _state(kind: type) -> dict[str, Any]:
    """What copying takes and gives, since nothing else may set an attribute."""
    names = [field.name for field in dataclasses.fields(kind)]

    def take(self: Any) -> list[Any]:
        return [getattr(self, name) for name in names]

    def give(self: Any, state: list[Any]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return {"__getstate__": take, "__setstate__": give}
