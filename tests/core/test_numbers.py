import pytest

from stacktest.core.numbers import whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("80", 80), ("0", 0), ("007", 7), ("8O80", None), ("", None), ("-1", None), ("²", None),
     ("٣", None), ("9" * 5000, None), (" 1", None), ("1.0", None)],
)  # fmt: skip
def test_only_a_short_row_of_digits_is_a_number(text: str, number: int | None) -> None:
    assert whole_number(text) == number
