"""Base class of records whose JSON object has one key per field, in the order of the fields."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, partial
from typing import Any, ClassVar, Literal, Self, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from stacktest.core import timestamps
from stacktest.core.json_data import Json
from stacktest.core.records.strict_json import Fields, check_schema


class PlainRecord(Struct, frozen=True, kw_only=True):
    """A value that is written and read field by field, according to the fields' types."""

    SCHEMA: ClassVar[str] = ""
    """Value of the first key, `schema`, for a record that is a whole document; else empty."""
    LATER: ClassVar[tuple[str, ...]] = ()
    """Fields that older documents of the same schema lack: their default stands."""

    def to_dict(self) -> dict[str, Json]:
        """The JSON object."""
        schema = {"schema": self.SCHEMA} if self.SCHEMA else {}
        values = {name: _written(getattr(self, name)) for name, _ in _readers(type(self))}
        return {**schema, **values}

    @classmethod
    def from_dict(cls, value: Json, path: str = "$") -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong at which path."""
        if cls.SCHEMA:
            check_schema(value, cls.SCHEMA)
        readers = _readers(cls)
        schema = ["schema"] if cls.SCHEMA else []
        keys = [*schema, *(name for name, _ in readers if name not in cls.LATER)]
        read = Fields(value, path, keys, later=cls.LATER)
        values: dict[str, Any] = {
            name: reader(read, name)
            for name, reader in readers
            if name not in cls.LATER or read.raw(name)[0] is not None
        }
        return cls(**values).as_written_now()

    def as_written_now(self) -> Self:
        """The record of an older version in the form that this version writes."""
        return self


# Private

_READERS: Mapping[Any, Callable[[Fields, str], Any]] = {
    str: Fields.text,
    str | None: Fields.optional_text,
    int: Fields.number,
    bool: Fields.flag,
    bool | None: Fields.optional_flag,
    date: Fields.day,
    datetime: Fields.moment,
    datetime | None: Fields.optional_moment,
    tuple[str, ...]: Fields.texts,
    Mapping[str, str]: Fields.text_map,
}


@cache
def _readers(record: type[Struct]) -> tuple[tuple[str, Callable[[Fields, str], Any]], ...]:
    return tuple((item.name, _reader(item.type)) for item in fields(record))


def _reader(kind: Any) -> Callable[[Fields, str], Any]:
    if get_origin(kind) is Literal:
        return partial(Fields.text, among=get_args(kind))
    if get_origin(kind) is tuple and issubclass(get_args(kind)[0], PlainRecord):
        return partial(_read_records, get_args(kind)[0])
    return _READERS[kind]


def _read_records(record: type[PlainRecord], read: Fields, name: str) -> tuple[PlainRecord, ...]:
    return tuple(record.from_dict(*item) for item in read.items(name))


def _written(value: Any) -> Json:
    if isinstance(value, datetime):
        return timestamps.to_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PlainRecord):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value
