"""What the experiments share."""

import pytest

pytest.register_assert_rewrite("fixtures")

from fixtures.access import Access  # noqa: E402 - its assertions are explained
from fixtures.typed import Answered, Api, Inside  # noqa: E402
from stacktest.application.running_stack import RunningStack  # noqa: E402


@pytest.fixture
def access(api: Api, inside: Inside, stack: RunningStack, answered: Answered) -> Access:
    """The ways to the services of the stack."""
    return Access(api=api, inside=inside, stack=stack, answered=answered)
