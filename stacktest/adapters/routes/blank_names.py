"""Host names that contain a variable which is not set: Compose makes `a.` of `a.${DOMAIN}`.

Readers of labels and environments check here whether a host name is complete. The check reads the
text of the compose files, since Compose's own model has the variable already replaced.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from stacktest.adapters.compose.yaml import load_yaml
from stacktest.core.interpolation import interpolate, variables_of
from stacktest.core.json_data import Json
from stacktest.core.model import Stack


class BlankName(Struct, frozen=True, kw_only=True):
    """A host name as written in the compose file, and the variable in it that is not set."""

    written: str
    variable: str = ""
    """Empty where the name is written in a file that the service `extends`."""

    @property
    def why(self) -> str:
        """The reason why the name is not known."""
        return f"{self.variable} is not set" if self.variable else "a part of the name is blank"


FindBlank = Callable[[str], BlankName | None]
"""Text of Compose's model → the name as written, if a variable in it is not set; else None."""


def blank_names(stack: Stack, service: str, section: str) -> FindBlank:
    """The lookup of incomplete names in `section` (`labels` or `environment`) of a service."""
    key = f"services.{service}.{section}"
    unset = {name for name, keys in stack.unset_variables.items() if key in keys}
    texts = _texts(stack, service, section) if unset else ()
    known = [
        (_expression(word, unset), BlankName(written=word, variable=variable))
        for text in texts
        for word in _WORDS.split(text)
        for variable in variables_of(word)
        if variable in unset
    ]

    def find(text: str) -> BlankName | None:
        for expression, name in known:
            if expression.fullmatch(text):
                return name
        is_whole = not stack.unset_variables or text.strip(".") == text
        return None if is_whole else BlankName(written=text)

    return find


def door_environment(stack: Stack) -> Mapping[str, str | None]:
    """The front door's environment; None for a value that contains a variable which is not set."""
    door = stack.services.get(stack.front_door)
    if door is None:
        return {}
    find = blank_names(stack, door.name, "environment")
    return {
        name: None if value is not None and find(value) else value
        for name, value in door.environment.items()
    }


# Private

_WORDS = re.compile(r"[`\"'\s,()=|&!;]+")
_OTHER = "\x00"
"""Stands for the value of a variable that is set."""


def _expression(word: str, unset: set[str]) -> re.Pattern[str]:
    """A pattern for what Compose may make of `word`; variables that are set may have any value."""
    text = interpolate(word, lambda name: "" if name in unset else _OTHER)
    return re.compile(".*".join(map(re.escape, text.split(_OTHER))), re.IGNORECASE)


def _texts(stack: Stack, service: str, section: str) -> Iterator[str]:
    """The strings in a section of a service in every compose file, before interpolation."""
    for path in stack.compose_files:
        document = load_yaml(path)
        for key in ("services", service, section):
            document = document.get(key) if isinstance(document, dict) else None
        yield from _values(document)


def _values(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _values(item)
