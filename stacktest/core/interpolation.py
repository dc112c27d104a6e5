"""Variables in a text as Compose replaces them: `$NAME`, `${NAME:-default}`, `$$` for a dollar.

${NAME-text}   ${NAME:-text}    text where NAME is not set (with `:` also where it is empty)
${NAME+text}   ${NAME:+text}    text where NAME is set
${NAME?text}   ${NAME:?text}    Compose requires NAME; here an unset NAME becomes blank
"""

import re
from collections.abc import Callable, Iterator

Lookup = Callable[[str], str | None]
"""The value of a variable, or None when it is not set."""

_START = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<braced>[A-Za-z_]\w*)|(?P<plain>[A-Za-z_]\w*))", re.ASCII
)
_OPERATOR = re.compile(r":?[-+?]")


def interpolate(text: str, lookup: Lookup) -> str:
    """The text with every variable replaced; an unset variable becomes blank."""
    return "".join(_pieces(text, lookup))


def variables_of(text: str) -> Iterator[str]:
    """Names of all variables in the text."""
    for match in _START.finditer(text):
        if name := match["braced"] or match["plain"]:
            yield name


def variables_without_default(text: str) -> Iterator[str]:
    """Names of variables that are blank when nothing sets them."""
    for match in _START.finditer(text):
        name = match["braced"] or match["plain"]
        if name and not (match["braced"] and _OPERATOR.match(text, match.end())):
            yield name


# Private


def _pieces(text: str, lookup: Lookup) -> Iterator[str]:
    place = 0
    while match := _START.search(text, place):
        yield text[place : match.start()]
        place = match.end()
        if match["dollar"]:
            yield "$"
        elif match["plain"]:
            yield lookup(match["plain"]) or ""
        else:
            end = _closing_brace(text, place)
            yield _braced(match["braced"], text[place:end], lookup)
            place = end + 1
    yield text[place:]


def _closing_brace(text: str, start: int) -> int:
    """Index of the brace that closes the one before `start`; the text's length if none does."""
    depth = 1
    for place in range(start, len(text)):
        if text[place] == "}":
            depth -= 1
            if depth == 0:
                return place
        elif text.startswith("${", place):
            depth += 1
    return len(text)


def _braced(name: str, rest: str, lookup: Lookup) -> str:
    value = lookup(name)
    operator = _OPERATOR.match(rest)
    if operator is None:
        return value or ""
    sign, alternative = operator[0], rest[operator.end() :]
    is_set = bool(value) if sign.startswith(":") else value is not None
    if sign.endswith("+"):
        return interpolate(alternative, lookup) if is_set else ""
    if is_set or sign.endswith("?"):
        return value or ""
    return interpolate(alternative, lookup)
