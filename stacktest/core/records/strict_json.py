"""Reads one JSON object of a record strictly: exactly these keys, exactly these kinds of values.

A record that was changed by a person or a crash has to be noticed, so nothing is defaulted,
converted or ignored; each error names the path inside the document.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from stacktest.core import timestamps
from stacktest.core.numbers import whole_number


class RecordError(ValueError):
    """A document that does not match its schema; the message names the path inside it."""


class Fields:
    """One JSON object at `path`, whose keys have to be `keys` and nothing else."""

    __slots__ = ("_path", "_values")

    def __init__(
        self, value: Any, path: str, keys: Iterable[str], *, later: Iterable[str] = ()
    ) -> None:
        """`later` are keys that older documents of the same schema lack: they read as null."""
        if not isinstance(value, Mapping):
            raise RecordError(f"{path} is not an object")
        value = {**dict.fromkeys(later), **value}
        expected = {*keys, *later}
        if missing := sorted(expected - set(value)):
            raise RecordError(f"{path}.{missing[0]} is missing")
        if unknown := sorted(set(value) - expected):
            raise RecordError(f"{path}.{unknown[0]} is not known to this version")
        self._values = value
        self._path = path

    def raw(self, key: str) -> tuple[Any, str]:
        """The value unchecked, and its path."""
        return self._values[key], f"{self._path}.{key}"

    def text(self, key: str, *, among: Iterable[str] = ()) -> str:
        """A string, one of `among` where that is given."""
        value = self._typed(key, str)
        allowed = tuple(among)
        if allowed and value not in allowed:
            raise RecordError(f"{self._path}.{key} is {value!r}, not {' or '.join(allowed)}")
        return str(value)

    def number(self, key: str) -> int:
        """A whole number, zero or more."""
        value = self._typed(key, int)
        if isinstance(value, bool) or value < 0:
            raise RecordError(f"{self._path}.{key} is {value!r}, not a count")
        return int(value)

    def flag(self, key: str) -> bool:
        """True or false."""
        return bool(self._typed(key, bool))

    def moment(self, key: str) -> datetime:
        """A time with a zone."""
        try:
            return timestamps.parse(self._values[key])
        except ValueError as error:
            raise RecordError(f"{self._path}.{key}: {error}") from None

    def day(self, key: str) -> date:
        """A date without a time."""
        try:
            return date.fromisoformat(self.text(key))
        except ValueError:
            raise RecordError(f"{self._path}.{key} is not a date") from None

    def optional_text(self, key: str) -> str | None:
        """A string or null."""
        return None if self._values[key] is None else self.text(key)

    def optional_number(self, key: str) -> int | None:
        """A whole number or null."""
        return None if self._values[key] is None else self.number(key)

    def optional_flag(self, key: str) -> bool | None:
        """True, false or null."""
        return None if self._values[key] is None else self.flag(key)

    def optional_moment(self, key: str) -> datetime | None:
        """A time or null."""
        return None if self._values[key] is None else self.moment(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        values = self._typed(key, list)
        if not all(isinstance(value, str) for value in values):
            raise RecordError(f"{self._path}.{key} is not a list of strings")
        return tuple(values)

    def items(self, key: str) -> list[tuple[Any, str]]:
        """The elements of a list, each with its path."""
        return [(v, f"{self._path}.{key}[{i}]") for i, v in enumerate(self._typed(key, list))]

    def objects(self, key: str) -> dict[str, tuple[Any, str]]:
        """The values of an object, each with its path."""
        values = self._typed(key, Mapping)
        return {name: (value, f"{self._path}.{key}.{name}") for name, value in values.items()}

    def text_map(self, key: str) -> dict[str, str]:
        """An object of strings."""
        values = self._typed(key, Mapping)
        if not all(isinstance(value, str) for value in values.values()):
            raise RecordError(f"{self._path}.{key} is not an object of strings")
        return dict(values)

    def optional_text_map(self, key: str) -> dict[str, str | None]:
        """An object of strings and nulls."""
        values = self._typed(key, Mapping)
        if not all(value is None or isinstance(value, str) for value in values.values()):
            raise RecordError(f"{self._path}.{key} is not an object of strings and nulls")
        return dict(values)

    def number_map(self, key: str) -> dict[str, int]:
        """An object of whole numbers, zero or more."""
        values = Fields(self._typed(key, Mapping), f"{self._path}.{key}", self._values[key])
        return {name: values.number(name) for name in self._values[key]}

    def _typed(self, key: str, kind: type) -> Any:
        value = self._values[key]
        if not isinstance(value, kind):
            raise RecordError(f"{self._path}.{key} is {value!r}, not {_KINDS[kind]}")
        return value


def check_schema(document: Any, schema: str) -> None:
    """RecordError if a document's schema is not `schema` (`stacktest.last_pass/1`)."""
    if not isinstance(document, Mapping):
        raise RecordError("not a JSON object")
    name_written = document.get("schema")
    if name_written == schema:
        return
    name, _, major = schema.rpartition("/")
    if not isinstance(name_written, str) or name_written.rpartition("/")[0] != name:
        raise RecordError(f"schema is {name_written!r}, not {schema!r}: another program wrote it")
    if _is_newer(name_written.rpartition("/")[2], major):
        raise RecordError(f"{NEWER}: schema {name_written!r}, this one reads {name}/{major}")
    raise RecordError(f"schema is {name_written!r}, and this version reads {name}/{major} only")


NEWER = "a newer stacktest wrote it"
"""How the error for a document of a later format begins; it is not read, and never replaced."""


def _is_newer(written: str, known: str) -> bool:
    return (whole_number(written) or 0) > int(known)


_KINDS: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    Mapping: "an object",
}
