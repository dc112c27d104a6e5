"""Durations as people write them in `stacktest.toml`, in labels and in compose files."""

import re

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_PART = r"(\d+(?:\.\d+)?)(ms|us|ns|d|h|m|s)"
_WHOLE = re.compile(f"(?:{_PART})+")
LONGEST = 100 * 365 * 86400.0
"""Seconds; a longer duration is a typing error, and clocks cannot count it."""


def parse_duration(text: object) -> float | None:
    """Seconds of `90s`, `15m`, `7d` or `1m30s`; None for what is not a duration."""
    if not isinstance(text, str) or not _WHOLE.fullmatch(text):
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))
    return seconds if seconds <= LONGEST else None
