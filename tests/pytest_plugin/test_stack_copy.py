"""A copy of a real stack is tested beside it, under its names, and the stack itself is left alone."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.docker_command import docker, wait_until
from tests.support.nested_pytest import ADDOPTS

pytestmark = pytest.mark.real_docker

PROJECT = f"t-copy-{os.getpid()}"
COMPOSE = f"""
name: {PROJECT}
services:
  door:
    image: stacktest/caddy:2.6.2
    container_name: {PROJECT}-door
    ports: ["127.0.0.1::8080"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
    restart: always
  store:
    image: stacktest/redis:7.0
    command: ["--protected-mode", "no", "--dir", "/data", "--appendonly", "yes", "--appendfsync", "always"]
    volumes: ["data:/data", "./site:/site"]
    labels: {{traefik.enable: "true"}}
  watcher:
    image: stacktest/redis:7.0
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]
volumes: {{data: {{}}}}
"""
CADDYFILE = """
{
	admin off
}
http://app.home.lan:8080 {
	respond /health "the door is well" 200
}
"""
TOML = """
[stack]
domain = "home.lan"
front_door = "door"
routes = ["Caddyfile"]
suites = ["suites"]
"""
STORE = """
import pytest

pytestmark = pytest.mark.service("store")


def test_the_data_is_there(inside):
    store = inside("store")
    assert store.run("redis-cli", "get", "name").out.strip() == "NAME"
    assert store.run("redis-cli", "set", "name", "changed").out.strip() == "OK"
    assert store.run("redis-cli", "get", "name").out.strip() == "changed"


def test_the_folder_is_there(inside):
    store = inside("store")
    assert store.run("cat", "/site/page").out.strip() == "PAGE"
    assert store.run("rm", "/site/page").code == 0
"""
DOOR = """
import pytest


@pytest.mark.service("door")
def test_health(api):
    answer = api("app.home.lan").get("/health")
    assert answer.status_code == 200
    assert answer.text == "the door is well"
"""
WATCHER = """
import pytest


@pytest.mark.service("watcher")
def test_ping(inside):
    assert inside("watcher").run("redis-cli", "ping").out.strip() == "PONG"
"""


class Live:
    """A stack that runs, and a project with tests of it."""

    def __init__(self, pytester: pytest.Pytester, folder: Path) -> None:
        self.pytester = pytester
        self.folder = folder
        self.root = pytester.path / "stack"
        self.root.symlink_to(folder)
        shutil.rmtree(folder / "suites", ignore_errors=True)
        shutil.rmtree(folder / ".stacktest", ignore_errors=True)
        self.write("test_store.py", STORE.replace("NAME", "live").replace("PAGE", "hello"))
        self.write("test_door.py", DOOR)
        pytester.makeini(f"[pytest]\n{ADDOPTS}\n")

    def write(self, name: str, text: str) -> None:
        """A file of the suites."""
        path = self.folder / "suites" / "phase0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *args: str) -> pytest.RunResult:
        """pytest on a copy."""
        where = ["--stack=stack", "stack/suites"]
        return self.pytester.runpytest_subprocess("--stack-copy", *where, *args, timeout=180)

    def rehearsal(self) -> Any:
        """What was written of the one rehearsal."""
        (path,) = (self.folder / ".stacktest" / "rehearsals").glob("*/rehearsal.json")
        return json.loads(path.read_text(encoding="utf-8"))

    def results(self) -> dict[str, str]:
        """Service → result."""
        return {name: item["result"] for name, item in self.rehearsal()["services"].items()}


def state() -> str:
    """All that could be changed of the running stack: containers, their starts, and their data."""
    ids = docker("ps", "--all", "--quiet", "--no-trunc", "--filter", f"name={PROJECT}-").split()
    form = "{{.Id}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}}"
    containers = docker("inspect", "--format", form, *sorted(ids))
    data = "cd /data && find . -type f | sort | xargs sha256sum; sha256sum /site/page; ls -la /site"
    return f"{containers}\n{docker('exec', f'{PROJECT}-store-1', 'sh', '-c', data)}"


def left_over() -> list[str]:
    """What belongs to a copy and is still there."""
    name = f"name={PROJECT}-rehearsal"
    return [
        *docker("ps", "--all", "--quiet", "--filter", name).split(),
        *docker("volume", "ls", "--quiet", "--filter", name).split(),
        *docker("network", "ls", "--quiet", "--filter", name).split(),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a stack that is up, with something in its volume and its folder."""
    root = tmp_path_factory.mktemp("copy")
    (root / "compose.yaml").write_text(COMPOSE)
    (root / "Caddyfile").write_text(CADDYFILE)
    (root / "stacktest.toml").write_text(TOML)
    (root / "site").mkdir(mode=0o777)
    (root / "site").chmod(0o777)
    (root / "site" / "page").write_text("hello\n")
    compose = ["docker", "compose", "--project-directory", str(root)]
    subprocess.run([*compose, "up", "-d"], check=True, capture_output=True)
    store = ["exec", f"{PROJECT}-store-1", "redis-cli"]
    wait_until(lambda: docker(*store, "ping") == "PONG")
    docker(*store, "set", "name", "live")
    yield root
    subprocess.run([*compose, "down", "-v", "-t", "1"], check=True, capture_output=True)


@pytest.fixture
def live(pytester: pytest.Pytester, folder: Path) -> Live:
    return Live(pytester, folder)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_the_copy_has_the_data_and_the_names_and_the_stack_is_as_it_was(
    live: Live, workers: tuple[str, ...]
) -> None:
    before = state()
    done = live.run(*workers)
    done.assert_outcomes(passed=3)
    assert done.ret == 0
    assert state() == before
    assert left_over() == []
    assert live.results() == {"door": "passed", "store": "passed"}
    assert live.rehearsal()["passed"] is True
    assert live.rehearsal()["copied_bytes"] > 0
    assert not (live.folder / "data").exists()
    assert not (live.folder / "docs").exists()
    done.stdout.fnmatch_lines(
        [
            "passed    door, store",
            "rehearsal passed: the running stack is as it was, and nothing counts for it",
            "copied    * of data, 1 paused for * s",
        ]
    )
    done.stdout.no_fnmatch_line("credited*")


def test_a_copy_may_begin_empty(live: Live) -> None:
    done = live.run("--stack-copy-data=empty", "-k", "data_is_there")
    done.assert_outcomes(failed=1, deselected=2)
    node = "stack/suites/phase0/test_store.py::test_the_data_is_there"
    options = "--stack=stack --stack-copy --stack-copy-data=empty"
    done.stdout.fnmatch_lines([f"  Reproduce: pytest {options} {node}"])
    assert live.results() == {"store": "failed"}
    assert live.rehearsal()["paused_ms"] == 0


def test_tests_of_a_service_alone_and_of_what_needs_it(live: Live) -> None:
    done = live.run("--stack-services=store")
    done.assert_outcomes(passed=2, deselected=1)
    assert live.results() == {"store": "passed"}


def test_a_service_that_reaches_the_engine_is_refused_by_name(live: Live) -> None:
    live.write("test_watcher.py", WATCHER)
    done = live.run()
    assert done.ret == 4
    done.stderr.fnmatch_lines(
        [
            "*watcher cannot be copied: it is given the socket /var/run/docker.sock",
            "*hint: leave it out, with the tests that need it: --stack-copy-without watcher",
        ]
    )
    assert left_over() == []
    done = live.run("--stack-copy-without=watcher")
    done.assert_outcomes(passed=3, deselected=1)
    assert live.results()["watcher"] == "left_out"


def test_a_copy_reaches_neither_the_stack_nor_anything_outside(live: Live) -> None:
    address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    ip = docker("inspect", "--format", address, f"{PROJECT}-store-1")
    # The control: from the stack itself the same address answers.
    assert docker("exec", f"{PROJECT}-store-1", "redis-cli", "-h", ip, "ping") == "PONG"
    live.write(
        "test_store.py",
        f"""
import pytest


@pytest.mark.service("store")
@pytest.mark.parametrize("host", ["{ip}", "{PROJECT}-store-1", "example.org"])
def test_nothing_answers(inside, host):
    answer = inside("store").run("timeout", "3", "redis-cli", "-h", host, "ping")
    assert "PONG" not in answer.out
    assert inside("store").run("redis-cli", "ping").out.strip() == "PONG"
""",
    )
    live.run("--stack-services=store").assert_outcomes(passed=3, deselected=1)


def test_an_image_that_does_not_start_is_written_down(live: Live) -> None:
    before = state()
    done = live.run("--stack-services=store", "--stack-copy-with=store=stacktest/caddy:2.6.2")
    assert done.ret == 10
    text = f"{done.stdout.str()}{done.stderr.str()}"
    assert ", image stacktest/caddy:2.6.2" in text
    assert "docker compose" not in text
    assert live.results() == {"store": "failed"}
    assert state() == before
    assert left_over() == []


def test_an_image_that_is_not_here_changes_nothing(live: Live) -> None:
    before = state()
    done = live.run("--stack-services=store", "--stack-copy-with=store=nowhere/store:1")
    assert done.ret == 4
    done.stderr.fnmatch_lines(
        ["*the image of store is not here: nowhere/store:1", "*hint: docker pull nowhere/store:1"]
    )
    assert state() == before
    assert left_over() == []


def test_after_a_kill_while_data_is_copied_the_stack_goes_on_and_nothing_is_left(
    live: Live,
) -> None:
    def is_paused() -> bool:
        form = "{{.State.Paused}}"
        return docker("inspect", "--format", form, f"{PROJECT}-store-1") == "true"

    argv = [sys.executable, "-m", "pytest", "--stack=stack", "stack/suites", "--stack-copy", "-q"]
    with subprocess.Popen(argv, cwd=live.pytester.path, stdout=subprocess.DEVNULL) as run:
        wait_until(is_paused)
        run.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_paused())
    wait_until(lambda: left_over() == [])
    assert docker("exec", f"{PROJECT}-store-1", "redis-cli", "get", "name") == "live"


def test_the_verb_hands_what_follows_two_dashes_to_pytest(live: Live) -> None:
    command = Path(sys.executable).with_name("stacktest")
    argv = [str(command), "rehearse", "--stack", "stack", "store"]
    done = live.pytester.run(*argv, "--keep", "--", "-q", "-k", "folder")
    done.assert_outcomes(passed=1, deselected=2)
    try:
        assert left_over() != []
    finally:
        done = live.pytester.run(*argv[:-1], "--remove")
    done.stdout.fnmatch_lines(["1 container of copies removed"])
    assert left_over() == []
