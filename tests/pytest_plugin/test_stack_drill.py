"""Backups of a real stack are restored into a copy beside it, and its tests say what they are worth."""

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

PROJECT = f"t-drill-{os.getpid()}"
COMPOSE = f"""
name: {PROJECT}
services:
  files:
    image: stacktest/redis:7.0
    command: ["--protected-mode", "no", "--dir", "/data", "--save", "60 1"]
    volumes: ["files:/data"]
  database:
    image: stacktest/postgres:15
    environment: {{POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD: hush-hush}}
    volumes: ["database:/var/lib/postgresql/data"]
    healthcheck:
      test: ["CMD-SHELL", "PGPASSWORD=$$POSTGRES_PASSWORD psql -h 127.0.0.1 -U shop shop -Atc 'SELECT 1'"]
      interval: 1s
      start_period: 30s
  plain:
    image: stacktest/redis:7.0
    command: ["--protected-mode", "no", "--save", ""]
volumes: {{files: {{}}, database: {{}}}}
"""
TOML = """
[stack]
suites = ["suites"]

[services.files.backup]
kind = "restic"
path = "backups/repository"
tag = "files"
image = "stacktest/backup:1"
password_file = "password"
paths = {"stage/files" = "/data"}

[services.database.backup]
kind = "pg_dump"
path = "backups/database"

[services.plain]
ready = "tcp:6379"
"""
SUITE = """
import pytest


@pytest.mark.service("files")
def test_the_name_is_there(inside):
    assert inside("files").run("redis-cli", "get", "name").out.strip() == "live"


@pytest.mark.service("database")
def test_the_orders_are_there(inside):
    words = ("psql", "-h", "/tmp", "-d", "shop", "-U", "postgres", "-Atc", "SELECT count(*) FROM orders")
    assert inside("database").run(*words).out.strip() == "3"


@pytest.mark.service("plain")
def test_it_answers(inside):
    assert inside("plain").run("redis-cli", "ping").out.strip() == "PONG"
"""


def tool(folder: Path, script: str) -> None:
    """Runs a script in the image that makes backups, in the folder of the stack."""
    words = ["--rm", "--network", "none", "--env", "RESTIC_PASSWORD=hush-restic"]
    docker(
        "run",
        *words,
        "-v",
        f"{folder}:/stack",
        "-w",
        "/",
        "stacktest/backup:1",
        "sh",
        "-ceu",
        script,
    )


class Live:
    """A stack that runs, its backups, and a project with tests of it."""

    def __init__(self, pytester: pytest.Pytester, folder: Path) -> None:
        self.pytester, self.folder = pytester, folder
        for name in (".stacktest", "data", "docs", "suites"):
            shutil.rmtree(folder / name, ignore_errors=True)
        suite = folder / "suites" / "phase0" / "test_shop.py"
        suite.parent.mkdir(parents=True)
        suite.write_text(SUITE)
        pytester.makeini(f"[pytest]\n{ADDOPTS}\n")

    def run(self, verb: str, *words: str) -> pytest.RunResult:
        """`stacktest VERB`."""
        command = str(Path(sys.executable).with_name("stacktest"))
        return self.pytester.run(command, verb, "--stack", str(self.folder), *words, timeout=180)

    def record(self, service: str) -> Any:
        """What was written of the last drill of a service."""
        path = self.folder / "data" / "tests" / service / "last_drill.json"
        return json.loads(path.read_text(encoding="utf-8"))


def state() -> str:
    """All that could be changed of the running stack: containers, their starts, and their data."""
    names = [f"{PROJECT}-{name}-1" for name in ("files", "database", "plain")]
    form = "{{.Id}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}}"
    data = "find /data -type f | sort | xargs sha256sum"
    return docker("inspect", "--format", form, *names) + docker("exec", names[0], "sh", "-c", data)


def left_over() -> list[str]:
    """What belongs to a copy and is still there."""
    name = f"name={PROJECT}-rehearsal"
    return [
        *docker("ps", "--all", "--quiet", "--filter", name).split(),
        *docker("volume", "ls", "--quiet", "--filter", name).split(),
        *docker("network", "ls", "--quiet", "--filter", name).split(),
    ]


def make_backups(folder: Path) -> None:
    """A restic repository for the files, and a dump of the database."""
    stage = folder / "stage" / "files"
    stage.mkdir(parents=True)
    (folder / "backups" / "database").mkdir(parents=True)
    docker("exec", f"{PROJECT}-files-1", "redis-cli", "save")
    docker("cp", f"{PROJECT}-files-1:/data/dump.rdb", str(stage / "dump.rdb"))
    tool(
        folder,
        "restic -q init -r /stack/backups/repository; cd /stack; "
        "restic -q -r backups/repository backup --tag files stage/files",
    )
    dump = docker(
        "exec", f"{PROJECT}-database-1", "pg_dump", "-h", "/tmp", "-U", "postgres", "shop"
    )
    (folder / "backups" / "database" / "shop.sql").write_text(dump + "\n")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a stack that is up, with data in both stores and a backup of each."""
    folder = tmp_path_factory.mktemp("drill")
    (folder / "compose.yaml").write_text(COMPOSE)
    (folder / "stacktest.toml").write_text(TOML)
    (folder / "password").write_text("hush-restic\n")
    compose = ["docker", "compose", "--project-directory", str(folder)]
    subprocess.run([*compose, "up", "-d", "--wait"], check=True, capture_output=True)
    docker("exec", f"{PROJECT}-files-1", "redis-cli", "set", "name", "live")
    rows = "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1), (2), (3); ALTER TABLE orders OWNER TO shop"
    docker(
        "exec", f"{PROJECT}-database-1", "psql", "-h", "/tmp", "-U", "postgres", "shop", "-c", rows
    )
    make_backups(folder)
    yield folder
    subprocess.run([*compose, "down", "-v", "-t", "1"], check=True, capture_output=True)


@pytest.fixture
def live(pytester: pytest.Pytester, stack: Path) -> Live:
    return Live(pytester, stack)


def test_backups_are_restored_beside_the_stack_and_tested(live: Live) -> None:
    before = state()
    done = live.run("drill")
    done.assert_outcomes(passed=2, deselected=1)
    assert done.ret == 0
    assert state() == before
    assert left_over() == []
    for service in ("files", "database"):
        assert live.record(service)["result"] == "restorable"
    done.stdout.fnmatch_lines(
        [
            "drill     database: restorable: the backup of * was restored in * s",
            "drill     files: restorable: the backup of * was restored in * s",
        ]
    )


def test_a_rotten_backup_is_named_by_what_showed_it_and_costs_no_other_its_proof(
    live: Live, stack: Path
) -> None:
    dump = stack / "backups" / "database" / "shop.sql"
    whole = dump.read_text()
    dump.write_text(whole.replace("\n2\n", "\n"))
    try:
        done = live.run("drill")
    finally:
        dump.write_text(whole)
    done.assert_outcomes(passed=1, failed=1, deselected=1)
    assert done.ret == 1
    record = live.record("database")
    assert (record["result"], record["step"]) == ("rotten", "test")
    assert record["tests"] == ["suites/phase0/test_shop.py::test_the_orders_are_there"]
    assert live.record("files")["result"] == "restorable"
    assert left_over() == []


def test_what_cannot_be_restored_says_so_without_the_password(live: Live, stack: Path) -> None:
    (stack / "password").write_text("another-secret\n")
    try:
        done = live.run("drill", "files")
    finally:
        (stack / "password").write_text("hush-restic\n")
    assert done.ret == 10
    done.stdout.fnmatch_lines(
        [
            "error: the backup of files cannot be read: restic ended with 1",
            "  at: services.files.backup",
            "*wrong password or no key found*",
        ]
    )
    assert "another-secret" not in done.stdout.str() + done.stderr.str()
    assert (live.record("files")["result"], live.record("files")["step"]) == ("rotten", "read")
    assert left_over() == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("plain",), "*plain has no backup that could be restored*"),
        (("nobody",), "*no service 'nobody' in the stack*"),
    ],
    ids=["no backup", "no such service"],
)
def test_what_cannot_be_drilled_is_one_error(
    live: Live, words: tuple[str, ...], message: str
) -> None:
    done = live.run("drill", *words)
    assert done.ret in (2, 4)
    done.stderr.fnmatch_lines([message])
    assert not list((live.folder / "data").rglob("last_drill.json"))
    assert left_over() == []


def test_after_a_kill_nothing_is_left_and_nothing_is_claimed(live: Live) -> None:
    before = state()
    command = str(Path(sys.executable).with_name("stacktest"))
    argv = [command, "drill", "--stack", str(live.folder)]
    with subprocess.Popen(argv, cwd=live.pytester.path, stdout=subprocess.DEVNULL) as run:
        wait_until(lambda: left_over() != [])
        run.send_signal(signal.SIGKILL)
    wait_until(lambda: left_over() == [])
    assert state() == before
    assert not list((live.folder / "data").rglob("last_drill.json"))
