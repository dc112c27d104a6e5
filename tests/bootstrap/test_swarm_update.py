"""Services of a swarm are updated: what is good stays, what is bad goes back with its data."""

import re
from collections.abc import Iterator

import pytest

from campaigns.small_stack import IMAGE, SmallStack
from tests.support.known import known
from tests.support.own_swarm import Node, swarm_or_skip, swarm_stack

pytestmark = [pytest.mark.real_docker, pytest.mark.slow]

SERVICES = """\
  store:
    image: IMAGE
    command: [--protected-mode, "no", --dir, /data, --appendonly, "yes"]
    volumes: [data:/data]
    stop_grace_period: 2s
    healthcheck: {test: [CMD, redis-cli, ping], interval: 1s}
  app:
    image: IMAGE
    entrypoint: [sh, -c, "exec redis-server --protected-mode no"]
    environment: {TOKEN: not-for-files}
    stop_grace_period: 1s
    depends_on: {store: {condition: service_healthy}}
volumes: {data: {}}
"""
TESTS = """\
import pytest

@pytest.mark.service("store")
def test_the_name_is_there(inside):
    assert inside("store").run("redis-cli", "get", "name").out.strip() in {"", "live"}

@pytest.mark.service("app")
def test_it_answers(inside):
    answer = inside("app").run("redis-cli", "config", "get", "databases").out.split()
    assert answer == ["databases", "16"]
"""
BAD = "redis-cli -h store set name migrated; exec redis-server --protected-mode no --databases 4"
OLD = "exec redis-server --protected-mode no"
GOOD = "exec redis-server --protected-mode no --appendonly no"


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with swarm_or_skip(1, IMAGE, "stacktest/probe:1") as (manager,):
        yield manager


@pytest.fixture(scope="module")
def running(node: Node) -> Iterator[SmallStack]:
    """A stack that runs and has passed, with a name in its store."""
    with swarm_stack(node, SERVICES, TESTS) as made:
        code, out = made.run("pytest", "--stack-keep")
        assert code == 0, out
        task = node.docker("ps", "--quiet", "--filter", f"name={made.name}_store")
        node.docker("exec", task, "redis-cli", "set", "name", "live")
        yield made


def change(made: SmallStack, program: str) -> None:
    path = made.root / "compose.yaml"
    path.write_text(
        re.sub(r"exec redis-server[^\"]*|redis-cli -h[^\"]*", program, path.read_text())
    )


def specification(made: SmallStack, node: Node) -> list[str]:
    """All that the services are, without the number of their version."""
    parts = "{{json .Spec}}"
    names = (f"{made.name}_{name}" for name in ("app", "store"))
    return [node.docker("service", "inspect", "--format", parts, name) for name in names]


def name_in_store(made: SmallStack, node: Node) -> str:
    task = node.docker("ps", "--quiet", "--filter", f"name={made.name}_store")
    return node.docker("exec", task, "redis-cli", "get", "name")


def leftovers(made: SmallStack, node: Node) -> str:
    return node.docker("service", "ls", "--quiet", "--filter", f"name={made.name}-update") + (
        node.docker("volume", "ls", "--quiet", "--filter", f"name={made.name}-update")
    )


def test_an_update_is_not_rehearsed_and_says_so(running: SmallStack) -> None:
    change(running, GOOD)
    code, out = running.run("update", "app")
    assert code == 2
    assert "cannot be rehearsed" in out
    assert "stacktest update --no-rehearsal" in out


def test_what_fails_its_tests_goes_back_with_the_data(running: SmallStack, node: Node) -> None:
    before = specification(running, node)
    change(running, BAD)
    code, out = running.run("update", "--no-rehearsal", "app")
    assert code == 1, out
    assert "undoing" in out
    assert name_in_store(running, node) == "live"
    assert specification(running, node) == before
    assert leftovers(running, node) == ""
    assert "was put back from this very candidate" in running.run("update", "--no-rehearsal")[1]


def test_what_passes_its_tests_stays(running: SmallStack, node: Node) -> None:
    change(running, OLD)
    assert running.run("pytest", "--stack-keep")[0] == 0
    change(running, GOOD)
    code, out = running.run("update", "--no-rehearsal", "app")
    assert code == 0, out
    assert "--appendonly no" in specification(running, node)[0]
    assert leftovers(running, node) == ""
    rows = (line.split() for line in running.run("status")[1].splitlines())
    assert ["app", "functional"] in [row[:2] for row in rows]


def test_an_update_that_was_killed_is_put_back(running: SmallStack, node: Node) -> None:
    before = specification(running, node)
    change(running, BAD)
    with running.start("update", "--no-rehearsal", "app") as process:
        lines = known(process.stdout)
        assert any(line.startswith("testing") for line in lines)
        process.kill()
    code, out = running.run("update", "--undo")
    assert code == 0, out
    assert name_in_store(running, node) == "live"
    assert specification(running, node) == before
    assert leftovers(running, node) == ""
