"""What `init` writes proves something: it is green on the stack, and red for a service that is not.

Each demo is copied, begun, and run; then one service after another is stopped, or replaced by a
program that answers everything with 200 and `Hello`.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stacktest.adapters.atomic_write import create_file
from stacktest.adapters.compose.client import Compose
from stacktest.adapters.routes import read_routes
from stacktest.adapters.routes.caddy.reader import read_caddyfile
from stacktest.init import initialise
from stacktest.init.write import InitResult
from tests.faults.throwaway import free_port

pytestmark = pytest.mark.real_docker

STACKS = Path(__file__).parent.parent / "stacks"
CERTS = STACKS.parent.parent / "scripts/certs"
EVERY = {
    "caddy-demo": {"caddy", "cache", "prometheus"},
    "nginx-demo": {"proxy", "adminer", "db"},
    "traefik-demo": {"traefik", "alertmanager", "prometheus", "db"},
}
DOORS = {"caddy-demo": "caddy", "nginx-demo": "proxy", "traefik-demo": "traefik"}
PORTS = {"prometheus": 9090, "cache": 6379, "adminer": 8080, "db": 3306, "alertmanager": 9093}
SERVICES = [
    ("caddy-demo", "prometheus"),
    ("caddy-demo", "cache"),
    pytest.param("nginx-demo", "adminer", marks=pytest.mark.slow),
    pytest.param("nginx-demo", "db", marks=pytest.mark.slow),
    pytest.param("traefik-demo", "prometheus", marks=pytest.mark.slow),
    pytest.param("traefik-demo", "alertmanager", marks=pytest.mark.slow),
    pytest.param("traefik-demo", "db", marks=pytest.mark.slow),
]


STOPPING = """
import subprocess
import pytest

@pytest.fixture(scope="session", autouse=True)
def stopped(stack):
    stop = ["docker", "compose", "--profile", "*", "stop", "--timeout", "1", "{service}"]
    subprocess.run(stop, check=True, capture_output=True)
"""
"""Stops a service when the stack is up and before the first test."""


class Demo:
    """A copy of one demo, under a project name and a port of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(STACKS / name, folder, dirs_exist_ok=True)
        self.file = folder / "docker-compose.yml"
        self.project = f"t-init-{name}-{os.getpid()}"
        text = self.file.read_text().replace(f"name: {name}\n", f"name: {self.project}\n")
        self.file.write_text(text)
        if name == "caddy-demo":
            self.run(str(CERTS), str(folder), "demo.local")
        self.environment = {**os.environ, "DEMO_PORT": str(free_port())}

    def run(self, *argv: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=self.folder, capture_output=True, text=True, check=True, **more
        )

    def compose(self, *words: str) -> subprocess.CompletedProcess[str]:
        every = ("docker", "compose", "--profile", "*", *words)
        return self.run(*every, env=self.environment, timeout=240)

    def initialise(self) -> InitResult:
        return initialise(Compose(self.folder, (), ()).model(), read_routes, create=create_file)

    def test(self, *options: str) -> tuple[set[str], set[str]]:
        """Names of the tests that passed, and of those that did not."""
        report = self.folder / "report.xml"
        argv = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *options]
        done = subprocess.run(
            argv, cwd=self.folder, env=self.environment, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        assert report.is_file(), done.stdout + done.stderr
        import xml.etree.ElementTree as ET

        cases = ET.parse(report).iter("testcase")
        found: dict[bool, set[str]] = {True: set(), False: set()}
        for case in cases:
            is_bad = any(child.tag in ("failure", "error", "skipped") for child in case)
            found[not is_bad].add(case.attrib["classname"].rpartition("test_")[2])
        return found[True] - found[False], found[False]

    def swap(self, service: str) -> None:
        """Put a program in its place that says Hello to everybody, whatever is asked."""
        yaml = YAML()
        model = yaml.load(self.file)
        before = model["services"][service]
        kept = {key: before[key] for key in ("profiles", "labels", "depends_on") if key in before}
        model["services"][service] = {
            **kept,
            "image": "stacktest/caddy:2.6.2",
            "entrypoint": ["caddy", "respond", "--listen", f":{PORTS[service]}", "Hello"],
            "healthcheck": {"test": ["CMD", "true"], "interval": "1s"},
        }
        yaml.dump(model, self.file)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[[str], Demo]]:
    made = []

    def make(name: str) -> Demo:
        made.append(Demo(name, tmp_path / name))
        return made[-1]

    yield make
    for one in made:
        one.compose("down", "--volumes", "--remove-orphans", "--timeout", "1")


@pytest.mark.parametrize(("name", "services"), EVERY.items())
def test_the_first_run_is_green_and_every_service_has_a_test(
    demo: Callable[[str], Demo], name: str, services: set[str]
) -> None:
    stack = demo(name)
    begun = stack.initialise()
    assert begun.proposal.unknown == ()
    green, red = stack.test("--alluredir=allure")
    assert (green, red) == (services, set())
    said = (stack.folder / "report.xml").read_text()
    labels = "".join(file.read_text() for file in (stack.folder / "allure").glob("*-result.json"))
    for service in services:
        assert f'<property name="stacktest.service" value="{service}"' in said
        assert f'<property name="stacktest.contact" value="{service}"' in said
        assert f'{{"name": "feature", "value": "{service}"}}' in labels
    phases = tomllib.loads((stack.folder / "stacktest.toml").read_text())["phases"]
    assert f'{{"name": "epic", "value": "{phases["phase0"]["title"]}"}}' in labels


@pytest.mark.parametrize(("name", "service"), SERVICES)
def test_the_suite_goes_red_for_a_service_that_is_stopped(
    demo: Callable[[str], Demo], name: str, service: str
) -> None:
    stack = demo(name)
    stack.initialise()
    (stack.folder / "conftest.py").write_text(STOPPING.format(service=service))
    green, red = stack.test()
    assert service in red
    assert red <= {service, DOORS[name]}
    assert green == EVERY[name] - red


@pytest.mark.parametrize(("name", "service"), SERVICES)
def test_the_suite_goes_red_for_a_service_that_is_another_program(
    demo: Callable[[str], Demo], name: str, service: str
) -> None:
    stack = demo(name)
    stack.initialise()
    stack.swap(service)
    _, red = stack.test()
    assert service in red


def test_the_stand_in_routes_what_the_labels_say() -> None:
    folder = STACKS / "traefik-demo"
    model = Compose(folder, (), ()).model()
    routes = read_routes(("traefik",), model)
    labels = {(one.host, one.service, one.port) for one in routes if one.service}
    routed = read_caddyfile(folder / "stand-in.caddy", model)
    assert labels == {(one.host, one.service, one.port) for one in routed if one.service}
    assert len(labels) == 2
    assert model.services["traefik"].stand_in
