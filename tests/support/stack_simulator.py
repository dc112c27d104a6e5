"""A stack without containers: services whose parts, tests and pages a case sets by hand.

The session, the judge and the ledger are the real ones, in a folder of their own; what a run talks
to besides is simulated, and the clock only moves when a case says so.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.run_texts import save_texts
from stacktest.application.judge import Judge
from stacktest.application.run import StackSession
from stacktest.application.run_ports import RunPorts
from stacktest.config import Config, FreshnessSection, GateSection
from stacktest.core.broken_files import BrokenFile
from stacktest.core.changed_copy import replace
from stacktest.core.collected_test import Collected
from stacktest.core.fingerprint.fingerprint import KEYED, Fingerprint
from stacktest.core.freshness.docs_page import DocsPage
from stacktest.core.freshness.gate import Gate
from stacktest.core.freshness.inputs import Names, Present, Tests
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.freshness.states import State
from stacktest.core.misnamed import Misnamed
from stacktest.core.model import Dependency, Stack
from stacktest.core.model import Service as ModelService
from stacktest.core.plan import Plan
from stacktest.core.records.common import ContainerRef
from stacktest.core.records.documents import LastPass
from stacktest.core.records.exemption import Exemption
from stacktest.core.records.status import Scope, StatusMeta
from stacktest.core.route import Route
from stacktest.core.runs.moves import Move
from stacktest.core.runs.requirements import tests_of
from stacktest.core.runs.start_failure import StartFailure, with_dependants
from stacktest.core.runs.summary import RunSummary
from stacktest.core.runs.verdict import Inventory, Outcome, Required, Result, RunFacts, Verdict
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError

START = datetime(2026, 1, 6, tzinfo=UTC)
DOCUMENTED = DocsPage(state="current", updated=START - timedelta(days=1))
NO_ENGINE = Unknown("no container engine answers")


def hexed(text: str) -> str:
    """16 hex digits for `text`."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass
class Service:
    """What one service is now; a case changes it directly."""

    name: str
    parts: dict[str, str | Unknown] = field(default_factory=dict)
    repo: str | Unknown = ""
    key_id: str = "k1"
    version: int = 1
    detail: dict[str, dict[str, str]] = field(default_factory=dict)
    containers: tuple[ContainerRef, ...] | Unknown = ()
    drift: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    """Mounted files that were edited after its container had started."""
    volumes: dict[str, str] = field(default_factory=dict)
    """Its volumes, and when each was created."""
    tests: tuple[str, ...] = ()
    code: str = "v1"
    tests_unknown: Unknown | None = None
    depends_on: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    """Dependencies with `required: false`."""
    page: DocsPage | Unknown | None = DOCUMENTED
    must_run: bool = False
    is_synced: bool = False
    """Compose copies edited files into its container."""
    changed_on: datetime | None = None
    errors: tuple[str, ...] = ()
    carried: dict[int, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    recreated: int = 0

    def edit(self, part: str, value: str, *, repo: bool = True) -> None:
        """Another value of one part, which the repository shows unless it is told not to."""
        self.parts[part] = hexed(value)
        if repo:
            self.repo = hexed(f"r{value}")

    def recreate(self) -> None:
        """A new container in the place of the old one."""
        self.recreated += 1
        self.containers = (
            ContainerRef(
                container=f"{self.name}-{self.recreated}",
                image="sha256:a",
                started_at=f"t{self.recreated}",
            ),
        )

    def restart(self) -> None:
        """The same container, started once more."""
        assert not isinstance(self.containers, Unknown)
        self.recreated += 1
        self.containers = tuple(
            replace(container, started_at=f"t{self.recreated}") for container in self.containers
        )

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(
            parts=dict(self.parts),
            repo=self.repo,
            key_id=self.key_id,
            version=self.version,
            keyed=KEYED,
            detail=self.detail,
            carried=self.carried,
            doubts=self.doubts,
        )

    @property
    def observation(self) -> ServiceObservation:
        return ServiceObservation(
            fingerprint=self.fingerprint,
            containers=self.containers,
            drift=self.drift,
            unread=self.unread,
            volumes=self.volumes,
        )


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one run came to."""

    verdicts: Mapping[str, Verdict]
    passes: Mapping[str, LastPass]
    """Service → the pass that it earned."""
    refused: Mapping[str, str]
    """Service → why its tests, which passed, earned nothing."""
    summary: RunSummary | None = None
    """What the run tells people; None: it never came to its end."""

    def credited(self) -> set[str]:
        return set(self.passes)


class SimulatedJudge(Judge, frozen=True, kw_only=True):
    """The real judge; pages, and what only a case can break, are what the services say."""

    simulator: "StackSimulator"

    def _build_present(self, service: str, *arguments: Any) -> Present:
        present = Judge._build_present(self, service, *arguments)
        simulated = self.simulator.services[service]
        return replace(
            present,
            page=simulated.page,
            is_synced=simulated.is_synced,
            changed_on=simulated.changed_on,
            tests=simulated.tests_unknown or present.tests,
            errors=simulated.errors,
        )


@dataclass(frozen=True)
class SimulatedContainers:
    """What a bring-up started, as far as a run asks."""

    failures: Mapping[str, StartFailure] = field(default_factory=dict)
    down: Mapping[str, str] = field(default_factory=dict)

    def stop(self) -> Mapping[str, str]:
        """Nothing runs."""
        return {}

    @property
    def healthy_at(self) -> Mapping[str, float]:
        return {}

    def fallen(self) -> Mapping[str, str]:
        return self.down

    def boot_seconds(self) -> Mapping[str, float]:
        return {}


class NoLock:
    """Nobody else runs."""

    def acquire(self) -> None:
        """Always granted."""

    def release(self) -> None:
        """Nobody waits."""


class StackSimulator:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = START
        self.services: dict[str, Service] = {}
        self.stack: str | Unknown = "shop@engine-1"
        self.exempt: list[Exemption] = []
        self.misnamed: tuple[Misnamed, ...] = ()
        self.deny = frozenset(State) - {State.FUNCTIONAL}
        self.max_age = timedelta(days=7)
        self.doc_on: tuple[str, ...] = ()
        self.known_names: Names = {}
        """The names behind the parts of every pass, as this machine knows them."""
        self.environment: dict[str, str] = {}
        """Variables of every service."""
        self.front_door = ""
        self.routes: tuple[Route, ...] = ()
        self.start_error: StacktestError | None = None
        self.start_failures: dict[str, str] = {}
        self.fallen: dict[str, str] = {}
        """Service → why it does not come up."""
        self.tracked: set[str] = set()
        self.ledger = self.new_ledger()

    def new_ledger(self) -> Ledger:
        """The ledger as a new process opens it."""
        return Ledger(
            self.root,
            records="data/tests",
            status="docs/_data/status.json",
            tracked=lambda: frozenset(self.tracked),
        )

    def add(self, name: str, *, tests: int = 2, **changes: Any) -> Service:
        """A service with a container and a current page, and this many tests that name it."""
        service = Service(
            name=name,
            parts={
                "build": "none",
                **{part: hexed(f"{part}{name}") for part in ("image", "config", "env", "stanza")},
            },
            repo=hexed(f"r{name}"),
            tests=tuple(f"suites/test_{name}.py::test_{n}" for n in range(tests)),
        )
        service.recreate()
        for key, value in changes.items():
            setattr(service, key, value)
        self.services[name] = service
        return service

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    # A run of the tests

    def inventory(self) -> Inventory:
        named: dict[str, list[str]] = {}
        for service in self.services.values():
            for nodeid in service.tests:
                named.setdefault(nodeid, []).append(service.name)
        required = tuple(Required(nodeid=k, services=tuple(v)) for k, v in sorted(named.items()))
        return Inventory(required=required, complete=True)

    def outcome(self, nodeid: str, result: Result = "passed", **changes: Any) -> Outcome:
        about = tuple(s.name for s in self.services.values() if nodeid in s.tests)
        self.later(milliseconds=10)
        values: dict[str, Any] = {
            "services": about,
            "contacts": about,
            "assertions": 1,
            "started": self.now,
            "seconds": 0.01,
            "result": result,
        }
        return Outcome(nodeid=nodeid, **(values | changes))

    def outcomes(self, **results: Result) -> list[Outcome]:
        """Every test passes, apart from those of the services that are given another result."""
        chosen: dict[str, Result] = {}
        for service in self.services.values():
            for nodeid in service.tests:
                chosen.setdefault(nodeid, "passed")
                if service.name in results:
                    chosen[nodeid] = results[service.name]
        return [self.outcome(nodeid, result) for nodeid, result in sorted(chosen.items())]

    def run(
        self,
        outcomes: Sequence[Outcome] | None = None,
        *,
        facts: RunFacts | None = None,
        inventory: Inventory | None = None,
        meanwhile: Callable[[], None] | None = None,
        crash: bool = False,
        moves: Callable[[], tuple[Move, ...]] = tuple,
        id: str = "",  # noqa: A002
        **results: Result,
    ) -> Ran:
        """A run through the real session; `meanwhile` happens while its tests run."""
        facts = facts or RunFacts()
        inventory = inventory or self.inventory()
        selected = None if outcomes is None else {outcome.nodeid for outcome in outcomes}
        tests = [
            test
            for test in collected(inventory)
            if selected is None or not facts.selection or test.nodeid in selected
        ]
        session = StackSession(self.ports(), id or f"run-{self.now.isoformat()}")
        try:
            session.start(session.plan(tests), tests)
        except StacktestError:
            # As pytest does: what could not be tested is folded, judged and told.
            outcomes, facts = [], RunFacts(ended_early="the stack did not become ready")
        self.later(milliseconds=5)
        if outcomes is None:
            outcomes = self.outcomes(**results)
        if meanwhile is not None:
            meanwhile()
        self.later(minutes=1)
        if crash:
            return Ran(verdicts={}, passes={}, refused={})
        lost = tuple(
            BrokenFile(
                path=path, where=path, why=s.tests_unknown.why, services=(s.name,), is_read=True
            )
            for s in self.services.values()
            for path in sorted({test.partition("::")[0] for test in s.tests})
            if s.tests_unknown
        )
        summary = session.finish(
            collected(inventory),
            tuple(outcomes),
            facts,
            errors=(*(BrokenFile(why=why) for why in inventory.why), *lost),
            moves=moves(),
        )
        session.stop()
        passes = {name: self.ledger.read(name).last_pass for name in summary.credited}
        return Ran(
            verdicts=summary.verdicts,
            passes={name: one for name, one in passes.items() if isinstance(one, LastPass)},
            refused=summary.refused,
            summary=summary,
        )

    def ports(self) -> RunPorts:
        """What the session talks to."""
        return RunPorts(
            judge=self.real_judge(),
            recorder=self.ledger,
            lock=NoLock(),
            bring_up=self.bring_up,
            observe=self.observe,
            save_part_names=lambda service, observation: None,
            save_texts=partial(save_texts, self.root),
            now=lambda: self.now,
            git=lambda: (None, None),
            collected_code={t.path: self.code(t) for t in collected(self.inventory())},
            read_code=lambda: self.code,
        )

    def bring_up(self, plan: Plan) -> SimulatedContainers:
        """What the case says: an error that ends it, or services that do not come up."""
        if self.start_error is not None:
            raise self.start_error
        needs = {name: set(self.services[name].depends_on) for name in plan.services}
        failed = [
            StartFailure(service=name, cause=cause)
            for name, cause in self.start_failures.items()
            if name in plan.services
        ]
        return SimulatedContainers(with_dependants(failed, needs), self.fallen)

    def paths(self) -> set[str]:
        return {test.path for test in collected(self.inventory())}

    def code(self, test: Collected) -> str:
        """What the tests of a file are: the code of every service that they name."""
        path = test.path
        about = [s for s in self.services.values() if any(path_of(t) == path for t in s.tests)]
        return hexed("".join(service.code for service in about))

    def snapshot(self, name: str) -> ServiceObservation:
        return self.real_judge().observation(name, self.observe())

    # A look

    def observe(self) -> dict[str, ServiceObservation]:
        return {name: service.observation for name, service in self.services.items()}

    def tests(self) -> dict[str, Tests]:
        """Service → its required tests, as the command counts them."""
        return tests_of(collected(self.inventory()), self.code)

    def real_judge(self, detail: Names | None = None) -> SimulatedJudge:
        return SimulatedJudge(
            simulator=self,
            stack=self.model(),
            config=self.config(),
            memory=self.ledger,
            pages=lambda _: {},
            identity=self.stack,
            detail=lambda service, digest: detail or self.known_names,
            versions=lambda: {"stacktest": "0.1.0"},
        )

    def model(self) -> Stack:
        return Stack(
            name="shop",
            root=self.root,
            front_door=self.front_door,
            routes=self.routes,
            services={
                name: ModelService(
                    name=name,
                    image=f"{name}:1",
                    environment=self.environment,
                    depends_on=(
                        *(Dependency(service=need) for need in service.depends_on),
                        *(Dependency(service=need, required=False) for need in service.optional),
                    ),
                )
                for name, service in self.services.items()
            },
        )

    def config(self) -> Config:
        must_run = tuple(name for name, one in self.services.items() if one.must_run)
        return Config(
            root=self.root,
            freshness=FreshnessSection(
                max_age=self.max_age.total_seconds(), must_run=must_run, doc_on=self.doc_on
            ),
            gate=GateSection(deny=tuple(state.value for state in self.deny)),
            exempt=tuple(self.exempt),
            misnamed=self.misnamed,
        )

    def present(self, name: str) -> Present:
        return self.real_judge()._build_present(name, self.observe(), self.tests(), self.now, {})

    def judge(self, name: str, scope: Scope = "host", detail: Names | None = None) -> Judgement:
        judge = self.real_judge(detail)
        return judge.judge(name, self.observe(), self.tests(), self.now, scope)

    def judge_all(self, scope: Scope = "host") -> dict[str, Judgement]:
        return self.real_judge().judge_all(self.observe(), self.tests(), self.now, scope)

    def meta(self, judgements: Mapping[str, Judgement]) -> StatusMeta:
        return self.real_judge().meta(self.observe(), judgements, self.now)

    def index(self) -> dict[str, Judgement]:
        """Judge everything and write the status, as `stacktest status` does."""
        judgements = self.judge_all()
        self.ledger.write_status(judgements, self.meta(judgements))
        return judgements

    def states(self) -> dict[str, State]:
        return {name: judgement.state for name, judgement in self.index().items()}

    def state(self, name: str) -> State:
        return self.index()[name].state

    def gate(self, scope: Scope = "host", *, look: bool = True) -> Gate:
        return self.real_judge().gate(self.judge_all(scope) if look else None, self.now, scope)

    # Files

    @property
    def status(self) -> Any:
        return json.loads(self.ledger.status_path.read_text())

    def record(self, service: str, name: str = "last_pass.json") -> Path:
        return self.ledger.records / service / name

    def rewrite(self, service: str, name: str = "last_pass.json", **changes: Any) -> None:
        """Change keys of a record behind the tool's back."""
        path = self.record(service, name)
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    def original_gate_passes(self) -> bool:
        """The first readers' gate, with the real jq: closed when a stale entry is printed."""
        line = '.[] | select(.status == "stale")'
        argv = ["jq", "-c", line, str(self.ledger.status_path)]
        return not subprocess.run(argv, capture_output=True, check=False).stdout.strip()


def collected(inventory: Inventory) -> tuple[Collected, ...]:
    """The tests of an inventory as pytest collects them."""
    return tuple(
        Collected(
            nodeid=test.nodeid,
            services=test.services,
            phase="",
            routed=False,
            reported=test.nodeid,
            path=path_of(test.nodeid),
            source=path_of(test.nodeid),
            line=0,
            checks=1,
            files=(path_of(test.nodeid),),
            saved=None,
            no_contact=tuple(test.no_contact),
        )
        for test in inventory.required
    )


def path_of(nodeid: str) -> str:
    """The file of a test."""
    return nodeid.partition("::")[0]


@contextmanager
def in_memory() -> Iterator[StackSimulator]:
    """A stack whose files lie in memory where the system has such a place: disks are slow."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="t-fresh-", dir=place))
    try:
        yield StackSimulator(folder)
    finally:
        shutil.rmtree(folder)
