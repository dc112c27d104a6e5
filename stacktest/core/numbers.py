"""Whole numbers in texts of other programs: at most nine digits, else None."""

from collections.abc import Mapping

LONGEST = 9
"""Digits; Python refuses to read thousands of them, and no port or status has more than five."""


def content_length(headers: Mapping[str, str]) -> int:
    """The `content-length` of an answer's headers, whose names are in lower case; else 0."""
    return whole_number(headers.get("content-length", "")) or 0


def whole_number(text: str) -> int | None:
    """The number if the text consists of at most nine digits; else None."""
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST
    return int(text) if is_number else None
