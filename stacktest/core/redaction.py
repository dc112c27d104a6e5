"""Takes secrets out of what a report reads, and once more out of what it writes.

Out of the records first (`clean`): there a secret stands as it is, while there are as many ways to
quote one as there are formats. Then out of the text (`redact`), which also holds what the records
do not: there each secret is looked for as it is and as HTML, JSON and URLs write it.

Values shorter than four characters are left alone: taking every `1` out of a report would hide
everything else and no secret.
"""

import dataclasses
import html
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 4
MASK = "[redacted]"


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without any of `secrets`, in any of the ways that reports quote."""
    return _without(text, _pattern(frozenset(secrets), quoted=True))


def clean(value: Any, secrets: Iterable[str]) -> Any:
    """The same records without any of `secrets` in any of their strings, keys included."""
    return _clean(value, _pattern(frozenset(secrets), quoted=False))


# Private


def _clean(value: Any, pattern: re.Pattern[str] | None) -> Any:
    match value:
        case str():
            return _without(value, pattern)
        case list() | tuple():
            return type(value)(_clean(item, pattern) for item in value)
        case Mapping():
            return {_clean(key, pattern): _clean(item, pattern) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        cleaned = {name: _clean(getattr(value, name), pattern) for name in names}
        return dataclasses.replace(value, **cleaned)
    return value


def _without(text: str, pattern: re.Pattern[str] | None) -> str:
    return text if pattern is None else pattern.sub(lambda _match: MASK, text)


@cache
def _pattern(secrets: frozenset[str], *, quoted: bool) -> re.Pattern[str] | None:
    """All spellings at once, the longest first, so that none hides a part of another."""
    spelled = (
        {spelling for secret in secrets for spelling in _spellings(secret)} if quoted else secrets
    )
    spellings = sorted(
        {spelling for spelling in spelled if len(spelling) >= SHORTEST},
        key=lambda spelling: (-len(spelling), spelling),
    )
    return re.compile("|".join(map(re.escape, spellings))) if spellings else None


def _spellings(secret: str) -> Iterable[str]:
    if len(secret) < SHORTEST:
        return
    yield secret
    yield html.escape(secret)
    yield html.escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    for ascii_only in (True, False):
        quoted = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield quoted
        for sign in "<>&":  # as JSON stands in a script element
            quoted = quoted.replace(sign, f"\\u{ord(sign):04x}")
        yield quoted
    yield quote(secret, safe="")
    yield quote_plus(secret)
    for line in secret.splitlines():
        # A key in several lines is shown line by line, indented or cut.
        if len(line) >= _LONG_LINE:
            yield line


_LONG_LINE = 16
