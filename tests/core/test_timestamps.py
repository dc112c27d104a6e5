"""Times with a zone are read, whoever wrote them; everything else is refused with the reason."""

import datetime as dt

import pytest

from stacktest.core import timestamps


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-19T03:10:00.000+00:00", dt.datetime(2026, 11, 19, 3, 10, tzinfo=dt.UTC)),
        ("2026-11-19T04:10:00+01:00", dt.datetime(2026, 11, 19, 3, 10, tzinfo=dt.UTC)),
        ("2026-11-19T03:10:00Z", dt.datetime(2026, 11, 19, 3, 10, tzinfo=dt.UTC)),
        (
            "2026-11-19T03:10:00.123456789Z",
            dt.datetime(2026, 11, 19, 3, 10, 0, 123456, tzinfo=dt.UTC),
        ),
    ],
)
def test_a_time_is_read_in_utc(text: str, expected: dt.datetime) -> None:
    assert timestamps.parse(text) == expected


@pytest.mark.case("hard/F3-date-out-of-range")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-11-19T03:10:00", "has no time zone"),
        ("yesterday", "is not an ISO 8601 time"),
        (7, "is not a time"),
        ("0001-01-01T00:00:00.000+23:59", "is not within the calendar in UTC"),
        ("9999-12-31T23:59:59.999-00:01", "is not within the calendar in UTC"),
    ],
)
def test_anything_else_is_refused(text: int | str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        timestamps.parse(text)
