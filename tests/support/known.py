"""Values of which a test says that they are there."""

from typing import TypeVar

from stacktest.core.unknown import Unknown

T = TypeVar("T")


def known(value: T | Unknown | None) -> T:
    """The value; it is neither unknown nor absent."""
    assert value is not None
    assert not isinstance(value, Unknown), value.why
    return value
