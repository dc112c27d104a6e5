"""The first minute with strangers' stacks: `stacktest init --up`, `pytest`, and no edit between.

Twenty stacks of real programs (Debian, PyPI, npm) in `strangers/stacks`: by host name and by path,
behind Caddy, nginx and HAProxy or without a front door, with sign-in pages, stores and profiles.
Then every upstream in the front door's files is exchanged for another one, and `pytest` runs again;
where there is no second one, each program is replaced by one that says Hello to everybody.
"""

import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.common import Options, Report, main
from campaigns.docker_command import build_nginx, docker
from stacktest.bootstrap.context import Project
from stacktest.init.programs import recognise

HERE = Path(__file__).parent / "strangers"
SHORT = ("balancer", "cache", "metrics", "watch")
IMAGES = ("debian", "python", "node")
NAMES = {
    "debian": ("memcached", "openldap", "rabbitmq", "haproxy"),
}
"""Image → other names of it, by which its programs are known."""
SECRET = "hunter-two"
"""With this word every password of the stacks begins."""
HELLO = ["caddy", "respond", "--listen"]
PATIENCE = 600


@dataclass(kw_only=True)
class Stranger:
    """One stack in a folder and a compose project of its own."""

    name: str
    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """What a program printed that was started in the folder."""
        return subprocess.run(
            argv,
            cwd=self.root,
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def init(self) -> tuple[str, float]:
        """What `stacktest init --up` printed, and its seconds."""
        start = time.monotonic()
        done = self.run(sys.executable, "-P", "-m", "stacktest", "init", "--up")
        return done.stdout + done.stderr, time.monotonic() - start

    def test(self) -> "Outcome":
        """What became of each test of a `pytest`; the stack is left running."""
        report = self.root / "report.xml"
        report.unlink(missing_ok=True)
        start = time.monotonic()
        done = self.run(
            sys.executable, "-P", "-m", "pytest", "-q", "--stack-keep", f"--junitxml={report}"
        )
        seconds = time.monotonic() - start
        return Outcome(seconds=seconds, output=done.stdout + done.stderr, **_results(report))

    def renew(self, services: Collection[str]) -> None:
        """Put new containers in the place of some that run."""
        command = ("docker", "compose", "--profile", "*", "up", "-d", "--no-deps", "-t", "1")
        done = self.run(*command, "--force-recreate", *sorted(services))
        if done.returncode:
            raise RuntimeError(done.stderr)

    def project(self) -> Project:
        """What stacktest knows of it."""
        return Project(self.root, {**os.environ, **self.variables})

    def containers(self) -> list[str]:
        """Names of its containers."""
        label = f"label=com.docker.compose.project={self.variables['COMPOSE_PROJECT_NAME']}"
        return docker("ps", "-a", "--filter", label, "--format", "{{.Names}}").split()


@dataclass(kw_only=True)
class Outcome:
    """The tests of one run: service → names of its tests that passed, and of the others."""

    seconds: float
    output: str
    green: Mapping[str, list[str]] = field(default_factory=dict)
    red: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(kw_only=True)
class Figures:
    """What is counted of one stack."""

    name: str
    services: int = 0
    routed: int = 0
    accepted: int = 0
    """Routed services with at least one test that passed."""
    tested: int = 0
    """Services with at least one test that passed."""
    red: int = 0
    swapped: int = 0
    noticed: int = 0
    seconds: tuple[float, float] = (0.0, 0.0)
    faults: list[str] = field(default_factory=list)


def run(options: Options) -> Report:
    """All stacks, or four in the short form."""
    build_images()
    names = SHORT if options.short else sorted(path.name for path in (HERE / "stacks").iterdir())
    figures = [measure(name, options.random()) for name in names]
    routed, accepted = (
        sum(getattr(item, key) for item in figures) for key in ("routed", "accepted")
    )
    faults = [fault for item in figures for fault in item.faults]
    if accepted < 0.9 * routed:
        faults.append(f"{accepted} of {routed} routed services have a test")
    columns = ("stack", "services", "tested", "routed", "with a test", "red at first")
    return Report(
        columns=(*columns, "swapped", "red then", "init s", "pytest s"),
        rows=[*map(_row, figures), _total(figures)],
        faults=faults,
    )


def build_images() -> None:
    """Build the images of the programs where they are missing."""
    build_nginx()
    missing = [name for name in IMAGES if not docker("images", "-q", f"strangers/{name}:1")]
    if missing:
        docker("compose", "-f", str(HERE / "images/compose.yaml"), "build", "--quiet", *missing)
    for image, others in NAMES.items():
        for other in others:
            docker("tag", f"strangers/{image}:1", f"strangers/{other}:1")


def measure(name: str, numbers: random.Random) -> Figures:
    """One stack from `init` to the last swapped upstream."""
    with _stranger(name) as stack:
        figures = Figures(name=name)
        printed, init_seconds = stack.init()
        if stack.containers():
            figures.faults.append(f"{name}: init --up left {stack.containers()}")
        if SECRET in printed + _written(stack.root):
            figures.faults.append(f"{name}: a password was printed or written")
        first = stack.test()
        figures.seconds = (init_seconds, first.seconds)
        _count(stack, first, figures)
        wanted = _exchange(stack, numbers)
        second = stack.test()
        missed = [service for service in wanted if not _is_red(stack, service, second)]
        figures.swapped, figures.noticed = len(wanted), len(wanted) - len(missed)
        figures.faults += [f"{name}: {service} was exchanged, and is green" for service in missed]
        return figures


# Private


def _row(item: Figures) -> tuple[object, ...]:
    seconds = (f"{number:.0f}" for number in item.seconds)
    counts = (item.services, item.tested, item.routed, item.accepted, item.red)
    return (item.name, *counts, item.swapped, item.noticed, *seconds)


def _total(figures: list[Figures]) -> tuple[object, ...]:
    keys = ("services", "tested", "routed", "accepted", "red", "swapped", "noticed")
    sums = (sum(getattr(item, key) for item in figures) for key in keys)
    seconds = (f"{sum(item.seconds[index] for item in figures):.0f}" for index in (0, 1))
    return ("all", *sums, *seconds)


@contextmanager
def _stranger(name: str) -> Iterator[Stranger]:
    root = Path(tempfile.mkdtemp(prefix=f"sk-first-{name}-"))
    shutil.copytree(HERE / "stacks" / name, root, dirs_exist_ok=True)
    project = f"t-first-{name}-{os.getpid()}"
    variables = {
        "COMPOSE_PROJECT_NAME": project,
        "PORT": str(_free_port()),
        "PYTHONPATH": str(HERE.parents[1]),
    }
    stack = Stranger(name=name, root=root, variables=variables)
    try:
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "A stack")):
            stack.run("git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words)
        yield stack
    finally:
        stack.run("docker", "compose", "--profile", "*", "down", "-v", "-t", "1")
        shutil.rmtree(root, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _written(root: Path) -> str:
    suites = [*(root / "suites").rglob("*.py"), *root.glob("stacktest.toml")]
    return "".join(path.read_text(encoding="utf-8") for path in suites)


def _results(report: Path) -> dict[str, dict[str, list[str]]]:
    """Service → tests, of the one and the other kind, from the report of a run."""
    results: dict[str, dict[str, list[str]]] = {"green": {}, "red": {}}
    if not report.is_file():
        return results
    for case in ET.parse(report).iter("testcase"):
        is_red = any(child.tag in ("failure", "error", "skipped") for child in case)
        for item in case.iter("property"):
            if item.attrib["name"] == "stacktest.service":
                tests = results["red" if is_red else "green"]
                tests.setdefault(item.attrib["value"], []).append(case.attrib["name"])
    return results


def _count(stack: Stranger, first: Outcome, figures: Figures) -> None:
    model = stack.project().stack
    routed = {name for name in model.services if model.routes_of(name)}
    figures.services, figures.routed = len(model.services), len(routed)
    figures.tested, figures.accepted = len(first.green), len(routed & first.green.keys())
    figures.red = sum(map(len, first.red.values()))
    if figures.red or not first.green:
        figures.faults.append(f"{stack.name}: the first run is red: {first.output[-1500:]}")


def _exchange(stack: Stranger, numbers: random.Random) -> Collection[str]:
    """Exchange the upstreams in the front door's files, or replace the programs; who is concerned."""
    model = stack.project().stack
    names = "|".join(map(re.escape, sorted(model.services, key=len, reverse=True)))
    token = re.compile(rf"\b(?:{names}):\d+\b")
    files = [path for path in sorted(stack.root.rglob("*")) if _is_of_a_door(path, stack.root)]
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    upstreams = sorted({match[0] for text in texts.values() for match in token.finditer(text)})
    if len(upstreams) < 2:
        return _replace(stack, upstreams)
    start = numbers.randrange(1, len(upstreams))
    shifted = [*upstreams[start:], *upstreams[:start]]
    others = dict(zip(upstreams, shifted, strict=True))
    for path, text in texts.items():
        path.write_text(token.sub(lambda match: others[match[0]], text), encoding="utf-8")
    stack.renew(
        [name for name, item in model.services.items() if (p := recognise(item)) and p.door]
    )
    return [upstream.partition(":")[0] for upstream in upstreams]


def _is_of_a_door(path: Path, root: Path) -> bool:
    kinds = {".conf", ".caddy", ".cfg"}
    is_inside = not {"suites", "data", "docs", ".stacktest", ".git"} & set(
        path.parts[len(root.parts) :]
    )
    return path.is_file() and is_inside and (path.suffix in kinds or path.name == "Caddyfile")


def _replace(stack: Stranger, upstreams: list[str]) -> Collection[str]:
    """Put a program that says Hello in the place of every upstream, or of all with a port."""
    model = stack.project().stack
    ports = {name: int(port) for name, _, port in (text.partition(":") for text in upstreams)}
    for name, service in model.services.items():
        program = recognise(service)
        if not upstreams and not (program and (program.store or program.door)):
            ports |= {name: service.ports[0].target} if service.ports else {}
    services = {
        name: {
            "image": "stacktest/caddy:2.6.2",
            "entrypoint": [*HELLO, f":{port}", "Hello"],
            "command": [],
        }
        for name, port in ports.items()
    }
    override = stack.root / "compose.override.yaml"
    override.write_text(json.dumps({"services": services}), encoding="utf-8")
    stack.renew(ports)
    return [name for name in ports if [*(stack.root / "suites").rglob(f"test_{name}.py")]]


def _is_red(stack: Stranger, service: str, outcome: Outcome) -> bool:
    """Whether a test of the service failed, or the front door's for one of its host names."""
    if service in outcome.red:
        return True
    model = stack.project().stack
    doors = [name for name, item in model.services.items() if (p := recognise(item)) and p.door]
    hosts = {route.host for route in model.routes if route.service == service}
    tests = [test for door in doors for test in outcome.red.get(door, [])]
    return any(host in test for host in hosts for test in tests) or (
        not model.routes and bool(tests)
    )


if __name__ == "__main__":
    raise SystemExit(main("first_minute", run))
