"""Data is kept when it is there after a restart, and in a new container of the same definition."""

import pytest

from fixtures.access import Access
from fixtures.experiments import each_of
from fixtures.kept_data import KEEPERS
from fixtures.own import own_name
from fixtures.typed import Moves

LOCKS_ITSELF = {"portainer"}
"""Services that take their first person only for a few minutes after a start."""


@pytest.mark.parametrize("service", each_of(KEEPERS))
def test_it_keeps_its_data_over_a_restart_and_in_another_container(
    service: str, lifecycle: Moves, access: Access, request: pytest.FixtureRequest, run_id: str
) -> None:
    if service in LOCKS_ITSELF:
        lifecycle(service).restart()
    read = KEEPERS[service](access, own_name(request, run_id))
    given = read()
    assert given, "it was not given anything"
    lifecycle(service).restart()
    assert read() == given
    lifecycle(service).recreate()
    assert read() == given
