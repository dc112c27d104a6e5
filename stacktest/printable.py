r"""Makes text from outside safe to print: removes what a terminal, a reader or CI would act on.

Containers, pages, images and file names can hold sequences that a terminal obeys (clear, title,
clipboard), characters that change the direction of text, and lines that CI systems run as commands.

    ESC [ … ESC ] … C1        removed whole: colours, cursor, titles, OSC 8 and 52, DCS, APC
    \r \v \f NEL U+2028       a blank; \r\n is a line break
    other controls            removed, a backspace too
    bidi and invisible signs  removed: overrides, isolates, zero width, tags
    half a surrogate pair     `\xfc` for the byte of a file name that is not UTF-8
    ::error  ##[  ##vso[      a blank within, where a CI system would obey (not by `visible`)

Line breaks and tabs stay in `visible` and `printable`; `one_line` writes them as `\n` and `\t`, so
that a name cannot begin a line of its own.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct


def visible(text: str) -> str:
    """The text without terminal sequences, control characters, and bidi or invisible characters."""
    if _PLAIN.fullmatch(text):
        return text
    text = _SEQUENCE.sub("", text.replace("\r\n", "\n"))
    text = _REMOVED.sub("", _BLANK.sub(" ", text))
    return _SURROGATE.sub(_byte, text)


def printable(text: str) -> str:
    """The visible text, with commands of a CI system (`::error`, `##[`) broken by a blank."""
    return _COMMAND.sub(_disarmed, visible(text))


def one_line(text: str) -> str:
    r"""The printable text on one line: line breaks and tabs in it are written as `\n` and `\t`."""
    return printable(text.strip("\n")).translate(_BREAKS)


def visible_data(value: Any) -> Any:
    """A document or a record with `visible` applied to every string in it, keys included."""
    return map_strings(value, visible)


def map_strings(value: Any, change: Callable[[str], str]) -> Any:
    """The same document or record with every string changed, keys included.

    A part in which no string changes is returned as the same object: nearly always all parts are.
    """
    strings: dict[str, str] = {}
    parts: dict[int, Any] = {}
    """Id of a part → the mapped part: records share many of their parts."""

    def mapped(value: Any) -> Any:
        if type(value) in _WITHOUT_STRINGS:
            return value
        if isinstance(value, str):
            if value not in strings:
                strings[value] = change(value)
            # A string that stays the same keeps its type, of an enumeration for example.
            return value if strings[value] == value else strings[value]
        if id(value) not in parts:
            parts[id(value)] = _map_parts(value, mapped)
        return parts[id(value)]

    return mapped(value)


# Private

_WITHOUT_STRINGS = frozenset({int, float, bool, type(None)})

_PLAIN = re.compile(r"[\n\t -~]*")
_SEQUENCE = re.compile(
    # A control string without an end would match the rest of the text: it matches its line at most.
    r"(?:\x1b[\]PX^_k]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_BLANK = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_REMOVED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BYTES = range(0xDC80, 0xDD00)
"""The surrogates that Python uses for the bytes 80 to ff of a name that is not UTF-8."""
_BREAKS = {ord("\n"): "\\n", ord("\t"): "\\t"}
_COMMAND = re.compile(r"^[^\S\n]*::(?=[A-Za-z])|##(?=\[|[A-Za-z]+\[)", re.MULTILINE)


def _byte(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if code in _BYTES else f"\\u{code:04x}"


def _disarmed(match: re.Match[str]) -> str:
    return "# #" if match[0] == "##" else match[0].replace("::", ": :")


def _map_parts(value: Any, mapped: Callable[[Any], Any]) -> Any:
    """A container or a record made of its mapped parts; the same object if no part has changed."""
    if isinstance(value, Mapping):
        pairs = {mapped(key): mapped(item) for key, item in value.items()}
        return value if _are_same(pairs, value) else pairs
    if isinstance(value, list | tuple | frozenset):
        items = [mapped(item) for item in value]
        is_same = all(new is old for new, old in zip(items, value, strict=True))
        return value if is_same else type(value)(items)
    names = _field_names(value)
    if names is None:
        return value
    fields = {name: getattr(value, name) for name in names}
    new = {name: mapped(item) for name, item in fields.items()}
    return value if _are_same(new, fields) else type(value)(**new)


def _field_names(value: Any) -> tuple[str, ...] | None:
    """The names of the fields of a Struct or dataclass; None: the value is neither."""
    if isinstance(value, Struct):
        return value.__struct_fields__
    is_record = dataclasses.is_dataclass(value) and not isinstance(value, type)
    return tuple(field.name for field in dataclasses.fields(value)) if is_record else None


def _are_same(new: Mapping[Any, Any], old: Mapping[Any, Any]) -> bool:
    """Whether both have the same keys, and the identical object for each."""
    return len(new) == len(old) and all(key in new and new[key] is old[key] for key in old)
