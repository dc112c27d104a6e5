"""A program comes back when the engine starts it again after its process was killed.

Nothing of it was told to end: a lock, a socket or a half-written file is still there.
"""

import pytest

from fixtures.access import Access
from fixtures.answers import LASTING, QUESTIONS
from fixtures.experiments import each_of
from fixtures.typed import Moves


@pytest.mark.parametrize("service", each_of(LASTING))
def test_it_comes_back_after_its_process_is_killed(
    service: str, lifecycle: Moves, access: Access
) -> None:
    lifecycle(service).crash()
    QUESTIONS[service](access)
    assert access.inside(service).run("true").code == 0
