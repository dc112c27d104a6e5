"""The reference stack in shards, two of them on another engine: joined, they say what one run says.

`python -m campaigns.shards`, as root: the other engine has images, networks and addresses of its
own, which nothing on this machine reaches. One run of all suites, then the same in 2, 4 and 8
shards, each in a checkout of its own and without memory of the others; `--short` takes two services
and two shards.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaigns.common import Options, Report, main
from campaigns.docker_command import docker
from campaigns.other_machine import OtherEngine
from campaigns.reference_copy import use_images_as_they_are
from tests.faults.throwaway import PROVISIONED, REPOSITORY, SELDOM, ThrowAway, free_port

SHORT = ("suites/phase4_datastores/test_redis.py",)
IMAGES = {True: ("stacktest/redis", "stacktest/probe"), False: ("stacktest/*",)}
"""Images that the other engine gets, in the short form and in the whole one."""
TIME = re.compile(r'"\d{4}-\d\d-\d\dT[^"]*"')
COMMIT = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "campaign"), ("EMAIL", "c@x"), ("DATE", "2026-01-06T00:00:00Z"))
}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A checkout of the stack on one engine."""

    stack: ThrowAway
    engine: OtherEngine | None
    """None: the engine of this machine."""
    variables: dict[str, str]

    def run(self, *words: str) -> tuple[int, str]:
        """A program of this package on the checkout: exit code, and what it printed."""
        inside = self.engine.inside if self.engine else ()
        done = subprocess.run(
            [*inside, sys.executable, "-P", "-m", *words, f"--stack={self.stack.root}"],
            cwd=self.project,
            env={**os.environ, **self.variables, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
            timeout=3600,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def project(self) -> Path:
        """The checkout: the stack's folder and its suites."""
        return self.stack.root.parent

    @property
    def status(self) -> str:
        """`status.json`, the times aside."""
        return TIME.sub('"TIME"', (self.stack.root / "docs/_data/status.json").read_text())


@dataclass(kw_only=True)
class Campaign:
    """All machines, and what was found on them."""

    folder: Path
    other: OtherEngine
    short: bool
    stack: ExitStack
    faults: list[str]

    def __post_init__(self) -> None:
        self._port = free_port()
        self._project = f"t-shards-{os.getpid()}"
        self._variables = {
            "STACKTEST_KEY": secrets.token_hex(32),
            "STACKTEST_IDENTITY": "campaign",
            "STACKTEST_SHARD_RUN": self._project,
        }

    def whole(self) -> Machine:
        """The machine on which one run tests everything."""
        machine = self._machine("whole")
        self._pytest(machine)
        return machine

    def shards(self, count: int, times: Path) -> Machine:
        """The machine that joined so many shards; the last two ran on the other engine."""
        records = self.folder / f"records-{count}"
        for index in range(1, count + 1):
            is_other = index > count - 2 and index > 1
            machine = self._machine(f"{index}-of-{count}", self.other if is_other else None)
            _copy(times, machine.stack.root / "data/tests/durations.json")
            self._pytest(machine, f"--stack-shard={index}/{count}")
            shutil.copytree(machine.project / "reports/shards", records / str(index))
        machine = self._machine(f"merge-{count}")
        _copy(times, machine.stack.root / "data/tests/durations.json")
        code, out = machine.run("stacktest", "merge", str(records))
        if code:
            self.faults.append(f"merge of {count} shards ended with {code}: {out[-2000:]}")
        return machine

    # Private

    def _machine(self, name: str, engine: OtherEngine | None = None) -> Machine:
        copy = ThrowAway(self.folder / name, port=self._port, project=self._project, health=SELDOM)
        self.stack.callback(copy.remove)
        copy.make()
        use_images_as_they_are(copy.root)
        _copy_suites(copy.root.parent)
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "The stack")):
            subprocess.run(
                ["git", *words], cwd=copy.root.parent, env={**os.environ, **COMMIT}, check=True
            )
        return Machine(stack=copy, engine=engine, variables=self._variables)

    def _pytest(self, machine: Machine, *options: str) -> None:
        """The suites on the machine's engine, which is empty afterwards."""
        suites, workers = (SHORT, ()) if self.short else ((), ("-n", "2"))
        with engine_of_programs(machine.engine):
            if not self.short:
                machine.stack.up(PROVISIONED)
            code, out = machine.run("pytest", "-q", *workers, *options, *suites)
            machine.stack.empty()
        if code:
            self.faults.append(
                f"the tests of {machine.project.name} ended with {code}: {out[-2000:]}"
            )


def run(options: Options) -> Report:
    """One run, and the same in shards."""
    rows: list[tuple[object, ...]] = []
    faults: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sk-shards-")))
        other = OtherEngine(Path(tempfile.mkdtemp(prefix="sk-engine-")))
        stack.callback(other.remove)
        other.start()
        other.load(*_images(options))
        campaign = Campaign(
            folder=folder, other=other, short=options.short, stack=stack, faults=faults
        )
        started = time.monotonic()
        whole = campaign.whole()
        rows.append(("one run", whole.status.count('"functional": true'), _since(started), ""))
        for count in (2,) if options.short else (2, 4, 8):
            started = time.monotonic()
            joined = campaign.shards(count, whole.stack.root / "data/tests/durations.json")
            is_equal = joined.status == whole.status
            functional = joined.status.count('"functional": true')
            rows.append((f"{count} shards", functional, _since(started), is_equal))
            if not is_equal:
                faults.append(f"{count} shards say something else than one run")
    columns = ("what", "functional services", "seconds", "status.json is equal")
    return Report(columns=columns, rows=rows, faults=faults)


@contextmanager
def engine_of_programs(engine: OtherEngine | None) -> Iterator[None]:
    """Every program that is started meanwhile talks to this engine; None: to the usual one."""
    if engine:
        os.environ["DOCKER_HOST"] = engine.address
    try:
        yield
    finally:
        os.environ.pop("DOCKER_HOST", None)


# Private


def _images(options: Options) -> list[str]:
    form = ("--format", "{{.Repository}}:{{.Tag}}")
    patterns = IMAGES[options.short]
    return [name for word in patterns for name in docker("image", "ls", *form, word).split()]


def _copy_suites(project: Path) -> None:
    """The suites of the repository, about the stack beside them."""
    shutil.copytree(REPOSITORY / "suites", project / "suites")
    no_stacks = shutil.ignore_patterns("stacks", "__pycache__")
    shutil.copytree(REPOSITORY / "fixtures", project / "fixtures", ignore=no_stacks)
    shutil.copy(REPOSITORY / "conftest.py", project)
    settings = (REPOSITORY / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(settings.replace("fixtures/stacks/reference", "stack"))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _since(started: float) -> int:
    return round(time.monotonic() - started)


if __name__ == "__main__":
    raise SystemExit(main("shards", run))
