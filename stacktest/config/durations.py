"""Reads durations and sizes in the configuration; an invalid one is a `UsageError`."""

import re

from stacktest.core.durations import parse_duration
from stacktest.errors import UsageError


def required_duration(text: str, where: str) -> float:
    """Seconds of a duration such as `90s`, `15m`, `2h` or `7d`; a UsageError for anything else."""
    value = parse_duration(text)
    if value is None:
        raise UsageError(
            f"{text!r} is not a valid duration", where=where, hint="write 90s, 15m, 2h or 7d"
        )
    return value


def required_size(text: str, where: str) -> int:
    """Bytes of a size such as `500MB` or `20GB`; a UsageError for anything else."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} is not a valid size", where=where, hint="write 500MB, 20GB or 1.5TB"
        )
    return int(float(match[1]) * _UNITS[match[2].upper()])


# Private

_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(MB|GB|TB)", re.IGNORECASE)
