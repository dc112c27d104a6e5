"""A swarm of three nodes: services on all of them are one stack, and a lost node is named."""

import time
from collections.abc import Iterator

import pytest

from campaigns.small_stack import IMAGE, SmallStack
from campaigns.swarm import FRONT_DOOR, run_suites
from stacktest.adapters.engine.swarm.client import SwarmEngine
from tests.support.docker_command import wait_until
from tests.support.own_swarm import Node, credited, swarm_or_skip, swarm_stack

pytestmark = [pytest.mark.real_docker, pytest.mark.slow]

SERVICES = """\
  cache:
    image: IMAGE
    command: [--bind, 0.0.0.0, --protected-mode, "no", --save, ""]
    volumes: [data:/data]
    healthcheck: {test: [CMD, redis-cli, ping], interval: 1s}
    stop_grace_period: 1s
    deploy: {placement: {constraints: [node.hostname == FIRST]}}
  seed:
    image: IMAGE
    entrypoint: [redis-cli, -h, cache, set, greeting, hello]
    depends_on: {cache: {condition: service_healthy}}
    deploy: {placement: {constraints: [node.hostname == SECOND]}}
  reader:
    image: IMAGE
    entrypoint: [redis-cli, -h, cache, monitor]
    depends_on: {seed: {condition: service_completed_successfully}}
    stop_grace_period: 1s
    deploy: {placement: {constraints: [node.role == manager]}}
volumes: {data: {}}
"""
TESTS = """\
import pytest

@pytest.mark.service("cache")
def test_it_was_greeted(inside, reach_from):
    assert inside("cache").run("redis-cli", "get", "greeting").out.strip() == "hello"
    assert reach_from("default", "cache", 6379) == "open"

@pytest.mark.service("reader")
def test_it_listens(inside):
    assert inside("reader").run("redis-cli", "-h", "cache", "ping").out.strip() == "PONG"
"""


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with swarm_or_skip(3, IMAGE, "stacktest/probe:1", "stacktest/caddy:2.6.2") as started:
        yield started


@pytest.fixture(scope="module")
def contexts(nodes: list[Node], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with docker contexts that lead to the engines of the workers."""
    folder = tmp_path_factory.mktemp("docker")
    for node in nodes[1:]:
        node.make_context(folder)
    return str(folder)


@pytest.fixture(scope="module")
def running(nodes: list[Node], contexts: str) -> Iterator[SmallStack]:
    """The stack, with a service on each node."""
    manager, first, second = nodes
    services = SERVICES.replace("FIRST", first.name).replace("SECOND", second.name)
    with swarm_stack(manager, services, TESTS) as made:
        made.environment["DOCKER_CONFIG"] = contexts
        yield made


def test_the_front_door_of_the_reference_stack_is_proved(nodes: list[Node], contexts: str) -> None:
    done = run_suites(nodes[0], FRONT_DOOR, DOCKER_CONFIG=contexts)
    assert done.returncode == 0, done.stdout + done.stderr


def test_services_on_three_nodes_are_one_stack(running: SmallStack) -> None:
    code, out = running.run("pytest", "--stack-keep")
    assert code == 0, out
    assert credited(running) == {"cache", "reader"}


def test_data_on_another_node_is_not_taken_for_saved(running: SmallStack) -> None:
    path = running.root / "compose.yaml"
    before = path.read_text()
    path.write_text(before.replace("--save", "--loglevel, notice, --save"))
    code, out = running.run("update", "--no-rehearsal", "cache")
    path.write_text(before)
    assert code == 2
    assert "the data of cache" in out
    assert "where it is not saved" in out


def test_a_node_without_a_context_is_named(running: SmallStack, nodes: list[Node]) -> None:
    empty = {"DOCKER_CONFIG": str(running.root / "tmp")}
    code, out = running.run("pytest", "--stack-services=cache", **empty)
    assert code == 1
    assert f"runs on node {nodes[1].name}, and no docker context leads there" in " ".join(
        out.split()
    )


def test_a_lost_node_is_named_with_its_service(running: SmallStack, nodes: list[Node]) -> None:
    manager, first, _ = nodes
    begin = time.monotonic()
    first.stop()
    engine = SwarmEngine(manager.address)

    def is_lost() -> bool:
        errors = {item.service: item.error for item in engine.containers(running.name)}
        return errors["cache"] == f"its node {first.name} does not answer"

    wait_until(is_lost, seconds=30)
    assert time.monotonic() - begin < 10
    assert f"is on node {first.name}, which does not answer" in running.run("why", "cache")[1]
