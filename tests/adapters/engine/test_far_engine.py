"""An engine that is not this machine's: every way to it, every refusal, and what is known of it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacktest.adapters import process
from stacktest.adapters.engine import ssh
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.docker_command import refuse_another_engine
from stacktest.bootstrap.context import find_project
from stacktest.errors import StacktestError, ToolMissingError
from tests.support.docker_command import docker, wait_until
from tests.support.far_engine import FarEngine, far_engine

pytestmark = pytest.mark.real_docker

IMAGE = "stacktest/redis:7.0"
COMPOSE = """\
name: far
services:
  store:
    image: stacktest/redis:7.0
    command: ["/conf/redis.conf"]
    ports: ["6399:6379", "127.0.0.1:6400:6379"]
    volumes: ["./conf:/conf:ro"]
    healthcheck: {test: ["CMD", "redis-cli", "ping"], interval: 1s}
"""
CONF = 'bind 0.0.0.0\nprotected-mode no\nsave ""\n'
SUITE = """\
import socket

import pytest


@pytest.mark.service("store")
def test_it_answers_inside(inside):
    assert inside("store").run("redis-cli", "ping").out.strip() == "PONG"


@pytest.mark.service("store")
def test_it_answers_at_its_port(inside):
    with socket.create_connection(inside("store").address(6379), timeout=10) as connection:
        connection.sendall(b"PING\\r\\n")
        assert connection.recv(16) == b"+PONG\\r\\n"
"""


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarEngine]:
    with far_engine(tmp_path_factory.mktemp("far"), IMAGE) as engine:
        yield engine


@pytest.fixture(params=["tls", "ssh", "by-tls", "by-ssh"])
def way(
    request: pytest.FixtureRequest, far: FarEngine, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Variables of each way to it; they are set."""
    ways = {"tls": far.tls(), "ssh": far.ssh()}
    variables = ways.get(request.param) or far.context(request.param)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.mark.usefixtures("way")
def test_it_is_asked_by_every_way(far: FarEngine) -> None:
    """Questions by the socket, a command with open input by the SDK, and the docker command."""
    container = far.docker("run", "--detach", IMAGE)
    engine = Engine()
    try:
        assert engine.facts().identity == far.docker("info", "--format", "{{.ID}}")
        assert engine.connection.host == far.host
        assert engine.execute(container, ["cat"], stdin=b"hello")[1] == "hello"
        attached = engine.attach(container, ["sh", "-c", "read line; echo $line"])
        attached.send(b"hello\n")
        assert attached.recv() == b"hello\n"
        attached.close()
        refuse_another_engine(engine)
    finally:
        far.docker("rm", "--force", container)


def test_a_docker_command_that_asks_another_engine_is_noticed(
    far: FarEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    with pytest.raises(ToolMissingError, match="another engine than stacktest"):
        refuse_another_engine(Engine(f"unix://{far.socket}"))


@pytest.mark.parametrize(
    ("variables", "what", "hint"),
    [
        ("mistrusting", "the certificate of the container engine is refused", "ca.pem"),
        ("stranger", "the container engine refuses our certificate", "cert.pem"),
        ("plain", "the container engine wants TLS", "DOCKER_TLS_VERIFY=1"),
        ("far-other-key", "far-other-key refuses the key", "ssh far-other-key true"),
        ("far-unknown", "the host key of far-unknown is not known", "ssh far-unknown true"),
        ("far-changed", "the host key of far-changed is another one", "ssh-keygen -R"),
        ("no-such-host.invalid", "no connection to no-such-host", "true"),
    ],
)
def test_a_refusal_is_one_sentence_with_the_next_command(
    far: FarEngine, monkeypatch: pytest.MonkeyPatch, variables: str, what: str, hint: str
) -> None:
    settings = {
        "mistrusting": far.tls("mistrusting"),
        "stranger": far.tls("stranger"),
        "plain": {"DOCKER_HOST": far.tls_address},
    }
    for name, value in (settings.get(variables) or far.ssh(variables)).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StacktestError) as caught:
        Engine().ping()
    assert caught.value.what.startswith(what)
    assert "\n" not in caught.value.what
    assert hint in caught.value.hint


def test_a_connection_that_broke_is_made_anew(
    far: FarEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in far.ssh().items():
        monkeypatch.setenv(name, value)
    engine = Engine()
    engine.ping()
    (forward,) = (item for address, item in ssh._FORWARDS.items() if address == "ssh://far")
    os.kill(forward.program.pid, signal.SIGKILL)
    wait_until(lambda: process.has_ended(forward.program))
    engine.ping()


@pytest.fixture
def root(far: FarEngine) -> Iterator[Path]:
    """A stack on the engine there, with its files at the same path on both machines."""
    root = far.swapped / "stack"
    for folder in (root, far.swapped_there / "stack"):
        (folder / "conf").mkdir(parents=True)
        (folder / "conf" / "redis.conf").write_text(CONF)
    (root / "suites").mkdir()
    (root / "suites" / "test_store.py").write_text(SUITE)
    (root / "compose.yaml").write_text(COMPOSE)
    (root / "stacktest.toml").write_text('[stack]\nsuites = ["suites"]\ncontext = "by-ssh"\n')
    yield root
    for container in far.docker("ps", "--all", "--quiet").split():
        far.docker("rm", "--force", container)
    for folder in (root, far.swapped_there / "stack"):
        shutil.rmtree(folder)


def test_a_stack_there_is_proved_and_a_file_that_is_another_there_is_drift(
    far: FarEngine, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By ssh: containers, ports and files are the engine's host's, the verdict is here."""
    run = stacktest(far, root, "pytest", "--stack-keep")
    assert run.returncode == 0, run.stdout + run.stderr
    assert not docker("ps", "--quiet", "--filter", "label=com.docker.compose.project=far")
    status = stacktest(far, root, "stacktest", "status")
    assert "store    functional" in status.stdout, status.stdout + status.stderr

    (far.swapped_there / "stack" / "conf" / "redis.conf").write_text(f"{CONF}# other\n")
    (far.swapped_there / "stack" / "conf" / "more.conf").touch()
    status = stacktest(far, root, "stacktest", "status")
    assert "drifted" in status.stdout, status.stdout + status.stderr
    assert "content:/conf" in status.stdout

    for name, value in (far.context("") | {"DOCKER_HOST": ""}).items():
        monkeypatch.setenv(name, value)
    published = find_project(str(root)).names.resolve(far.host, 6399)
    assert published == (far.host, 6399)
    with socket.create_connection((far.host, 6399), timeout=10) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(16) == b"+PONG\r\n"


@pytest.mark.slow
def test_what_a_killed_run_leaves_there_is_removed_there(far: FarEngine, root: Path) -> None:
    waiting = SUITE + (
        '\n\n@pytest.mark.service("store")\ndef test_it_waits():\n'
        '    open("reached", "w").close()\n    __import__("time").sleep(300)\n'
    )
    (root / "suites" / "test_store.py").write_text(waiting)
    (root / "compose.yaml").write_text(COMPOSE.replace("name: far", "name: killed"))
    label = "label=com.docker.compose.project=killed"
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly"]
    with subprocess.Popen(command, cwd=root, env=environment_of(far)) as run:
        wait_until((root / "reached").exists, 120)
        assert far.docker("ps", "--quiet", "--filter", label)
        run.kill()
    wait_until(lambda: not far.docker("ps", "--all", "--quiet", "--filter", label), 120)


def environment_of(far: FarEngine) -> dict[str, str]:
    """Nothing but the stack's own configuration says which engine it is."""
    environment = os.environ | far.context("")
    environment.pop("DOCKER_HOST", None)
    del environment["DOCKER_CONTEXT"]
    return environment


def stacktest(
    far: FarEngine, root: Path, program: str, *words: str
) -> subprocess.CompletedProcess[str]:
    """A program of the package on the stack there."""
    return subprocess.run(
        [sys.executable, "-m", program, *words],
        cwd=root,
        env=environment_of(far),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
