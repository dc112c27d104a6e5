"""What the first documents promise about the further applications, and what is not so.

A test states its claim as it was written down; `claims.toml` has the words.
"""

import pytest

from fixtures.typed import Api

pytestmark = pytest.mark.service("outline")


@pytest.mark.claim("P8.2", holds=False)
def test_a_person_can_use_the_wiki(api: Api) -> None:
    configuration = api("wiki.stack.local").post("/api/auth.config", json={}).json()
    assert configuration["data"]["providers"] != []
