"""Takes secrets out of what a report reads, and once more out of what it writes.

Out of the records first (`clean`): there a secret stands as it is, while there are as many ways to
quote one as there are formats. Then out of the text (`redact`), which also holds what the records
do not: there each secret is looked for as it is and as HTML, JSON, URLs and Python write it.

A short word is only taken out where it stands alone: `app1` does not hide a part of `app10`.
Values shorter than four characters are left alone: taking every `1` out of a report would hide
everything else and no secret.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

from stacktest.core.secret_text import MASK, blank
from stacktest.printable import map_strings, visible

SHORTEST = 4


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without any of `secrets`, in any of the ways that reports quote."""
    known = frozenset(secrets)
    text = _without(text, _spelled(known, quoted=True))
    if _GAP in text and len(text) < _LARGE:
        text = _without_ends(text, known)
    return blank(text)


def redact_named(text: str, secrets: Mapping[str, str]) -> str:
    """The same, where a value that a variable holds becomes `${NAME}`."""
    for value, name in sorted(secrets.items(), key=lambda pair: (-len(pair[0]), pair)):
        if name:
            text = _without(text, _spelled(frozenset({value}), quoted=True), f"${{{name}}}")
    return redact(text, secrets)


def clean(value: Any, secrets: Iterable[str]) -> Any:
    """The same records without any of `secrets` in any of their strings, keys included."""
    return map_strings(value, _cleaner(secrets))


def clean_and_visible(value: Any, secrets: Iterable[str]) -> Any:
    """The same, and nothing in them that a terminal or a reader's eye would obey."""
    without_secrets = _cleaner(secrets)
    return map_strings(value, lambda text: visible(without_secrets(text)))


# Private


def _cleaner(secrets: Iterable[str]) -> Callable[[str], str]:
    spellings = _spelled(frozenset(secrets), quoted=False)
    return lambda text: blank(_without(text, spellings))


def _without(text: str, spellings: tuple[str, ...], mask: str = MASK) -> str:
    # Nearly always there is none, and a search for each is much quicker than one for all.
    present = tuple(spelling for spelling in spellings if spelling in text)
    return _pattern(present).sub(lambda _match: mask, text) if present else text


def _without_ends(text: str, secrets: frozenset[str]) -> str:
    """Without what is left of a secret that was shortened in the middle: `'hunt...ct-Horse'`."""
    parts = text.split(_GAP)
    for secret in {*secrets, *(repr(value)[1:-1] for value in secrets)}:
        sizes = range(len(secret) - 1, SHORTEST - 1, -1)
        for place, part in enumerate(parts):
            before, after = place < len(parts) - 1, place > 0
            head = next((n for n in sizes if before and part.endswith(secret[:n])), 0)
            if head:
                part = part[:-head] + MASK  # noqa: PLW2901 - both ends of one part
            tail = next((n for n in sizes if after and part.startswith(secret[-n:])), 0)
            parts[place] = MASK + part[tail:] if tail else part
    return _GAP.join(parts)


@lru_cache(maxsize=256)
def _pattern(spellings: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_alone, spellings)))


@lru_cache(maxsize=64)
def _spelled(secrets: frozenset[str], *, quoted: bool) -> tuple[str, ...]:
    """All spellings, the longest first, so that none hides a part of another."""
    spelled = (
        {spelling for secret in secrets for spelling in _spellings(secret)} if quoted else secrets
    )
    spellings = {spelling for spelling in spelled if len(spelling) >= SHORTEST}
    return tuple(sorted(spellings, key=lambda spelling: (-len(spelling), spelling)))


def _alone(spelling: str) -> str:
    """The spelling as a pattern; a short word must not be part of a longer one."""
    escaped = re.escape(spelling)
    if _WORD.fullmatch(spelling):
        return f"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
    return escaped


def _spellings(secret: str) -> Iterable[str]:
    if len(secret) < SHORTEST:
        return
    yield secret
    yield html.escape(secret)
    yield html.escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    for ascii_only in (True, False):
        quoted = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield quoted
        yield json.dumps(quoted, ensure_ascii=ascii_only)[1:-1]
        for sign in "<>&":  # as JSON stands in a script element
            quoted = quoted.replace(sign, f"\\u{ord(sign):04x}")
        yield quoted
    yield repr(secret)[1:-1]
    # What is not UTF-8 is half a character here; reports show it by its number.
    yield visible(secret)
    yield quote(secret, safe="", errors="surrogatepass")
    yield quote_plus(secret, errors="surrogatepass")
    yield from _base64(secret)
    for line in secret.splitlines():
        # A key in several lines is shown line by line, indented or cut.
        if len(line) >= _LONG_LINE:
            yield line
    if len(secret) >= _CUT:
        # Python shortens a long text in the middle.
        yield secret[:_END]
        yield secret[-_END:]


def _base64(secret: str) -> Iterable[str]:
    """What of it can be recognised in base64, whatever stands before and after it."""
    raw = secret.encode("utf-8", "surrogatepass")
    if len(raw) < _SHORTEST_BASE64:
        return
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        # The signs at either end also depend on what stands there.
        start = (0, 2, 3)[before]
        inner = whole[start : (before + len(raw)) * 8 // 6]
        yield inner.decode()
        yield inner.decode().replace("+", "-").replace("/", "_")


_WORD = re.compile(r"[A-Za-z0-9]{4,7}|[a-z]{8,12}")
_LONG_LINE = 16
_GAP = "..."
_LARGE = 200_000
_SHORTEST_BASE64 = 8
_CUT = 64
_END = 24
