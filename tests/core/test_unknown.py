import pytest

from stacktest.core.unknown import Unknown


def test_a_reason_is_required() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        Unknown(" ")


def test_it_says_why() -> None:
    assert str(Unknown("no engine")) == "unknown: no engine"
