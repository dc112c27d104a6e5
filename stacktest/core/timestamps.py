"""Points in time as the records write them: UTC, milliseconds, `+00:00`.

A time without a zone is ambiguous, so it is refused, never guessed. Times are for people; the only
comparisons are "older than allowed" and "in the future", never "before or after the change".
"""

from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
"""How far ahead another machine's clock may be; a record beyond that is refused."""


def to_text(moment: datetime) -> str:
    """The moment as `2026-11-19T03:10:00.000+00:00`."""
    return _in_utc(moment).isoformat(timespec="milliseconds")


def parse(text: object) -> datetime:
    """Parses a time, in UTC; a ValueError says why the text is not one.

    Digits beyond the microsecond, as container engines write them, are cut off.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a time")  # noqa: TRY004 - one kind of error per reader
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an ISO 8601 time") from None
    return _in_utc(moment)


def in_future(moment: datetime, now: datetime) -> bool:
    """Whether the moment is further in the future than `TOLERANCE` allows."""
    return moment - now > TOLERANCE


# Private


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()!r} is not within the calendar in UTC") from None
