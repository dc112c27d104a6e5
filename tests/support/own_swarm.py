"""A swarm of a test's own: engines in network namespaces, joined by a bridge that only they see.

The engines of this machine never become nodes. Needs root, `dockerd` and `ip`.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from campaigns.own_engine import OwnEngine
from campaigns.small_stack import SmallStack, small_stack
from stacktest.errors import ToolMissingError

ADDRESSES = "10.231.7"
HEARTBEAT = "2s"


class Node(OwnEngine):
    """An engine with a host name and a network of its own, with bridges and rules there."""

    options = ()

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # A host name takes letters, digits and hyphens only.
        self.name = folder.name.replace("_", "0")
        script = 'hostname "$0" && ip link set lo up && exec "$@"'
        self.apart = ("unshare", "--net", "--uts", "--", "sh", "-c", script, self.name)

    def make_context(self, folder: Path) -> None:
        """A docker context of the node's name, in a folder for `DOCKER_CONFIG`."""
        argv = ["docker", "context", "create", self.name, "--docker", f"host={self.address}"]
        environment = {**os.environ, "DOCKER_CONFIG": str(folder)}
        subprocess.run(argv, env=environment, check=True, capture_output=True)

    def docker(self, *words: str) -> str:
        """What the docker command prints about this node; CalledProcessError where it fails."""
        argv = ["docker", "--host", self.address, *words]
        done = subprocess.run(argv, check=True, capture_output=True, text=True)
        return done.stdout.strip()


@contextmanager
def own_swarm(nodes: int = 1, images: Sequence[str] = ()) -> Iterator[list[Node]]:
    """Nodes of one swarm, the manager first; ToolMissingError where none can be started."""
    if os.geteuid() != 0:
        raise ToolMissingError("network namespaces are made as root")
    with ExitStack() as cleanup:
        started: list[Node] = []
        for _ in range(nodes):
            node = Node(Path(tempfile.mkdtemp(prefix="sk-node-")))
            cleanup.callback(node.remove)
            node.start()
            if images:
                node.load(*images)
            started.append(node)
        _connect(started)
        manager = started[0]
        manager.docker("swarm", "init", "--advertise-addr", f"{ADDRESSES}.1")
        manager.docker("swarm", "update", "--dispatcher-heartbeat", HEARTBEAT)
        token = manager.docker("swarm", "join-token", "--quiet", "worker")
        for node in started[1:]:
            node.docker("swarm", "join", "--token", token, f"{ADDRESSES}.1:2377")
        yield started


@contextmanager
def swarm_or_skip(nodes: int, *images: str) -> Iterator[list[Node]]:
    """The same for a test, which is skipped where none can be started."""
    try:
        with own_swarm(nodes, images) as started:
            yield started
    except ToolMissingError as error:
        pytest.skip(error.what)


@contextmanager
def swarm_stack(node: Node, services: str, tests: str) -> Iterator[SmallStack]:
    """A small stack on the swarm of this manager, taken down at the end."""
    with small_stack(services, tests, DOCKER_HOST=node.address) as stack:
        (stack.root / "stacktest.toml").write_text(
            '[stack]\nengine = "swarm"\nprobe_image = "stacktest/probe:1"\n'
        )
        try:
            yield stack
        finally:
            stack.run("down")


def credited(stack: SmallStack) -> set[str]:
    """The services of a stack that have a pass."""
    ledger = stack.ledger
    return {name for name in ledger.services() if ledger.read(name).last_pass is not None}


# Private


def _connect(nodes: Sequence[Node]) -> None:
    """Gives each node an address on one bridge, which is in the first node's namespace."""
    manager = nodes[0]
    _ip(manager, "link", "add", "nodes", "type", "bridge")
    _ip(manager, "addr", "add", f"{ADDRESSES}.1/24", "dev", "nodes")
    _ip(manager, "link", "set", "nodes", "up")
    for number, node in enumerate(nodes[1:], start=2):
        near, far = f"node{number}", f"far{number}"
        _ip(manager, "link", "add", near, "type", "veth", "peer", far, "netns", str(node.pid))
        _ip(manager, "link", "set", near, "master", "nodes", "up")
        _ip(node, "addr", "add", f"{ADDRESSES}.{number}/24", "dev", far)
        _ip(node, "link", "set", far, "up")


def _ip(node: Node, *words: str) -> None:
    subprocess.run([*node.inside, "ip", *words], check=True, capture_output=True)
