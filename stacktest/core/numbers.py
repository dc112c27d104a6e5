"""Numbers in texts of other programs: a short row of digits, or none."""

LONGEST = 9
"""Digits; Python refuses to read thousands of them, and no port or status has more than five."""


def whole_number(text: str) -> int | None:
    """The number that the text is; None where it is another text, or too long to be meant."""
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST
    return int(text) if is_number else None
