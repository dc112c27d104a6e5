"""Numbers in texts of other programs: a short row of digits, or none."""

from collections.abc import Mapping

LONGEST = 9
"""Digits; Python refuses to read thousands of them, and no port or status has more than five."""


def content_length(headers: Mapping[str, str]) -> int:
    """What an answer's headers, in small letters, give as its length; 0 where they do not."""
    return whole_number(headers.get("content-length", "")) or 0


def whole_number(text: str) -> int | None:
    """The number that the text is; None where it is another text, or too long to be meant."""
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST
    return int(text) if is_number else None
