"""A front door's file that cannot be read: which services are not known, and which are judged.

| its last pass counted               | while the file cannot be read | when it can be read as before |
|-------------------------------------|-------------------------------|-------------------------------|
| a host name                         | error, with file and line     | functional                    |
| no host name                        | functional                    | functional                    |
| no host name; it depends on the one | error                         | functional                    |
| nothing: it has no pass             | never_run                     | never_run                     |
"""

import pytest

from stacktest.core.freshness.states import State
from stacktest.core.route import Route
from tests.support.stack_simulator import Service, StackSimulator, hexed

WHY = "caddy/Caddyfile:12: the Caddyfile cannot be read: a brace is never closed"


@pytest.fixture
def routed(world: StackSimulator) -> Service:
    """A service whose definition counts a host name; all but `new` passed."""
    world.add("store")
    world.add("app", depends_on=("web",))
    web = world.add("web")
    world.run()
    world.add("new")
    return web


def read(world: StackSimulator, *, readable: bool) -> None:
    """Without its file the definition of `web` is made without a row for its host name."""
    world.services["web"].parts["stanza"] = hexed("stanzaweb" if readable else "without its route")
    for service in world.services.values():
        service.doubts = {} if readable else {"stanza": WHY}


def test_only_what_was_routed_is_not_known(world: StackSimulator, routed: Service) -> None:
    passed = {"app": State.FUNCTIONAL, "store": State.FUNCTIONAL, "web": State.FUNCTIONAL}
    assert routed.name == "web"
    assert world.states() == passed | {"new": State.NEVER_RUN}
    read(world, readable=False)
    assert world.states() == {
        "app": State.ERROR,
        "new": State.NEVER_RUN,
        "store": State.FUNCTIONAL,
        "web": State.ERROR,
    }
    assert world.judge("web").reasons == (f"part:stanza: {WHY}",)
    assert world.judge("app").reasons == (f"dependency:web: stanza: {WHY}",)
    read(world, readable=True)
    assert world.states() == passed | {"new": State.NEVER_RUN}


def test_what_certainly_changed_is_changed(world: StackSimulator, routed: Service) -> None:
    read(world, readable=False)
    routed.edit("image", "another")
    assert world.state("web") is State.CHANGED


def test_no_pass_through_the_front_door_counts(world: StackSimulator, routed: Service) -> None:
    world.front_door, world.routes = "door", (Route(host="web.test", service=routed.name),)
    world.add("door")
    read(world, readable=False)
    ran = world.run()
    assert {"store", "new"} <= ran.credited()
    assert "web" not in ran.credited()
    assert ran.refused["web"].endswith(f" the tests is unknown: {WHY}")
