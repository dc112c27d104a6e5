"""A stack without containers: services whose parts, tests and pages a case sets by hand.

The ledger is the real one, in a folder of its own; the clock only moves when a case says so.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.ledger.ledger import Ledger, Opened
from stacktest.core.fingerprint.fingerprint import KEYED, Fingerprint
from stacktest.core.freshness.docs_page import DocsPage
from stacktest.core.freshness.gate import Gate, GatePolicy, decide
from stacktest.core.freshness.inputs import Judgement, Policy, Present, Tests
from stacktest.core.freshness.judge import judge
from stacktest.core.freshness.states import State
from stacktest.core.records.common import ContainerRef, Run
from stacktest.core.records.documents import LastPass
from stacktest.core.records.status import StatusMeta
from stacktest.core.runs.credit import Refusal, Snapshot, close, credit, history_line
from stacktest.core.runs.verdict import (
    Inventory,
    Outcome,
    Required,
    Result,
    RunFacts,
    Verdict,
    fold,
)
from stacktest.core.unknown import Unknown

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
    tests: tuple[str, ...] = ()
    code: str = "v1"
    tests_unknown: Unknown | None = None
    depends_on: tuple[str, ...] = ()
    page: DocsPage | Unknown | None = DOCUMENTED
    must_run: bool = False
    changed_on: datetime | None = None
    errors: tuple[str, ...] = ()
    carried: dict[int, str] = field(default_factory=dict)
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

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(
            parts=dict(self.parts),
            repo=self.repo,
            key_id=self.key_id,
            version=self.version,
            keyed=KEYED,
            detail=self.detail,
        )

    @property
    def required(self) -> Tests | Unknown:
        return self.tests_unknown or Tests(digest=hexed(self.code), required=len(self.tests))


@dataclass
class Ran:
    """What one run came to."""

    verdicts: Mapping[str, Verdict]
    answers: Mapping[str, LastPass | Refusal]
    refused: Mapping[str, str]

    def credited(self) -> set[str]:
        found = {name for name, one in self.answers.items() if isinstance(one, LastPass)}
        return found - set(self.refused)


class World:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = START
        self.services: dict[str, Service] = {}
        self.stack: str | Unknown = "shop@engine-1"
        self.exempt: list[Any] = []
        self.deny = frozenset(State) - {State.FUNCTIONAL}
        self.max_age = timedelta(days=7)
        self.doc_on: tuple[str, ...] = ()
        self.ledger = Ledger(root, records="data/tests", status="docs/_data/status.json")

    def add(self, name: str, *, tests: int = 2, **changes: Any) -> Service:
        """A service with a container and a current page, and this many tests that name it."""
        service = Service(
            name=name,
            parts={part: hexed(f"{part}{name}") for part in ("image", "config", "env", "stanza")}
            | {"build": "none"},
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
        id: str = "",  # noqa: A002
        **results: Result,
    ) -> Ran:
        """A whole run of the tests, recorded; `meanwhile` happens between before and after."""
        run = Run(
            id=id or f"run-{self.now.isoformat()}",
            seq=0,
            started=self.now,
            finished=None,
            stack=self.stack if isinstance(self.stack, str) else "",
        )
        standing = {name: self.judge(name).state for name in self.services}
        before = {name: self.snapshot(name) for name in self.services if self.services[name].tests}
        opened = self.ledger.open_run(run, before)
        self.later(milliseconds=5)
        if outcomes is None:
            outcomes = self.outcomes(**results)
        if meanwhile is not None:
            meanwhile()
        self.later(minutes=1)
        if crash:
            return Ran(verdicts={}, answers={}, refused=opened.refused)
        verdicts = fold(inventory or self.inventory(), outcomes, facts or RunFacts())
        return self._close(opened, before, verdicts, standing)

    def snapshot(self, name: str) -> Snapshot:
        service = self.services[name]
        return Snapshot(
            fingerprint=service.fingerprint,
            containers=service.containers,
            stack=self.stack,
            drift=service.drift,
            dependencies=self._dependencies(service),
        )

    # A look

    def present(self, name: str) -> Present:
        service = self.services[name]
        return Present(
            service=name,
            now=self.now,
            fingerprint=service.fingerprint,
            tests=service.required,
            stack=self.stack,
            containers=service.containers,
            drift=service.drift,
            must_run=service.must_run,
            dependencies=self._dependencies(service),
            page=service.page,
            changed_on=service.changed_on,
            errors=service.errors,
            carried=service.carried,
            dependencies_carried={name: self.services[name].carried for name in service.depends_on},
        )

    def judge(self, name: str, scope: Any = "host", detail: Any = None) -> Judgement:
        evidence = replace(self.ledger.read(name), detail=detail or {})
        policy = Policy(max_age=self.max_age, scope=scope, doc_on=self.doc_on)
        return judge(evidence, self.present(name), policy)

    def judge_all(self, scope: Any = "host") -> dict[str, Judgement]:
        return {name: self.judge(name, scope) for name in self.services}

    def meta(self, judgements: Mapping[str, Judgement]) -> StatusMeta:
        gone = sorted(set(self.ledger.services()) - set(self.services))
        warnings = [text for one in judgements.values() for text in one.warnings]
        return StatusMeta(
            versions={"stacktest": "0.1.0"},
            fingerprint_version=1,
            key_id="k1",
            scope="host",
            evaluated_at=self.now,
            warnings=(*warnings, *(f"{name}: removed" for name in gone)),
        )

    def index(self) -> dict[str, Judgement]:
        """Judge everything and write the status, as `stacktest status` does."""
        judgements = self.judge_all()
        self.ledger.write_status(judgements, self.meta(judgements))
        return judgements

    def state(self, name: str) -> State:
        return self.index()[name].state

    def gate(self, scope: Any = "host", *, look: bool = True) -> Gate:
        return decide(
            self.ledger.read_status(),
            self.ledger.read_meta(),
            services=self.services,
            policy=GatePolicy(
                now=self.now, scope=scope, deny=self.deny, exempt=self.exempt, max_age=self.max_age
            ),
            judgements=self.judge_all(scope) if look else None,
        )

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

    # Private

    def _dependencies(self, service: Service) -> dict[str, str | Unknown]:
        return {name: self.services[name].fingerprint.digest for name in service.depends_on}

    def _close(
        self,
        opened: Opened,
        before: Mapping[str, Snapshot],
        verdicts: Mapping[str, Verdict],
        standing: Mapping[str, State],
    ) -> Ran:
        answers: dict[str, LastPass | Refusal] = {}
        records, passes, lines = {}, {}, {}
        for name, record in opened.records.items():
            previous = self.ledger.read(name).last_pass
            assert not isinstance(previous, Unknown)
            after = self.snapshot(name)
            answers[name] = credit(
                verdicts[name],
                before=before[name],
                after=after,
                tests=self.services[name].required,
                run=replace(opened.run, finished=self.now),
                standing=standing[name],
                previous=previous,
            )
            answer = answers[name]
            records[name] = close(
                record, verdicts[name], answer, after=after, finished=self.now, standing=previous
            )
            if isinstance(answer, LastPass):
                passes[name] = answer
            lines[name] = history_line(records[name], verdicts[name])
        refused = {**opened.refused, **self.ledger.close_run(records, passes, lines)}
        return Ran(verdicts=verdicts, answers=answers, refused=refused)


@contextmanager
def in_memory() -> Iterator[World]:
    """A stack whose files lie in memory where the system has such a place.

    Whether bytes survive a power cut is another test's question; waiting for the disk is slow.
    """
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="t-fresh-", dir=place))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        try:
            yield World(folder)
        finally:
            shutil.rmtree(folder)
