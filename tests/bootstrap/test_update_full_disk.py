"""The engine's disk is full when data is copied: one error, and what runs is as it was."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.small_stack import SmallStack, small_stack
from tests.support.own_swarm import Node

pytestmark = [pytest.mark.real_docker, pytest.mark.slow]

IMAGES = ("stacktest/redis:7.0", "stacktest/probe:1")
SERVICES = """\
  app:
    image: app:current
    command: ["--protected-mode", "no", "--dir", "/data"]
    volumes: ["data:/data"]
    stop_grace_period: 1s
volumes: {data: {}}
"""
TEST = """\
import pytest

@pytest.mark.service("app")
def test_it_answers(inside):
    assert inside("app").run("redis-cli", "ping").out.strip() == "PONG"
"""
DATA, ROOM = 64, 32
"""Megabytes in the volume, and those that the disk has left."""


class SmallDisk(Node):
    """An engine whose images, containers and volumes lie in a file system of their own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.disk = folder / "data"
        self.disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", str(self.disk)]
        subprocess.run(mount, check=True)

    def fill(self) -> None:
        """Leave less room than a copy of the data takes."""
        free = int(
            subprocess.check_output(["df", "--output=avail", "-BM", self.disk], text=True)
            .split()[-1]
            .rstrip("M")
        )
        filler = str(self.disk / "filler")
        subprocess.run(["fallocate", "-l", f"{free - ROOM}M", filler], check=True)


@pytest.fixture(scope="module")
def node() -> Iterator[SmallDisk]:
    disk = SmallDisk(Path(tempfile.mkdtemp(prefix="sk-node-")))
    try:
        disk.start()
        disk.load(*IMAGES)
        yield disk
    finally:
        disk.remove()


@pytest.fixture(scope="module")
def live(node: SmallDisk) -> Iterator[SmallStack]:
    """The stack, proved, with a candidate for its service and no room for a copy of its data."""
    with small_stack(SERVICES, TEST, DOCKER_HOST=node.address) as stack:
        (stack.root / "stacktest.toml").write_text('[stack]\nprobe_image = "stacktest/probe:1"\n')
        node.docker("tag", IMAGES[0], "app:current")
        node.docker("compose", "--project-directory", str(stack.root), "up", "--detach")
        code, out = stack.run("pytest")
        assert code == 0, out
        container = f"{stack.name}-app-1"
        size = ("bs=1M", f"count={DATA}")
        node.docker("exec", container, "dd", "if=/dev/urandom", "of=/data/blob", *size)
        candidate = stack.root / "candidate"
        candidate.mkdir()
        (candidate / "Dockerfile").write_text(f"FROM {IMAGES[0]}\nENV VERSION=2\n")
        node.docker("build", "--quiet", "--tag", "app:current", str(candidate))
        node.fill()
        yield stack


def state_of(node: SmallDisk, stack: SmallStack) -> str:
    """The container with its state, a digest of its data, and all containers and volumes."""
    container = f"{stack.name}-app-1"
    form = "{{.Id}} {{.Image}} {{.State.StartedAt}} {{.State.Status}}"
    return "\n".join(
        [
            node.docker("inspect", "--format", form, container),
            node.docker("exec", container, "sha256sum", "/data/blob"),
            node.docker("ps", "--all", "--format", "{{.Names}}"),
            node.docker("volume", "ls", "--format", "{{.Name}}"),
        ]
    )


@pytest.mark.parametrize(
    ("verb", "expected"), [(("update", "app", "--no-rehearsal"), 2), (("rehearse", "app"), 10)]
)
def test_a_copy_that_has_no_room_changes_nothing(
    node: SmallDisk, live: SmallStack, verb: tuple[str, ...], expected: int
) -> None:
    before = state_of(node, live)
    code, out = live.run(*verb)
    (error,) = (line for line in out.splitlines() if line.startswith("error:"))
    assert error.startswith(f"error: {live.name}_data cannot be copied: ")
    assert "No space left on device" in error
    assert "SK-BUG" not in out
    assert code == expected
    assert state_of(node, live) == before
    assert not (live.root / ".stacktest/update.json").exists()
