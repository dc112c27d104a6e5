r"""How programs write a value: quoted, escaped, encoded, one sign at a time.

    as it is       p&ss'w/rd              shells        p\&ss\'w/rd   'p&ss'"'"'w/rd'   $$
    JSON, Python   \" \\ \/ \n é     YAML, SQL     '' ""
    HTML, XML      &amp; &#38; &#x26;     URLs          %26 %2f %2F %2526 +
    logs           \x26 \046 #046         base64        wherever it begins

Letters and digits stand for themselves everywhere, so the longest run of them tells quickly that a
text does not hold the value.
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
    """The value in any of these forms, base64 excepted; with colours between its signs."""
    if _WORD.fullmatch(value):
        # A short word must not be part of a longer one.
        return re.compile(f"(?<![A-Za-z0-9]){value}(?![A-Za-z0-9])")
    return re.compile((COLOUR if is_coloured else "").join(map(_sign, value)))


@lru_cache(maxsize=4096)
def anchor_of(value: str) -> str:
    """What stands in every text that holds the value; empty where nothing does."""
    return max(_PLAIN.findall(value), key=len, default="")


@lru_cache(maxsize=1024)
def encoded_forms(value: str) -> tuple[str, ...]:
    """What of it, and of it within JSON, can be recognised in base64, and in two hex digits."""
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
    """One sign of a value, as a pattern."""
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
    # Half a character stands for a byte of a name that is not UTF-8, which is shown by its number.
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
    """The text in base64, whatever stands before and after it."""
    raw = text.encode("utf-8", "surrogatepass")
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        # The signs at either end also depend on what stands there.
        start = (0, 2, 3)[before]
        inner = whole[start : (before + len(raw)) * 8 // 6].decode()
        yield inner
        yield inner.replace("+", "-").replace("/", "_")
    yield raw.hex()
