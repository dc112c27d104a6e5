"""A small stack in a folder of its own, with programs that run on it, for campaigns."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.documents import PROJECT
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.core.unknown import Unknown

IMAGE = "stacktest/redis:7.0"
CACHE = """\
  cache:
    image: IMAGE
    command: ["--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""]
    healthcheck: {test: ["CMD", "redis-cli", "ping"], interval: 1s}
"""
TEST = """\
import os, pytest, time

@pytest.mark.service("cache")
def test_it_answers(inside):
    assert inside("cache").run("redis-cli", "ping").out.strip() == os.environ.get("EXPECT", "PONG")
    time.sleep(float(os.environ.get("PAUSE", "0")))
"""


@dataclass(kw_only=True)
class SmallStack:
    """A compose project that this campaign alone uses, on one engine."""

    root: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)
    """Variables of every program that is started on it."""
    programs: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """Programs of this machine that end with it."""

    @property
    def engine(self) -> Engine:
        """The engine that the stack runs on."""
        return Engine(self.environment.get("DOCKER_HOST", ""))

    @property
    def ledger(self) -> Ledger:
        """What is remembered of it."""
        return Ledger(self.root, records="data/tests", status="docs/_data/status.json")

    def argv(self, *words: str) -> list[str]:
        """A program of this package: `pytest`, or a verb of the command."""
        module = (
            ["pytest", "-q", "-p", "no:cacheprovider"] if words[0] == "pytest" else ["stacktest"]
        )
        rest = words[1:] if words[0] == "pytest" else words
        return [sys.executable, "-P", "-m", *module, *rest]

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """The same, started on the stack."""
        return subprocess.Popen(
            self.argv(*words),
            cwd=self.root,
            env=self.variables(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        """Its exit code, and all that it printed."""
        process = self.start(*words, **environment)
        out, _ = process.communicate(timeout=240)
        return process.returncode, out

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a program: this one's, with a `TMPDIR` of its own."""
        here = {"TMPDIR": str(self.root / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
        names = ("STACKTEST_STACK", "STACKTEST_KEY", "CI")
        inherited = {name: value for name, value in os.environ.items() if name not in names}
        return {**inherited, **here, **self.environment, **more}

    def start_program(self, argv: Sequence[str], *, keep: int) -> None:
        """Start a program of this machine that keeps an open file; it ends with the stack."""
        self.programs.append(subprocess.Popen(argv, pass_fds=(keep,)))

    def containers(self) -> list[str]:
        """Names of its containers that exist now."""
        return [container.name for container in self.engine.containers(self.name)]

    def wait_until_removed(self, seconds: float = 90.0) -> list[str]:
        """Names of containers that are still there after that time."""
        deadline = time.monotonic() + seconds
        while (names := self.containers()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return names

    def temporary(self) -> list[str]:
        """Names of temporary folders of stacktest."""
        return sorted(path.name for path in (self.root / "tmp").glob("*stacktest-*"))

    def torn(self) -> list[str]:
        """What of the records cannot be read."""
        ledger, faults = self.ledger, list[str]()
        for service in ledger.services():
            evidence = ledger.read(service)
            documents = (evidence.last_pass, evidence.last_run, evidence.previous)
            faults += [document.why for document in documents if isinstance(document, Unknown)]
            faults += ledger.history(service)[1]
        meta = ledger.read_meta()
        return [*faults, *([meta.why] if isinstance(meta, Unknown) else [])]

    def remove(self) -> None:
        """Remove all that carries the name of the project, and the folder."""
        engine = self.engine
        for program in self.programs:
            program.kill()
            program.wait()
        for container in engine.containers(self.name):
            engine.remove(container.id)
        for network in engine.networks({PROJECT: self.name}):
            engine.remove_network(str(network["Id"]))
        for volume in engine.volumes({PROJECT: self.name}):
            engine.remove_volume(str(volume["Name"]))
        shutil.rmtree(self.root, ignore_errors=True)


@contextmanager
def small_stack(
    services: str = CACHE, test: str = TEST, image: str = IMAGE, **environment: str
) -> Iterator[SmallStack]:
    """A stack that is removed at the end."""
    root = Path(tempfile.mkdtemp(prefix="sk-campaign-"))
    name = f"t-campaign-{secrets.token_hex(4)}"
    (root / "tmp").mkdir()
    (root / "suites/phase1_x").mkdir(parents=True)
    (root / "stacktest.toml").write_text("[stack]\n")
    (root / "pytest.ini").write_text("[pytest]\ntestpaths = suites\n")
    (root / "suites/phase1_x/test_it.py").write_text(test)
    text = services.replace("IMAGE", image)
    (root / "compose.yaml").write_text(f"name: {name}\nservices:\n{text}")
    stack = SmallStack(root=root, name=name, environment=dict(environment))
    try:
        yield stack
    finally:
        stack.remove()
