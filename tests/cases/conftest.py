from collections.abc import Iterator

import pytest

from tests.support.stack_simulator import StackSimulator, in_memory


@pytest.fixture
def world() -> Iterator[StackSimulator]:
    """An empty stack."""
    with in_memory() as world:
        yield world
