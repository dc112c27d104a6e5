"""Durations as people write them, and what is not one."""

import pytest

from stacktest.core.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("7d", 604800),
        ("1.5h", 5400),
        ("500ms", 0.5),
        ("1m30s", 90),
        ("1h0m0s", 3600),
        ("0s", 0),
    ],
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "90", "s", "1.5", "1 h", "-1s", "90s later", None, 90, "1..5s"]
)
def test_what_is_not_a_duration_is_none(text: int | str | None) -> None:
    assert parse_duration(text) is None
