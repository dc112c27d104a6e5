from collections.abc import Iterator

import pytest

from tests.cases.world import World, in_memory


@pytest.fixture
def world() -> Iterator[World]:
    """An empty stack."""
    with in_memory() as world:
        yield world
