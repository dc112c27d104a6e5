r"""How programs write a value: quoted, escaped, encoded, character by character.

    as it is       p&ss'w/rd              shells        p\&ss\'w/rd   'p&ss'"'"'w/rd'   $$
    JSON, Python   \" \\ \/ \n é     YAML, SQL     '' ""
    HTML, XML      &amp; &#38; &#x26;     URLs          %26 %2f %2F %2526 +
    logs           \x26 \046 #046         base64        at any offset

Letters and digits are written unchanged everywhere, so a text without the value's longest run of
them cannot contain the value: that is a fast check.
"""

import base64
import html.entities
import json
import re
from collections.abc import Iterator
from functools import lru_cache

COLOUR = r"(?:\x1b\[[0-9;]*m)*"


@lru_cache(maxsize=4096)
def pattern_of(value: str, *, is_coloured: bool = False) -> re.Pattern[str]:
    """Matches the value in any of these forms but base64, also with colours between characters."""
    if _WORD.fullmatch(value):
        # A short word must not be part of a longer one.
        return re.compile(f"(?<![A-Za-z0-9]){value}(?![A-Za-z0-9])")
    return re.compile((COLOUR if is_coloured else "").join(map(_sign, value)))


@lru_cache(maxsize=4096)
def anchor_of(value: str) -> str:
    """The part of the value that every text with the value contains; empty if there is none."""
    return max(_PLAIN.findall(value), key=len, default="")


@lru_cache(maxsize=1024)
def encoded_forms(value: str) -> tuple[str, ...]:
    """The base64 and hex forms of the value, and of the value as JSON escapes it."""
    if len(value.encode("utf-8", "surrogatepass")) < _SHORTEST_ENCODED:
        return ()
    forms = {form for text in (value, json.dumps(value)[1:-1]) for form in _base64(text)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


# Private

_WORD = re.compile(r"[A-Za-z0-9]{4,7}|[a-z]{8,12}")
_PLAIN = re.compile(r"[A-Za-z0-9]+")
_SHORTEST_ENCODED = 8
_ESCAPED = {"\n": "n", "\r": "r", "\t": "t", "\f": "f", "\b": "b", "\0": "0"}
_DOUBLED = frozenset("'\"$\\")
_BACKSLASHES = r"\\{1,8}"


@lru_cache(maxsize=1024)
def _sign(sign: str) -> str:
    """The pattern for one character of a value."""
    if sign.isascii() and sign.isalnum():
        return sign
    return f"(?:{'|'.join(_ways(sign))})"


def _ways(sign: str) -> Iterator[str]:
    literal, code = re.escape(sign), ord(sign)
    if sign == "'":
        yield r"'(?:\"'\"|\\{1,4}')'"
    yield rf"(?:\\{{0,8}}{literal}){{1,2}}" if sign in _DOUBLED else rf"\\{{0,8}}{literal}"
    if sign in _ESCAPED:
        yield f"{_BACKSLASHES}{_ESCAPED[sign]}"
    if sign == " ":
        yield r"\+"
    # A lone surrogate represents a byte of a name that is not UTF-8; programs show its number.
    is_byte = code in range(0xDC80, 0xDD00)
    octets = sign.encode("utf-8", "surrogateescape" if is_byte else "surrogatepass")
    yield "".join(f"%(?:25){{0,2}}(?i:{octet:02x})" for octet in octets)
    yield "".join(f"{_BACKSLASHES}x(?i:{octet:02x})" for octet in octets)
    yield "".join(rf"(?:{_BACKSLASHES}|#){octet:03o}" for octet in octets)
    units = sign.encode("utf-16-be", "surrogatepass").hex()
    yield "".join(f"{_BACKSLASHES}u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4))
    if code < 256:  # noqa: PLR2004 - what Python writes with two digits
        yield f"{_BACKSLASHES}x(?i:{code:02x})"
    yield f"&(?:amp;)?#(?:0*{code}|[xX]0*(?i:{code:x}));"
    names = {name for name in (html.entities.codepoint2name.get(code), _MORE.get(sign)) if name}
    yield from (f"&(?:amp;)?{name};" for name in sorted(names))


_MORE = {"'": "apos"}


def _base64(text: str) -> Iterator[str]:
    """The part of the text's base64 form that is the same whatever precedes and follows it."""
    raw = text.encode("utf-8", "surrogatepass")
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        # The first and last characters also depend on the bytes before and after.
        start = (0, 2, 3)[before]
        inner = whole[start : (before + len(raw)) * 8 // 6].decode()
        yield inner
        yield inner.replace("+", "-").replace("/", "_")
    yield raw.hex()
