"""Checks quickly that a configuration fits its schema; in doubt, jsonschema checks it again.

Importing jsonschema takes longer than everything else that is done with a configuration, and nearly
every configuration fits. This check accepts only values that are surely valid: on an unknown
keyword, or on a value that does not fit, the caller asks jsonschema, which also words the error.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

Schema = Mapping[str, Any]


def surely_fits(value: Any, schema: Schema) -> bool:
    """Whether the value is valid by every keyword of the schema, all of which are known here."""
    keywords = schema.keys() - _NOTES
    if "type" in keywords and not _type(value, schema):
        return False
    try:
        return all(name in _CHECKS and _CHECKS[name](value, schema) for name in keywords)
    except TypeError:
        # A keyword for another type of value, in a schema without `type`.
        return False


# Private

_NOTES = frozenset({"$schema", "$id", "title", "description"})
_TYPES: Mapping[str, type] = {
    "string": str,
    "boolean": bool,
    "array": list,
    "object": dict,
    "integer": int,
}


def _type(value: Any, schema: Schema) -> bool:
    # In Python True is an int, in JSON it is not; a `type` that is a list is never accepted.
    return type(value) is _TYPES.get(str(schema["type"]))


def _properties(value: Any, schema: Schema) -> bool:
    known = schema["properties"]
    return all(surely_fits(value[key], known[key]) for key in _keys(value) if key in known)


def _additional(value: Any, schema: Schema) -> bool:
    more = [key for key in _keys(value) if key not in schema.get("properties", {})]
    rule = schema["additionalProperties"]
    return not more or (
        isinstance(rule, Mapping) and all(surely_fits(value[key], rule) for key in more)
    )


def _keys(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, dict) else ()


def _date(value: Any, schema: Schema) -> bool:
    if schema["format"] != "date" or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return False
    try:
        return bool(dt.date.fromisoformat(value))
    except ValueError:
        return False


def _is_unique(value: Any) -> bool:
    return all(isinstance(item, str) for item in value) and len(set(value)) == len(value)


_CHECKS: Mapping[str, Callable[[Any, Schema], bool]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": lambda value, schema: all(
        surely_fits(key, schema["propertyNames"]) for key in _keys(value)
    ),
    "required": lambda value, schema: set(schema["required"]) <= set(_keys(value)),
    "minProperties": lambda value, schema: len(_keys(value)) >= schema["minProperties"],
    "items": lambda value, schema: all(surely_fits(item, schema["items"]) for item in value),
    "minItems": lambda value, schema: len(value) >= schema["minItems"],
    "uniqueItems": lambda value, schema: not schema["uniqueItems"] or _is_unique(value),
    "enum": lambda value, schema: isinstance(value, str) and value in schema["enum"],
    "const": lambda value, schema: isinstance(value, str) and value == schema["const"],
    "minLength": lambda value, schema: len(value) >= schema["minLength"],
    "pattern": lambda value, schema: bool(re.search(schema["pattern"], value)),
    "format": _date,
}
