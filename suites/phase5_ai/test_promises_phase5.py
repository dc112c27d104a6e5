"""What the first documents promise about the AI tools, and what is not so.

A test states its claim as it was written down; `claims.toml` has the words.
"""

import pytest

from fixtures.typed import Api

pytestmark = pytest.mark.service("librechat")


@pytest.mark.claim("P5.6", holds=False)
def test_a_person_may_register(api: Api) -> None:
    assert api("librechat").get("/api/config").json()["registrationEnabled"] is True
