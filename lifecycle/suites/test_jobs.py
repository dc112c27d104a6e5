"""A program that runs once can be run again, beside what it left the first time."""

import pytest

from fixtures.access import Access
from fixtures.answers import JOBS, QUESTIONS
from fixtures.experiments import each_of
from fixtures.typed import Moves


@pytest.mark.parametrize("service", each_of(JOBS))
def test_it_can_be_run_again(service: str, lifecycle: Moves, access: Access) -> None:
    QUESTIONS[service](access)
    lifecycle(service).recreate()
    QUESTIONS[service](access)
