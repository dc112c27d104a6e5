"""Drift in files that git tracks: without paths that only this machine has."""

import pytest

from stacktest.core.route import Route
from tests.support.stack_simulator import StackSimulator


@pytest.mark.parametrize(
    ("reason", "recorded"),
    [
        ("folder:/home/ann/clone", ("folder", "env:A")),
        ("folder:/home/ann/clone:gone", ("env:A",)),
        ("files:prod.yml", ("files:prod.yml", "env:A")),
        ("files:prod.yml, ../../home/ann/x.yml", ("files", "env:A")),
    ],
)
def test_committed_files_have_no_path_of_this_machine(
    world: StackSimulator, reason: str, recorded: tuple[str, ...]
) -> None:
    for name in ("app", "db", "door"):
        world.add(name)
    world.services["app"].depends_on = ("db",)
    world.front_door, world.routes = "door", (Route(host="app.local", service="app"),)
    assert world.run().credited() == {"app", "db", "door"}
    for drifted in (("app",), ("db", "door")):
        for name, service in world.services.items():
            service.drift = (reason, "env:A") if name in drifted else ()
        world.run()
    world.services["app"].drift = (reason, "env:A")
    judgement = world.index()["app"]
    # On this machine the command can name it.
    assert judgement.findings[0].reasons == (reason, "env:A")
    assert world.status["app"]["reasons"] == list(recorded)
    written = [path for path in world.root.rglob("*") if path.is_file()]
    committed = [path for path in written if ".stacktest" not in path.parts]
    assert len(committed) > 5
    assert [path for path in committed if "home/ann" in path.read_text()] == []
