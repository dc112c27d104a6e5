"""The number of a shard: `2/4` is the second of four."""

import re
from typing import Self

from msgspec import Struct


class Shard(Struct, frozen=True, kw_only=True, order=True):
    """One part of a divided run."""

    index: int
    """From 1 to `count`."""
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parses `2/4`; a ValueError says why a text is not a shard."""
        match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
        if match is None:
            raise ValueError(f"{text!r} is not two numbers as in 2/4")
        index, count = map(int, match.groups())
        if not 1 <= index <= count:
            raise ValueError(f"{text!r} is not a part: the first number is from 1 to the second")
        return cls(index=index, count=count)

    @property
    def file(self) -> str:
        """Name of the file with its record."""
        return f"{self.index}-of-{self.count}.json"

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"
