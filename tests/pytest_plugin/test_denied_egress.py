"""`[stack] egress = "deny"` on a real stack: nothing leaves, and tests still reach what is published."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.nested_pytest import ADDOPTS

pytestmark = pytest.mark.real_docker

LOOPBACK = Path(__file__).parents[1] / "stacks" / "loopback"
SUITE = """
import pytest
import redis

OUTSIDE = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
python = "/opt/standin/bin/python3"


@pytest.mark.service("host")
def test_its_published_port(api):
    assert api("host").get("/health").text == "ok\\n"


@pytest.mark.service("host")
def test_nothing_leaves(inside, container, stack):
    (network,) = container("host").raw["NetworkSettings"]["Networks"].values()
    assert stack.engine.network(network["NetworkID"])["Internal"] is True
    assert inside("host").run(python, "-c", OUTSIDE).code == 1
    assert container("host").raw["HostConfig"]["Dns"] == ["127.0.0.1"]


@pytest.mark.service("redis", "host")
def test_they_know_each_other(inside, stack, answered):
    program = "import socket; socket.create_connection(('redis', 6379), 5)"
    assert inside("host").run(python, "-c", program).code == 0
    ((host, port),) = stack.names.addresses("redis").values()
    assert (host, port) == ("127.0.0.1", 6379)
    assert inside("redis").run("redis-cli", "ping").out.strip() == "PONG"


@pytest.mark.service("host")
def test_its_address_is_looked_up_again(lifecycle, api, container):
    lifecycle("host").recreate()
    assert api("host").get("/health").text == "ok\\n"
    assert container("host").raw["NetworkSettings"]["Ports"] == {}
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = f"t-denied-{os.getpid()}"
    monkeypatch.setenv("LOOPBACK_PROJECT", name)
    shutil.copytree(LOOPBACK, pytester.path, dirs_exist_ok=True)
    (pytester.path / "stacktest.toml").write_text('[stack]\negress = "deny"\n')
    pytester.makeini(f"[pytest]\n{ADDOPTS}\n")
    suites = pytester.mkdir("suites")
    (suites / "test_loopback.py").write_text(SUITE)
    yield name
    compose(pytester, "down", "-v", "-t", "1")


def compose(pytester: pytest.Pytester, *words: str) -> None:
    argv = ["docker", "compose", "-f", str(pytester.path / "docker-compose.yml"), *words]
    subprocess.run(argv, check=True, capture_output=True)


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*words, timeout=120)


def test_nothing_leaves_and_tests_reach_it(pytester: pytest.Pytester, project: str) -> None:
    ran = run(pytester)
    ran.assert_outcomes(passed=4)
    ran.stdout.fnmatch_lines(["credited  host, redis"])


def test_without_the_key_the_network_leads_outside(pytester: pytest.Pytester, project: str) -> None:
    (pytester.path / "stacktest.toml").write_text("")
    run(pytester, "-k", "nothing_leaves").stdout.fnmatch_lines(["*assert False is True"])


def test_a_network_that_leads_outside_is_refused(pytester: pytest.Pytester, project: str) -> None:
    compose(pytester, "up", "-d", "--wait", "redis")
    ran = run(pytester)
    assert ran.ret != 0
    ran.stderr.fnmatch_lines([f"*the network {project}_default exists and leads outside*"])
