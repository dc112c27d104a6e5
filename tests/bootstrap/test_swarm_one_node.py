"""A swarm of one node: a stack comes up in order, is reached and credited, and goes."""

from collections.abc import Iterator

import pytest

from campaigns.small_stack import CACHE, IMAGE
from campaigns.swarm import FRONT_DOOR, run_suites
from tests.support.own_swarm import Node, credited, swarm_or_skip, swarm_stack

pytestmark = pytest.mark.real_docker

DOOR = ("stacktest/caddy:2.6.2", "stacktest/probe:1")
SERVICES = f"""\
{CACHE}\
    volumes: [data:/data]
    networks: [front]
    stop_grace_period: 1s
  seed:
    image: IMAGE
    entrypoint: [redis-cli, -h, cache, set, greeting, hello]
    networks: [front]
    depends_on: {{cache: {{condition: service_healthy}}}}
  reader:
    image: IMAGE
    profiles: [readers]
    entrypoint: [redis-cli, -h, cache, monitor]
    networks: [front]
    group_add: ["4711"]
    stop_grace_period: 1s
    depends_on: {{seed: {{condition: service_completed_successfully}}}}
  alone:
    image: IMAGE
    network_mode: none
    stop_grace_period: 1s
  apart:
    image: IMAGE
    networks: [back]
    stop_grace_period: 1s
volumes: {{data: {{}}}}
networks: {{front: {{}}, back: {{}}}}
"""
TESTS = """\
import pytest

@pytest.mark.service("cache")
def test_it_was_greeted(inside):
    assert inside("cache").run("redis-cli", "get", "greeting").out.strip() == "hello"

@pytest.mark.service("cache")
def test_it_is_reached_from_its_own_network_only(inside, reach_from):
    inside("cache").run("true")
    assert reach_from("front", "cache", 6379) == "open"
    assert reach_from("front", "cache", 6380) == "refused"
    assert reach_from("back", "cache", 6379) == "unresolved"

@pytest.mark.service("reader")
def test_it_listens(inside):
    assert "monitor" in inside("cache").run("redis-cli", "client", "list").out
    assert "4711" in inside("reader").run("id", "-G").out.split()

@pytest.mark.service("alone")
def test_it_has_no_way_to_anybody(inside):
    ping = ("timeout", "3", "redis-cli", "-h", "cache", "ping")
    assert inside("reader").run(*ping).out.strip() == "PONG"
    assert inside("alone").run(*ping).code != 0

@pytest.mark.service("apart")
def test_it_runs(inside):
    assert inside("apart").run("true").code == 0
"""


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with swarm_or_skip(1, IMAGE, *DOOR) as (manager,):
        yield manager


def test_a_stack_comes_up_in_order_is_credited_and_goes(node: Node) -> None:
    with swarm_stack(node, SERVICES, TESTS) as made:
        code, out = made.run("pytest")
        assert code == 0, out
        assert credited(made) == {"cache", "reader", "alone", "apart"}
        assert node.docker("service", "ls", "--quiet") == ""
        assert made.run("up", "cache")[0] == 0
        rows = (line.split() for line in made.run("status")[1].splitlines())
        assert ["cache", "functional"] in [row[:2] for row in rows]


def test_the_front_door_of_the_reference_stack_is_proved(node: Node) -> None:
    # Those of every host name take two minutes: the slow layer has them, on three nodes.
    done = run_suites(node, [*FRONT_DOOR, "-k", "not every_host"])
    assert done.returncode == 0, done.stdout + done.stderr
