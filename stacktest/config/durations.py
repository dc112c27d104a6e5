"""Durations in the configuration, which must be valid."""

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
