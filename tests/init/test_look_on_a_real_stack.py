"""`init --up` on programs that nobody knows: its tests are green, and red for a swapped upstream."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.throwaway import free_port

pytestmark = pytest.mark.real_docker

COMPOSE = """\
name: {project}
x-program: &program
  image: stacktest/caddy:2.6.2
  init: true
  stop_grace_period: 1s
services:
  caddy:
    <<: *program
    ports: ["127.0.0.1:{port}:80"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
  wiki:
    <<: *program
    command: ["file-server", "--listen", ":8080", "--root", "/page"]
    volumes: ["./wiki:/page:ro"]
  board:
    <<: *program
    command: ["respond", "--listen", ":8080", "--header", "X-Board: 1", "The board of the club"]
"""
DOOR = """\
http://wiki.look.test {
\treverse_proxy wiki:8080
}

http://look.test {
\thandle_path /board/* {
\t\treverse_proxy board:8080
\t}
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    text = COMPOSE.format(project=f"t-look-{os.getpid()}", port=free_port())
    (tmp_path / "compose.yaml").write_text(text)
    (tmp_path / "Caddyfile").write_text(DOOR)
    (tmp_path / "wiki").mkdir()
    page = "<title>Our wiki 1.2.3</title><h1>Our wiki</h1><a href='/new'>A new page</a>"
    (tmp_path / "wiki/index.html").write_text(page)
    yield tmp_path
    run(tmp_path, "docker", "compose", "down", "--volumes", "--timeout", "1")


def run(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, check=False, timeout=240
    )


def stacktest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-P", "-m", *words)


@pytest.mark.parametrize(
    "is_deep",
    [False, pytest.param(True, marks=pytest.mark.real_browser)],
    ids=["plain", "deep"],
)
def test_the_first_run_is_green_and_a_swapped_upstream_is_red(
    folder: Path, *, is_deep: bool
) -> None:
    if is_deep and not shutil.which("chromium"):
        pytest.skip("no Chromium")
    option = ["--deep"] if is_deep else []
    done = stacktest(folder, "stacktest", "init", "--up", *option)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not known" not in done.stdout
    assert run(folder, "docker", "compose", "ps", "-aq").stdout == ""
    texts = {path.name: path.read_text() for path in (folder / "suites").rglob("*.py")}
    assert 'assert "Our wiki" in response.text' in texts["test_wiki.py"]
    assert 'assert response.text == "The board of the club"' in texts["test_board.py"]
    assert '("look.test", "/board/", 200, "The board of the club")' in texts["test_caddy.py"]
    assert ("to_match_aria_snapshot" in texts["test_wiki.py"]) is is_deep
    first = stacktest(folder, "pytest", "-q")
    assert first.returncode == 0, first.stdout
    assert "credited  board, caddy, wiki" in first.stdout
    if is_deep:
        return
    swapped = DOOR.replace("wiki:", "x:").replace("board:", "wiki:").replace("x:", "board:")
    (folder / "Caddyfile").write_text(swapped)
    second = stacktest(folder, "pytest", "-q")
    assert "4 failed" in second.stdout, second.stdout
