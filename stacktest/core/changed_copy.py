"""A copy of a value with other fields, whether its class is a `Struct` or a dataclass."""

import dataclasses
from typing import Any, TypeVar

from msgspec import Struct, structs

Value = TypeVar("Value")


def replace(value: Value, **changes: Any) -> Value:
    """A copy of the value with these fields changed; TypeError if its class lacks one of them."""
    if isinstance(value, Struct):
        return structs.replace(value, **changes)
    copy: Value = dataclasses.replace(value, **changes)  # type: ignore[type-var]
    return copy
