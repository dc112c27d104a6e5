"""A small real stack that runs once for all tests of the plugin, and a project that tests it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.nested_pytest import ADDOPTS

PAIR = Path(__file__).parents[1] / "stacks" / "pair"
ALPHA = """
import pytest

pytestmark = pytest.mark.service("alpha")


def test_ping(inside):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"


def test_echo(inside):
    assert inside("alpha").run("redis-cli", "echo", "hi").out.strip() == "hi"
"""
BETA = """
import pytest


@pytest.mark.service("beta")
def test_ping(inside):
    assert inside("beta").run("redis-cli", "ping").out.strip() == "PONG"
"""


class Pair:
    """A project of its own with the stack of two, and what stacktest wrote about it."""

    def __init__(self, pytester: pytest.Pytester, project: str) -> None:
        self.pytester = pytester
        self.project = project
        self.root = pytester.path / "stack"
        shutil.copytree(PAIR, self.root)
        pytester.makeini(f"[pytest]\n{ADDOPTS} --import-mode=importlib\ntestpaths = suites\n")
        self.write("phase0_pair/test_alpha.py", ALPHA)
        self.write("phase1_pair/test_beta.py", BETA)

    def write(self, name: str, text: str) -> Path:
        """A file of the suites."""
        path = self.pytester.path / "suites" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *args: str, stack: bool = True) -> pytest.RunResult:
        """pytest as a user starts it."""
        where = ["--stack=stack"] if stack else []
        return self.pytester.runpytest_subprocess(*where, *args, timeout=120)

    def document(self, service: str, name: str) -> Any:
        """A record, or None."""
        path = self.root / "data" / "tests" / service / name
        return json.loads(path.read_text()) if path.is_file() else None

    def credited(self) -> set[str]:
        """The services that have a pass."""
        return {name for name in ("alpha", "beta") if self.document(name, "last_pass.json")}

    def state(self, service: str) -> str:
        """The state in status.json."""
        status = json.loads((self.root / "docs" / "_data" / "status.json").read_text())
        return str(status[service]["state"])

    def verdict(self, service: str) -> str | None:
        """The verdict of the last run; None: it never came to its end, or there was none."""
        record = self.document(service, "last_run.json")
        return record["verdict"] if record else None


@pytest.fixture(scope="session")
def pair_running() -> Iterator[str]:
    """Both services up, as a stack that was there before stacktest; the project's name."""
    project = f"t-plugin-pair-{os.getpid()}"
    os.environ["PAIR_PROJECT"] = project
    compose = ["docker", "compose", "-f", str(PAIR / "docker-compose.yml"), "--profile", "*"]
    subprocess.run([*compose, "up", "-d", "--wait"], check=True, capture_output=True)
    yield project
    subprocess.run([*compose, "down", "-v", "-t", "1"], check=True, capture_output=True)
    del os.environ["PAIR_PROJECT"]


@pytest.fixture
def pair(pytester: pytest.Pytester, pair_running: str) -> Pair:
    """The stack of two, running, with suites that pass."""
    return Pair(pytester, pair_running)
