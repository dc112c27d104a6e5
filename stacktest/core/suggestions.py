"""Suggestions for an unknown name: known names with a similar spelling."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` with at most two names, or empty when none is close."""
    close = get_close_matches(word, dict.fromkeys(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(repr(name) for name in close)}?" if close else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The one name that is close to the word; empty where none is, or several are."""
    close = get_close_matches(word, dict.fromkeys(known), n=2, cutoff=0.75)
    return close[0] if len(close) == 1 else ""
