"""Stacks on a real swarm of their own: started in order, credited, and never credited falsely."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from campaigns.small_stack import CACHE, IMAGE, SmallStack
from stacktest.core.records.documents import LastRun
from tests.support.known import known
from tests.support.own_swarm import Node, credited, swarm_or_skip, swarm_stack

pytestmark = [pytest.mark.real_docker, pytest.mark.slow]

SERVICES = f"""\
{CACHE}\
    volumes: [data:/data]
  seed:
    image: IMAGE
    entrypoint: [redis-cli, -h, cache, set, greeting, hello]
    depends_on: {{cache: {{condition: service_healthy}}}}
  reader:
    image: IMAGE
    profiles: [readers]
    entrypoint: [redis-cli, -h, cache, monitor]
    depends_on: {{seed: {{condition: service_completed_successfully}}}}
volumes: {{data: {{}}}}
"""
TESTS = """\
import os, pytest, subprocess

@pytest.mark.service("cache")
def test_it_was_greeted(inside):
    assert inside("cache").run("redis-cli", "get", "greeting").out.strip() == "hello"
    if command := os.environ.get("MEANWHILE"):
        subprocess.run(command.split(), check=True)

@pytest.mark.service("reader")
def test_it_listens(inside):
    assert "monitor" in inside("cache").run("redis-cli", "client", "list").out
    inside("reader").run("true")
"""
REPLACED = "its container was replaced or restarted during its tests"
CHANGED = "it changed while its tests ran: image"


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with swarm_or_skip(1, IMAGE) as (manager,):
        yield manager


def stack(node: Node, services: str = SERVICES) -> AbstractContextManager[SmallStack]:
    return swarm_stack(node, services, TESTS)


@pytest.mark.parametrize(
    "command",
    [
        "docker service update --detach --image redis:other {name}_cache",
        "docker service update --force {name}_cache",
        "docker service scale {name}_cache=2",
    ],
)
def test_what_another_hand_does_between_the_looks_earns_nothing(node: Node, command: str) -> None:
    with stack(node) as made:
        _, out = made.run("pytest", MEANWHILE=command.format(name=made.name))
        assert "cache" not in credited(made), out
        record = known(made.ledger.read("cache").last_run)
        assert isinstance(record, LastRun)
        assert record.refusal in {REPLACED, CHANGED}


def test_the_last_error_of_a_task_is_named(node: Node) -> None:
    broken = "  cache:\n    image: IMAGE\n    volumes: [/nowhere/at/all:/data]\n"
    with stack(node, broken) as made:
        code, out = made.run("up")
        assert code != 0
        assert "mounts /nowhere/at/all" in out or "cannot be made: /nowhere/at/all" in out


def test_a_stack_that_somebody_else_deployed_is_not_touched(node: Node) -> None:
    with stack(node) as made:
        file = made.root / "foreign.yaml"
        file.write_text(
            f"version: '3.9'\nservices:\n  cache:\n    image: {IMAGE}\n    deploy: {{replicas: 0}}\n"
        )
        deploy = ("stack", "deploy", "--resolve-image", "never", "--compose-file", str(file))
        node.docker(*deploy, made.name)
        before = node.docker("service", "inspect", f"{made.name}_cache")
        assert "is not stacktest's" in made.run("up", "cache")[1]
        made.run("down")
        assert node.docker("service", "inspect", f"{made.name}_cache") == before
        node.docker("stack", "rm", made.name)
