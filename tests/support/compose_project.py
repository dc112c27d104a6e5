"""Tiny compose projects on the real engine, each with a name of its own and nothing left after."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.startup.up import BringUp, bring_up
from stacktest.core.model import Stack
from stacktest.core.plan import Plan, plan_services
from stacktest.core.readiness import parse_rule

IMAGE = "stacktest-base:bookworm"


class Project:
    """One compose project in a folder of its own."""

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.name = name
        self.engine = Engine()

    def write(self, compose: str, files: dict[str, str] | None = None) -> None:
        """Write the compose file, with `IMAGE` for the base image, and other files beside it."""
        text = compose.replace("IMAGE", IMAGE)
        (self.root / "compose.yaml").write_text(f"name: {self.name}\n{text}")
        for path, content in (files or {}).items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(content)

    def up(
        self,
        *services: str,
        rules: dict[str, str] | None = None,
        completed: Callable[[Stack], Stack] = lambda stack: stack,
        plan: Callable[[Plan], Plan] = lambda plan: plan,
        **options: Any,
    ) -> BringUp:
        """Bring up these services, or all; `completed` adds what no compose file says.

        `plan` adds what the tests of a run say.
        """
        compose = Compose(self.root)
        stack = completed(compose.model())
        return bring_up(
            stack,
            plan(plan_services(stack, services or stack.services)),
            options.pop("deployment", compose),
            self.engine,
            run_id=options.pop("run_id", f"run-{self.name}"),
            rules={name: parse_rule(rule) for name, rule in (rules or {}).items()},
            **options,
        )

    def compose(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """What the user would do by hand."""
        command = ["docker", "compose", *argv]
        return subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, check=True, timeout=120
        )

    def leftovers(self) -> list[str]:
        """Names of the project's containers and networks that exist now, sorted: the engine has no order."""
        label = {"com.docker.compose.project": self.name}
        containers = [each.name for each in self.engine.containers(self.name)]
        return sorted(containers + [each["Name"] for each in self.engine.networks(label)])


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """A project with a name of its own; whatever the test leaves of it is removed."""
    case = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    made = Project(tmp_path, f"t-boot-{case.strip('-')[-30:].strip('-')}-{os.getpid()}")
    yield made
    remove_project(made)


def remove_project(project: Project) -> None:
    """Remove the containers, networks and volumes of a project."""
    for each in project.engine.containers(project.name):
        project.engine.remove(each.id)
    label = f"com.docker.compose.project={project.name}"
    for each in project.engine.networks({"com.docker.compose.project": project.name}):
        project.engine.remove_network(each["Id"])
    asked = {"filters": {"label": [label]}}
    for each in project.engine.socket.get("/volumes", asked).get("Volumes") or ():
        project.engine.remove_volume(each["Name"])


@pytest.fixture
def held_port() -> Iterator[int]:
    """A TCP port of this machine that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that finds a port nobody listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find
