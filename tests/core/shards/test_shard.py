"""Which part of a run is meant."""

import pytest

from stacktest.core.shards.shard import Shard


def test_two_of_four() -> None:
    shard = Shard.parse("2/4")
    assert (shard.index, shard.count, str(shard), shard.file) == (2, 4, "2/4", "2-of-4.json")


@pytest.mark.parametrize(
    "text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1/ 2", "²/3"]
)
def test_what_names_no_part(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Shard.parse(text)
