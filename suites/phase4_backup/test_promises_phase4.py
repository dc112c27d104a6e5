"""What the first documents promise about backups, and what is not so.

A test states its claim as it was written down; `claims.toml` has the words.
"""

import pytest

from fixtures.typed import Api
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("kopia")

NO_DATA = {"kopia", "site"}
"""Volumes that hold the backups themselves, or what is made from files."""


@pytest.mark.claim("P4.8", holds=False)
def test_all_data_is_within_its_reach(api: Api, stack: RunningStack) -> None:
    assert api("kopia").get("/").status_code == 401
    volumes = set(stack.model.definitions["volumes"]) - NO_DATA
    mounted = {mount.source for mount in stack.model.services["kopia"].mounts}
    assert volumes - mounted == set()
