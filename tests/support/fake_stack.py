"""A stack without an engine in the place of the real one, for tests of what pytest says and does.

A pytest plugin, `-p tests.support.fake_stack`: the plan, the session, the ledger and the terminal
are the real ones; `story.json` in the rootdir says what the stack is and what its bring-up tells.
"""

import contextlib
import json
import os
import textwrap
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest import config as configuration
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.run_texts import save_texts
from stacktest.adapters.service_markers import marker_place
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.adapters.suites import locate_suites
from stacktest.application.judge import Judge
from stacktest.application.notify import Notifier
from stacktest.application.required_tests import BackgroundInventory
from stacktest.application.run import StackSession
from stacktest.application.run_ports import RunPorts
from stacktest.bootstrap.context import now, read_code
from stacktest.bootstrap.known_secrets import learn_secrets
from stacktest.bootstrap.session import PytestRun, RunRequest, code_as_collected
from stacktest.core.collected_test import Collected
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.fingerprint.fingerprint import KEYED, Fingerprint
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.phase import Phase
from stacktest.core.plan import Plan, needs_of
from stacktest.core.records.common import ContainerRef
from stacktest.core.runs.history import usual_boot
from stacktest.core.runs.requirements import tests_of
from stacktest.core.runs.start_failure import StartFailure, with_dependants
from stacktest.errors import ToolMissingError
from stacktest.pytest_plugin.contacts import note
from stacktest.pytest_plugin.stash import JOIN, JUDGE, OPEN_RUN
from tests.support.nested_pytest import ADDOPTS
from tests.support.stack_simulator import hexed

ROOT = Path(__file__).parents[2]
RUN = "20260106T000000-fake"
ON = "-p tests.support.fake_stack"


def _story_file(rootdir: Path) -> Path:
    """The story of the shop, also where a run gives pytest one of its folders as its root."""
    folders = (rootdir, *rootdir.parents)
    return next(folder / "story.json" for folder in folders if (folder / "story.json").is_file())


def _runs_before(root: Path) -> int:
    """The number of the newest run that left a record: no two runs have the same id."""
    records = (root / "data/tests").glob("*/last_run.json")
    return max((json.loads(file.read_text())["run"]["seq"] for file in records), default=0)


class Story:
    """`story.json`: services in the order of their start, and what happens then."""

    def __init__(self, root: Path) -> None:
        self.root = _story_file(root).parent
        self.told: dict[str, Any] = json.loads((self.root / "story.json").read_text())
        self.run = f"{RUN}{_runs_before(self.root):02}"
        services = {
            name: Service(
                name=name,
                image=f"{name}:1",
                depends_on=tuple(Dependency(service=need) for need in one.get("needs", ())),
                environment=one.get("environment", {}),
            )
            for name, one in self.told["services"].items()
        }
        phases = tuple(Phase(name=n, title=t) for n, t in self.told.get("phases", {}).items())
        self.stack = Stack(
            name="shop",
            root=root,
            services=services,
            phases=phases,
            front_door=self.told.get("front_door", ""),
            secrets=frozenset(self.told.get("secrets", ())),
        )
        learn_secrets(self.stack)
        self.ledger = Ledger(self.root, records="data/tests", status="docs/_data/status.json")

    def look(self) -> dict[str, ServiceObservation]:
        return {name: self._seen(name) for name in self.stack.services}

    def bring_up(self, plan: Plan, said: Any) -> "Standing":
        running = set(self.told.get("running", ()))
        missing = [name for name in plan.services if name not in running]
        said.planned(plan, missing, self.usual)
        for name in missing:
            said.starting(name)
        while (self.root / "wait").exists():
            time.sleep(0.01)
        if "heartbeat" in self.told:
            said.heartbeat(*self.told["heartbeat"])
        seconds: dict[str, float] = {}
        failures: dict[str, StartFailure] = {}
        needs = {name: needs_of(self.stack, name) for name in plan.services}
        for name in missing:
            one = self.told["services"][name]
            if name in failures:
                continue
            if "fails" in one:
                failure = StartFailure(
                    service=name,
                    cause=f"{name} {one['fails']}",
                    where=f"service {name}",
                    hint=f"stacktest up {name}; docker compose logs {name}",
                )
                before = set(failures)
                failures = with_dependants([*failures.values(), failure], needs)
                if not plan.has_purpose_without(failures):
                    said.failed(name, failure.cause, removed=True)
                    raise NotReadyError.of(failures)
                said.not_started(name, failure.cause, sorted(set(failures) - before - {name}))
                continue
            seconds[name] = one.get("boot", 1.0)
            said.ready(name, seconds[name], "healthy")
        said.over()
        stuck = self.told.get("stuck", False)
        return Standing(seconds, self.told.get("fallen", {}), stuck, failures)

    def usual(self, service: str) -> float | None:
        return usual_boot(self.ledger.history(service)[0])

    def _seen(self, name: str) -> ServiceObservation:
        one = self.told["services"][name]
        parts = {part: hexed(f"{part}{name}") for part in ("image", "config", "env", "stanza")}
        print_ = Fingerprint(
            parts={**parts, "config": hexed(one.get("config", "1")), "build": "none"},
            repo=hexed(f"r{name}"),
            key_id="k1",
            keyed=KEYED,
        )
        live = ContainerRef(container=f"{name}-1", image="sha256:a", started_at="t1")
        return ServiceObservation(
            fingerprint=print_, containers=(live,), drift=tuple(one.get("drift", ()))
        )


@dataclass
class Standing:
    seconds: Mapping[str, float]
    down: Mapping[str, str]
    stuck: bool = False
    failures: Mapping[str, StartFailure] = field(default_factory=dict)

    def stop(self) -> Mapping[str, str]:
        if self.stuck:
            raise ToolMissingError("the container engine does not answer", hint="restart it")
        return {}

    @property
    def healthy_at(self) -> Mapping[str, float]:
        return {}

    def fallen(self) -> Mapping[str, str]:
        return self.down

    def boot_seconds(self) -> Mapping[str, float]:
        return self.seconds


def open_run(request: RunRequest, wall: Any, tests: Iterable[Collected]) -> PytestRun:
    story = Story(request.rootdir)
    notifier = Notifier(
        story.stack,
        configuration.load(story.root).notify,
        environ=os.environ,
        status=story.ledger.read_status,
    )
    judge = judge_of(story)
    ports = RunPorts(
        judge=judge,
        recorder=story.ledger,
        lock=SimpleNamespace(acquire=lambda: None, release=lambda: None),
        bring_up=lambda plan: story.bring_up(plan, wall),
        observe=story.look,
        save_part_names=lambda name, seen: None,
        save_texts=partial(save_texts, story.root),
        now=now,
        git=lambda: (None, None),
        collected_code=code_as_collected(request.rootdir, tests),
        read_code=lambda: read_code(request.rootdir),
        place_of=partial(marker_place, request.rootdir),
        on_locked=lambda: wall.say_all(notifier.begin()),
    )
    return PytestRun(
        session=StackSession(ports, story.run),
        notifier=notifier,
        reach=lambda _: running(story),
        write_timeline=lambda timeline: None,
    )


def judge_of(story: Story) -> Judge:
    return Judge(
        stack=story.stack,
        config=configuration.load(story.root),
        memory=story.ledger,
        pages=lambda _: {},
        identity="shop@fake",
        detail=lambda service, digest: {},
        versions=lambda: {"stacktest": "0.1.0"},
    )


def judge_tests(request: RunRequest, whole: Iterable[Collected] | None) -> tuple[Judge, Any]:
    story = Story(request.rootdir)
    if whole is None:
        suites = locate_suites(story.root, configuration.load(story.root).stack.suites)
        whole = BackgroundInventory(suites, stack=str(story.root)).read().tests
    judge, tests = judge_of(story), tests_of(whole, read_code(request.rootdir))
    return judge, judge.judge_all(story.look(), tests, now())


def running(story: Story) -> Any:
    quiet = SimpleNamespace(
        containers=lambda project: (),
        happened=lambda project, since, until: (),
    )
    cause = story.told.get("diagnosis")
    return SimpleNamespace(
        model=story.stack,
        engine=quiet,
        run_id=story.run,
        routes=(),
        diagnose=lambda failure, since: Diagnosis(**cause) if cause else None,
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OPEN_RUN] = open_run
    config.stash[JUDGE] = judge_tests
    config.stash[JOIN] = lambda folder, compose: running(Story(config.rootpath))


@pytest.fixture
def touch(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """`touch("redis")`: redis has answered this test."""
    return lambda name: note(request.node, name)


class Shop:
    """A project of its own with a fake stack; `run` is pytest as a user starts it."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.path = pytester.path
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        for name in ("CI", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
            monkeypatch.delenv(name, raising=False)
        self.setenv = monkeypatch.setenv
        (self.path / "stacktest.toml").touch()
        pytester.makeini(
            f"[pytest]\n{ADDOPTS} {ON} --import-mode=importlib --strict-markers\n"
            "testpaths = suites\nfilterwarnings = error\n"
        )

    def story(self, **told: Any) -> None:
        (self.path / "story.json").write_text(json.dumps(told))

    def hold(self) -> Path:
        """The bring-up waits as long as the file is there."""
        (self.path / "wait").touch()
        return self.path / "wait"

    def suite(self, name: str, text: str) -> None:
        path = self.path / "suites" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import pytest\n\n\n" + textwrap.dedent(text))

    def about(self, folder: str, *services: str, body: str = "assert touch") -> None:
        """One suite per service, with one test that touches it."""
        for name in services:
            self.suite(
                f"{folder}/test_{name.replace('-', '_')}.py",
                f"""
                @pytest.mark.service("{name}")
                def test_it_answers(touch):
                    touch("{name}")
                    {body}
                """,
            )

    def run(self, *arguments: str, columns: int = 80) -> pytest.RunResult:
        self.setenv("COLUMNS", str(columns))
        return self.pytester.runpytest_subprocess(*arguments, timeout=180)

    def output_of_suite(self, text: str) -> str:
        """What a run prints, in one line, that ends with 0; `text` is the only suite, of `red`."""
        self.story(services={"red": {}}, running=["red"])
        self.suite("phase1_a/test_a.py", text)
        result = self.run()
        assert result.ret == 0
        return " ".join(result.stdout.str().split())

    def status(self) -> Any:
        return json.loads((self.path / "docs/_data/status.json").read_text())

    def document(self, service: str, name: str) -> Any:
        with contextlib.suppress(FileNotFoundError):
            return json.loads((self.path / "data/tests" / service / name).read_text())
        return None


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A project with a fake stack."""
    return Shop(pytester, monkeypatch)
