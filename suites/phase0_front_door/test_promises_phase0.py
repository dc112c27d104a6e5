"""What the first documents promise about the front door, and what is not so.

A test states its claim as it was written down; `claims.toml` has the words.
"""

import pytest

from fixtures.typed import Api, ReachFrom
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("caddy")


@pytest.mark.claim("P0.2", holds=False)
def test_every_host_is_named_after_its_service(api: Api, stack: RunningStack) -> None:
    assert api("stack.local").get("/").status_code == 200
    other = {r.host for r in stack.model.routes if r.service and r.service != "caddy"}
    other -= {f"{name}.{stack.model.domain}" for name in stack.model.services}
    assert other == set()


@pytest.mark.claim("P0.3", holds=False)
def test_it_listens_for_plain_http(api: Api, reach_from: ReachFrom) -> None:
    assert api("stack.local").get("/").status_code == 200
    assert reach_from("frontend", "caddy", 80) == "open"


@pytest.mark.claim("P0.7")
def test_it_has_no_socket_of_the_engine(api: Api, stack: RunningStack) -> None:
    assert api("stack.local").get("/").status_code == 200
    mounts = stack.model.services["caddy"].mounts
    assert [mount.source for mount in mounts if mount.source.endswith("docker.sock")] == []


@pytest.mark.claim("P0.8", holds=False)
def test_there_are_thirty_three_containers(api: Api, stack: RunningStack) -> None:
    assert api("stack.local").get("/").status_code == 200
    assert len(stack.model.services) == 33
