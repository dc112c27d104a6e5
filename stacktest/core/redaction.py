"""Removes secrets from the records that a report reads, and again from the text that it writes.

First from the records (`clean`): there a secret is unquoted, while every output format quotes it
differently. Then from the text (`redact`), which also contains texts that are not in the records:
there every secret is searched for unquoted and as HTML, JSON, URLs and Python write it.

A short word is only removed where it is a word by itself: `app1` does not hide a part of `app10`.
Values shorter than four characters stay: removing every `1` from a report would make it
unreadable and protect no secret.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from stacktest.core.secret_forms import MASK
from stacktest.core.secret_text import blank
from stacktest.core.spelling import COLOUR, anchor_of, encoded_forms, pattern_of
from stacktest.printable import map_strings, visible

SHORTEST = 4


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without `secrets`, also where a report's format has quoted them."""
    known = frozenset(secrets)
    text = _without_encoded(_without(text, _values(known)), known)
    if len(text) < _LARGE and (gap := _GAP.search(text)):
        text = _without_ends(text, known, gap[0])
    return blank(text)


def redact_named(text: str, secrets: Mapping[str, str]) -> str:
    """Like `redact`, but a secret that is the value of a variable becomes `${NAME}`."""
    for value, name in sorted(secrets.items(), key=lambda pair: (-len(pair[0]), pair)):
        if name:
            text = _without(text, _values(frozenset({value})), f"${{{name}}}")
    return redact(text, secrets)


def clean(value: Any, secrets: Iterable[str]) -> Any:
    """The records with `secrets` removed from all strings, keys included."""
    return map_strings(value, _cleaner(secrets))


def clean_and_visible(value: Any, secrets: Iterable[str]) -> Any:
    """Like `clean`, and without control sequences and invisible characters (`visible`)."""
    without_secrets = _cleaner(secrets)
    return map_strings(value, lambda text: visible(without_secrets(text)))


# Private


def _cleaner(secrets: Iterable[str]) -> Callable[[str], str]:
    values = _values(frozenset(secrets))
    return lambda text: blank(_without(text, values))


def _without(text: str, values: tuple[tuple[str, str], ...], mask: str = MASK) -> str:
    is_coloured = "\x1b" in text
    letters = _COLOUR.sub("", text) if is_coloured else text
    for value, anchor in values:
        # Most values are not in the text, and searching for the anchor is cheap.
        if anchor in letters:
            text = pattern_of(value, is_coloured=is_coloured).sub(lambda _match: mask, text)
    return text


def _without_encoded(text: str, secrets: frozenset[str]) -> str:
    if not _ENCODED.search(text):
        return text
    for secret in secrets:
        for form in encoded_forms(secret):
            if form in text:
                text = text.replace(form, MASK)
    return text


def _without_ends(text: str, secrets: frozenset[str], gap: str) -> str:
    """The text without remains of secrets that were shortened in the middle: `'hunt...Horse'`."""
    parts = text.split(gap)
    for secret in {*secrets, *(repr(value)[1:-1] for value in secrets)}:
        if secret[:SHORTEST] not in text and secret[-SHORTEST:] not in text:
            continue
        sizes = range(len(secret) - 1, SHORTEST - 1, -1)
        for place, part in enumerate(parts):
            before, after = place < len(parts) - 1, place > 0
            head = next((n for n in sizes if before and part.endswith(secret[:n])), 0)
            if head:
                part = part[:-head] + MASK  # noqa: PLW2901 - both ends of one part
            tail = next((n for n in sizes if after and part.startswith(secret[-n:])), 0)
            parts[place] = MASK + part[tail:] if tail else part
    return gap.join(parts)


@lru_cache(maxsize=64)
def _values(secrets: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Values to remove, with their anchors; longest first, so that no part of a value remains."""
    values = {value for secret in secrets for value in _parts(secret) if len(value) >= SHORTEST}
    ordered = sorted(values, key=lambda value: (-len(value), value))
    return tuple((value, anchor_of(value)) for value in ordered)


def _parts(secret: str) -> Iterable[str]:
    yield secret
    yield visible(secret)
    for line in secret.splitlines():
        # A key in several lines is shown line by line, indented or cut.
        if len(line) >= _LONG_LINE:
            yield line
    if len(secret) >= _CUT:
        # Python shortens a long text in the middle.
        yield secret[:_END]
        yield secret[-_END:]


_COLOUR = re.compile(COLOUR)
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{10}")
_LONG_LINE = 16
_GAP = re.compile(r"\.\.\.|…")
_LARGE = 200_000
_CUT = 64
_END = 24
