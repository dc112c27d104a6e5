"""Names the rows of the case table that a test is, so that the test's id is theirs."""

from collections.abc import Callable
from typing import Any

import pytest


class Rows:
    """The cases of one module: `@rows("A1", "A2")` on a function, then `@rows.each`."""

    def __init__(self) -> None:
        self._cases: dict[str, Callable[..., None]] = {}

    def __call__(self, *ids: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
        def note(case: Callable[..., None]) -> Callable[..., None]:
            for one in ids:
                assert one not in self._cases, one
                self._cases[one] = case
            return case

        return note

    @property
    def each(self) -> Any:
        return pytest.mark.parametrize("case", self._cases.values(), ids=self._cases.keys())
