"""A program ends well when it does so by itself, before the engine kills it."""

import pytest

from fixtures.access import Access
from fixtures.answers import LASTING, QUESTIONS
from fixtures.experiments import each_of
from fixtures.typed import Moves

KILLED = 137
"""Exit code of a program that the engine had to kill: 128 and the number of the signal."""


@pytest.mark.parametrize("service", each_of(LASTING))
def test_it_ends_within_its_grace_period_and_starts_again(
    service: str, lifecycle: Moves, access: Access
) -> None:
    _, code = lifecycle(service).stop()
    assert code != KILLED
    lifecycle(service).start()
    QUESTIONS[service](access)
