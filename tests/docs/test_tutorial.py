"""The tutorial, word for word: its files are written, its commands run, its output compared.

Three things differ on this machine: the images are the ones that were built here, the published
port is a free one, and the project has a name of its own.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real_docker

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
IMAGES = {
    "image: caddy:2": "image: stacktest/caddy:2.6.2",
    "image: prom/prometheus:v2.55.1": "image: stacktest/prometheus:2.42",
    "image: redis:7": "image: stacktest/redis:7.0",
}


def steps(text: str) -> Iterator[tuple[str, str, Any]]:
    """`("write", name, text)` and `("run", command, expected lines)`, in the page's order."""
    for language, title, body in FENCE.findall(text):
        if title:
            yield "write", title, body
        elif language == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                command, _, said = part.partition("\n")
                yield "run", command, [line for line in said.splitlines() if line.strip()]


def found_in_order(expected: list[str], output: str) -> str | None:
    """The first expected line that is not found after those before it, or None."""
    lines = iter(output.splitlines())
    for line in expected:
        if line.strip() == "…":
            continue
        pattern = re.escape(line).replace("…", ".*")
        pattern = re.sub(r"(\\\s|\s)+", r"\\s+", pattern)
        if not any(re.search(pattern, real) for real in lines):
            return line
    return None


@pytest.fixture
def project(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    name = f"t-docs-{os.getpid()}"
    changes = {
        **IMAGES,
        "name: tutorial\n": f"name: {name}\n",
        "127.0.0.1:8080:": f"127.0.0.1:{port}:",
    }
    yield tmp_path, changes
    down = ["docker", "compose", "down", "--volumes", "--timeout", "1"]
    subprocess.run(down, cwd=tmp_path, check=True, capture_output=True)


def test_the_tutorial_is_true(project: tuple[Path, dict[str, str]]) -> None:
    folder, changes = project
    person = {"NAME": "Somebody", "EMAIL": "somebody@example.com"}
    git = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in person.items()
    }
    environment = {
        **os.environ,
        **git,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "200",
        # What this repository's own tests use besides is not there for a reader.
        "PYTEST_ADDOPTS": "-p no:randomly",
    }
    ran = 0
    for kind, subject, rest in steps(PAGE.read_text()):
        if kind == "write":
            text = rest
            for old, new in changes.items():
                text = text.replace(old, new)
            (folder / subject).write_text(text)
            continue
        done = subprocess.run(
            ["bash", "-c", subject], cwd=folder, env=environment, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        output = done.stdout + done.stderr
        missing = found_in_order(rest, output)
        assert missing is None, f"$ {subject}\nexpected: {missing}\n{output}"
        ran += 1
    assert ran > 10
    assert (folder / "status.html").stat().st_size < 500_000


def test_an_output_that_differs_is_noticed() -> None:
    assert found_in_order(["a …", "exit 1"], "a b\nexit 0") == "exit 1"
    assert found_in_order(["…", "b  1 …", "c"], "a\nb 1 x\nc") is None
    assert found_in_order(["b", "a"], "a\nb") == "a"
