"""`stacktest.core.value_class` beside the standard library's `dataclasses`: the same in everything."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.core import value_class

Decorator = Callable[..., Any]


def kinds(dataclass: Decorator) -> SimpleNamespace:
    """The same classes, made by one of the two."""

    @dataclass(frozen=True, kw_only=True, slots=True)
    class Named:
        """All kinds of fields."""

        first: int
        text: str = "x"
        many: list[int] = field(default_factory=list)
        hidden: str = field(default="secret", repr=False)
        beside: int = field(default=0, compare=False)
        unhashed: int = field(default=0, hash=False)
        fixed: int = field(default=7, init=False)

    @dataclass(frozen=True, slots=True)
    class Placed:
        """Fields by their places."""

        first: int
        second: str = "two"
        third: int = field(default=3, kw_only=True)

    @dataclass(frozen=True, kw_only=True, slots=True)
    class Longer(Placed):
        """Fields of two classes."""

        fourth: int = 4

    @dataclass(frozen=True)
    class WithDictionary(Placed):
        """Inherits, and goes to the standard library in both."""

        fifth: int = 5

    @dataclass(frozen=True, slots=True)
    class Single:
        """One field."""

        value: Any

    @dataclass(frozen=True, slots=True)
    class Empty:
        """No field."""

    @dataclass(frozen=True, kw_only=True, slots=True)
    class Own:  # noqa: PLW1641 - the decorator makes it
        """Methods of its own."""

        value: int = 1
        seen: list[int] = field(default_factory=list)

        def __post_init__(self) -> None:
            self.seen.append(self.value)
            if self.value < 0:
                raise ValueError("negative")

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self))

        def __repr__(self) -> str:
            return "own"

        @property
        def twice(self) -> int:
            return self.value * 2

    @dataclass(kw_only=True, slots=True)
    class Mutable:
        """Goes to the standard library in both."""

        value: int = 1

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        """Goes to the standard library in both."""

        value: int = 1

    return SimpleNamespace(
        Named=Named,
        Placed=Placed,
        Longer=Longer,
        WithDictionary=WithDictionary,
        Single=Single,
        Empty=Empty,
        Own=Own,
        Mutable=Mutable,
        Ordered=Ordered,
    )


def outcome(work: Callable[[], object]) -> object:
    """What it gives, or the kind of error."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - which one is what is compared
        return type(error)


def assigned(value: Any, name: str) -> object:
    setattr(value, name, 2)
    return getattr(value, name)


def deleted(value: Any, name: str) -> bool:
    delattr(value, name)
    return hasattr(value, name)


class Nothing(tuple[int, ...]):
    """A list that can be hashed."""

    __slots__ = ()

    def append(self, _: int) -> None: ...


def looped(k: SimpleNamespace) -> str:
    values: list[object] = []
    value = k.Single(values)
    values.append(value)
    return repr(value)


NOT_A_NUMBER = float("nan")

SAME: dict[str, Callable[[SimpleNamespace], object]] = {
    "made": lambda k: repr(k.Named(first=1)).rpartition(".")[2],
    "made with all": lambda k: repr(k.Named(first=1, text="y", many=[2], hidden="z", beside=3)),
    "hidden is kept": lambda k: k.Named(first=1, hidden="z").hidden,
    "a field that is no argument": lambda k: k.Named(first=1).fixed,
    "a field that is no argument, given": lambda k: k.Named(first=1, fixed=8),
    "none missing": lambda k: k.Named(),
    "unknown name": lambda k: k.Named(first=1, other=2),
    "by place where names are needed": lambda k: k.Named(1),
    "by place": lambda k: repr(k.Placed(1, "b", third=5)),
    "by place and name": lambda k: repr(k.Placed(1, second="c")),
    "twice": lambda k: k.Placed(1, first=2),
    "too many": lambda k: k.Placed(1, "b", 5),
    "a list of its own each": lambda k: k.Named(first=1).many is k.Named(first=1).many,
    "inherited": lambda k: repr(k.Longer(1, fourth=9)),
    "inherited with a dictionary": lambda k: repr(k.WithDictionary(1)),
    "inherited and hashed": lambda k: hash(k.Longer(1)),
    "inherited is not its base": lambda k: k.Longer(1) == k.Placed(1),
    "equal": lambda k: k.Named(first=1) == k.Named(first=1),
    "not equal": lambda k: k.Named(first=1) == k.Named(first=2),
    "not equal in its last": lambda k: k.Placed(1) == k.Placed(1, third=4),
    "equal but for what is not compared": lambda k: (
        k.Named(first=1, beside=1) == k.Named(first=1, beside=2)
    ),
    "not a tuple": lambda k: k.Placed(1) == (1, "two", 3),
    "one field is not its value": lambda k: k.Single(1) == 1,
    "one field": lambda k: (k.Single(1) == k.Single(1), k.Single(1) == k.Single(2)),
    "one field that differs from itself": lambda k: (
        k.Single(NOT_A_NUMBER) == k.Single(NOT_A_NUMBER)
    ),
    "no field": lambda k: (k.Empty() == k.Empty(), repr(k.Empty())),
    "hash": lambda k: hash(k.Placed(1)),
    "hash of one": lambda k: hash(k.Single("x")),
    "hash of none": lambda k: hash(k.Empty()),
    "hash of a list": lambda k: hash(k.Named(first=1)),
    "hash without what is not hashed": lambda k: (
        hash(k.Named(first=1, many=(), unhashed=1)) == hash(k.Named(first=1, many=(), unhashed=2))
    ),
    "hash where it compares itself": lambda k: hash(k.Own(seen=Nothing())),
    "its own comparison": lambda k: k.Own(value=1) == k.Own(value=2),
    "its own text": lambda k: repr(k.Own()),
    "after it was made": lambda k: k.Own(value=3).seen,
    "refused after it was made": lambda k: k.Own(value=-1),
    "property": lambda k: k.Own(value=4).twice,
    "assigned": lambda k: assigned(k.Placed(1), "first"),
    "assigned an inherited one": lambda k: assigned(k.Longer(1), "first"),
    "deleted": lambda k: deleted(k.Placed(1), "first"),
    "a subclass with a field": lambda k: assigned(type("Sub", (k.Placed,), {})(1), "first"),
    "mutable": lambda k: assigned(k.Mutable(), "value"),
    "ordered": lambda k: k.Ordered(1) < k.Ordered(2),
    "no dictionary": lambda k: hasattr(k.Named(first=1), "__dict__"),
    "slots": lambda k: (k.Named.__slots__, k.Longer.__slots__),
    "no value at the class": lambda k: type(k.Named.text).__name__,
    "fields": lambda k: [
        (f.name, f.kw_only, f.repr, f.compare) for f in dataclasses.fields(k.Named)
    ],
    "is one": lambda k: dataclasses.is_dataclass(k.Named),
    "replaced": lambda k: repr(dataclasses.replace(k.Placed(1), second="c")),
    "replaced unknown": lambda k: dataclasses.replace(k.Placed(1), other="c"),
    "as a table": lambda k: dataclasses.asdict(k.Named(first=1)),
    "as a tuple": lambda k: dataclasses.astuple(k.Longer(1)),
    "for match": lambda k: (k.Named.__match_args__, k.Placed.__match_args__),
    "copied": lambda k: copy.copy(k.Placed(1, "c")) == k.Placed(1, "c"),
    "copied deeply": lambda k: copy.deepcopy(k.Named(first=1, many=[5])).many,
    "its module": lambda k: (k.Named.__module__, k.Named.__name__, k.Named.__doc__),
    "within itself": looped,
}


@value_class.dataclass(frozen=True, slots=True)
class Sent:
    """A class with a name in a module, which pickling asks for."""

    first: int
    second: str = "b"


def test_what_is_sent_to_another_process_arrives() -> None:
    assert pickle.loads(pickle.dumps(Sent(1, "c"))) == Sent(1, "c")


def test_what_is_missing_or_too_much_is_named() -> None:
    with pytest.raises(TypeError, match=r"Sent.*missing.*first"):
        Sent()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Sent.*unexpected.*other"):
        Sent(1, other=2)  # type: ignore[call-arg]


def test_nothing_else_can_be_set_either() -> None:
    # The standard library of Python 3.11 fails there with an error of its own.
    k = kinds(value_class.dataclass)
    for value, name in ((k.Own(), "twice"), (k.Placed(1), "other")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 2)
    assert assigned(type("Sub", (k.Placed,), {})(1), "other") == 2


@pytest.mark.parametrize("case", SAME)
def test_it_is_the_standard_librarys_in_everything(case: str) -> None:
    ours, theirs = kinds(value_class.dataclass), kinds(dataclasses.dataclass)
    assert outcome(lambda: SAME[case](ours)) == outcome(lambda: SAME[case](theirs))
