"""A board like a real one: 36 services, ten phases, 30 runs, something of everything."""

import datetime as dt
import functools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacktest.core.freshness.gate import Blocker, Gate
from stacktest.core.freshness.states import State
from stacktest.core.model import Dependency, Port, Service, Stack
from stacktest.core.operations import Operations, UnreadableRecord
from stacktest.core.phase import Phase
from stacktest.core.records.common import ContainerRef, FingerprintRecord, Run
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun, PassedTests, RunTests
from stacktest.core.records.drill import Drill
from stacktest.core.records.exemption import Exemption
from stacktest.core.records.rehearsal import Rehearsal, Rehearsed
from stacktest.core.records.status import StatusEntry, StatusMeta
from stacktest.core.records.timeline import Span, Timeline
from stacktest.core.route import Route
from stacktest.core.runs.verdict import Kind
from stacktest.core.update.journal import Candidate, Journal
from stacktest.core.update.steps import Step
from stacktest.reports.report_data import Board

NOW = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)
PHASES = {
    "phase0": "Front door",
    "phase0_5": "Documentation",
    "phase1": "Dashboards and browser",
    "phase2": "Observability",
    "phase3": "Sign-in",
    "phase4": "Datastores and backup",
    "phase5": "AI tools and management",
    "phase6": "Hardening",
    "phase7": "Applications",
    "phase8": "Further applications",
}
SERVICES = {
    "caddy": "phase0", "mkdocs": "phase0_5", "docs-indexer": "phase0_5", "grafana": "phase1",
    "browserless": "phase1", "prometheus": "phase2", "alertmanager": "phase2", "loki": "phase2",
    "promtail": "phase2", "authelia": "phase3", "ldap": "phase3", "redis": "phase3",
    "mariadb": "phase4", "clickhouse": "phase4", "mongodb": "phase4", "kopia": "phase4",
    "adminer": "phase4", "mongo-express": "phase4", "portainer": "phase5", "localai": "phase5",
    "librechat": "phase5", "watchtower": "phase6", "nextcloud": "phase7", "vaultwarden": "phase7",
    "paperless": "phase7", "paperless-postgres": "phase7", "planka": "phase7",
    "planka-postgres": "phase7", "outline": "phase7", "outline-postgres": "phase7",
    "outline-redis": "phase7", "stirling-pdf": "phase8", "jellyfin": "phase8",
    "homeassistant": "phase8", "benthos": "phase8", "test-runner": "phase8",
}  # fmt: skip
STATES = {
    "grafana": State.CHANGED, "loki": State.FAILING, "librechat": State.DEP_CHANGED,
    "paperless": State.DRIFTED, "jellyfin": State.EXPIRED, "benthos": State.NO_TESTS,
    "watchtower": State.NEVER_RUN, "planka": State.DOC_STALE, "outline": State.FAILING,
}  # fmt: skip
REASONS = {
    "grafana": ("env", "config:configs/grafana/provisioning/datasources/datasources.yml"),
    "loki": ("suites/phase2_observability/test_loki.py::test_a_line_is_found_again",),
    "librechat": ("dependency:mongodb",),
    "paperless": ("container:image is older than its tag",),
}


def mark(seed: str, **parts: str | None) -> FingerprintRecord:
    rng = random.Random(seed)
    made = {name: f"{rng.getrandbits(64):016x}" for name in ("image", "config", "env", "stanza")}
    return FingerprintRecord(
        version=1, digest=f"{rng.getrandbits(64):016x}", parts={**made, "build": "none", **parts},
        repo=f"{rng.getrandbits(64):016x}", key_id="k-3f2a",
    )  # fmt: skip


def line(
    service: str,
    seq: int,
    verdict: Kind,
    print_of: FingerprintRecord,
    tests: dict[str, str],
    **more: Any,
) -> HistoryLine:
    return HistoryLine(
        service=service, run=f"r{seq:04d}", seq=seq, started=NOW - dt.timedelta(days=60 - seq),
        git_commit=f"{seq:040x}", fingerprint=print_of, verdict=verdict,
        credited=verdict == "passed", flaky="~" in tests.values(), tests=tests, **more,
    )  # fmt: skip


def rehearsal(hours: int, *, drilled: tuple[str, ...] = (), **services: Rehearsed) -> Rehearsal:
    """A rehearsal that ended `hours` ago."""
    end = NOW - dt.timedelta(hours=hours)
    return Rehearsal(
        id=f"{hours:06x}", run=f"r-{hours}", started=end - dt.timedelta(minutes=2), finished=end,
        data="empty" if drilled else "copy", copied_bytes=0, paused_seconds=0.0,
        services=services, drilled=drilled,
    )  # fmt: skip


def journal(hours: int, step: Step, *services: str, **more: Any) -> Journal:
    """An update that began `hours` ago."""
    return Journal(
        id=f"u{hours}", step=step, started=NOW - dt.timedelta(hours=hours), model="m1",
        candidates=tuple(
            Candidate(service=name, image="sha256:2", named="", digest="d", differs=("image:newer",))
            for name in services
        ),
        containers=(), data=(), **more,
    )  # fmt: skip


def drill(hours: int, service: str, **more: Any) -> Drill:
    """The drill of a service's backup that ended `hours` ago."""
    end = NOW - dt.timedelta(hours=hours)
    return Drill(
        service=service, run=f"r-{hours}", started=end - dt.timedelta(minutes=2), finished=end,
        **{"result": "restorable", "restore_ms": 1200, **more},
    )  # fmt: skip


OPERATIONS = Operations(
    rehearsals=(
        rehearsal(30, grafana=Rehearsed(result="passed"), loki=Rehearsed(result="passed")),
        rehearsal(3, outline=Rehearsed(result="failed", why="suites/phase7_x/test_outline.py::test_a_person_signs_in failed")),
    ),
    updates=(
        journal(29, "kept", "grafana", stood_ms=3100),
        journal(2, "put_back", "loki", "promtail", stood_ms=6200, why="suites/phase2_x/test_loki.py::test_it_is_what_it_says failed"),
    ),
    open_update=journal(1, "testing", "paperless"),
    drills=(
        drill(4, "redis", made=NOW - dt.timedelta(hours=7)),
        drill(5, "paperless-postgres", result="rotten", step="restore"),
    ),
    unreadable=(UnreadableRecord(kind="update", path=".stacktest/updates/3f09ab.json", why="$.step is missing"),),
)  # fmt: skip


def _history(
    service: str, phase: str, runs: int, claims: int, *, trouble: bool
) -> list[HistoryLine]:
    rng = random.Random(service)
    folder = f"suites/{phase}_x/test_{service.replace('-', '_')}.py"
    words = ("test_it_is_what_it_says", "test_a_person_signs_in", "test_what_is_written_is_read",
             "test_a_stranger_is_refused")  # fmt: skip
    names = [f"{folder}::{word}" for word in words[: rng.randint(1, 4)]]
    names += [f"{folder}::{words[1]}_at_door_{n}[chromium]" for n in range(claims - len(words))]
    move = rng.randint(3, runs)
    lines = []
    for seq in range(1, runs + 1):
        now = mark(service + ("b" if seq >= move else "a"))
        letters = dict.fromkeys(names, ".")
        verdict: Kind = "passed"
        reasons: tuple[str, ...] = ()
        fails = service == "loki" or (service == "outline" and seq > runs - 4)
        if fails or (service == "kopia" and seq % 9 == 0):
            letters[names[0]], verdict = "F", "failed"
            reasons = (f"{names[0]} failed: AssertionError: status (502) == 200",)
        elif rng.random() < 0.03:
            letters[names[0]] = "~"
        elif rng.random() < 0.05:
            verdict, reasons = "incomplete", (f"1 of {len(names)} tests did not run",)
        if trouble and rng.random() < 0.5:
            letters = {name: rng.choice("F.~s") for name in names}
            verdict = "failed"
            reasons = tuple(f"{name} failed: AssertionError: {'why ' * 40}" for name in names)
        if service == "outline":
            now = mark(service + ("b" if seq > runs - 4 else "a"))
        if service == "kopia":
            now = mark(service)
        lines.append(line(service, seq, verdict, now, letters, reasons=reasons))
    return lines


def _service(name: str) -> Service:
    needs = {"librechat": ("mongodb", "localai"), "paperless": ("paperless-postgres", "redis"),
             "outline": ("outline-postgres", "outline-redis")}.get(name, ())  # fmt: skip
    stand_in = {"stacktest.stand-in": "no Debian package; speaks the same API"}
    return Service(
        name=name,
        image=f"stacktest/{name}:1.0",
        profiles=("apps",),
        depends_on=tuple(Dependency(service=one) for one in needs),
        ports=(Port(target=443, published=8443),) if name == "caddy" else (),
        labels=stand_in if name in ("jellyfin", "librechat") else {},
        environment={"PASSWORD": "canary-in-the-environment"},
    )


def _entry(name: str, lines: list[HistoryLine]) -> StatusEntry:
    state = STATES.get(name, State.FUNCTIONAL)
    last = lines[-1] if lines else None
    passed = [one for one in lines if one.credited]
    present = last.fingerprint if last else mark(name)
    if state is State.CHANGED:
        present = mark(name + "c", image=present.parts["image"], config=None)
    return StatusEntry(
        status=state.status,
        fingerprint=present.digest,
        last_change=NOW - dt.timedelta(days=40),
        last_test_pass=passed[-1].started if passed else None,
        spoke_updated=NOW - dt.timedelta(days=35),
        functional=state.functional,
        documented=state is State.FUNCTIONAL,
        state=state,
        reasons=REASONS.get(name, ()),
        also=(State.DOC_STALE,) if name == "grafana" else (),
        parts=present.parts,
        repo_fingerprint=present.repo,
        required=len(last.tests) if last else 0,
        passed=list(last.tests.values()).count(".") if last else 0,
        pass_fingerprint=passed[-1].fingerprint.digest if passed else None,
        unverified=("live:no-exec",) if name == "caddy" else (),
    )


@functools.cache  # it is frozen, so every test may have the same
def build_board(
    runs: int = 30, now: dt.datetime = NOW, *, claims: int = 4, trouble: bool = False
) -> Board:
    """`claims` tests per service at most; with `trouble` most of them fail, and say much."""
    histories = {
        name: [] if STATES.get(name) in (State.NEVER_RUN, State.NO_TESTS) else
        _history(name, phase, runs, claims, trouble=trouble) for name, phase in SERVICES.items()
    }  # fmt: skip
    run = Run(
        id=f"r{runs:04d}", seq=runs, started=NOW - dt.timedelta(minutes=50),
        finished=NOW - dt.timedelta(minutes=46), stack="reference@host", git_commit="ab" * 20,
        dirty=True, versions={"stacktest": "0.1.0", "pytest": "9.2.0", "chromium": "142.0"},
    )  # fmt: skip
    passes = {
        name: LastPass(
            timestamp=lines[-1].started, service=name, quality="clean", fingerprint=lines[-1].fingerprint,
            tests=PassedTests(digest="d" * 16, required=1, passed=1, assertions=3, contacts=1),
            dependencies={}, run=run,
            live=(ContainerRef(container="c" * 12, image="sha256:1", started_at="2026-11-20T09:00:00Z"),),
        )
        for name, lines in histories.items() if lines and lines[-1].credited
    }  # fmt: skip
    last_runs = {
        name: LastRun(
            service=name, run=run, fingerprint=lines[-1].fingerprint, verdict=lines[-1].verdict,
            credited=lines[-1].credited, reasons=lines[-1].reasons,
            tests=RunTests(required=len(lines[-1].tests), passed=1),
        )
        for name, lines in histories.items() if lines
    }  # fmt: skip
    spans, at = [], 42.0
    for lines in histories.values():
        for nodeid, letter in (lines[-1].tests if lines else {}).items():
            took = random.Random(nodeid).uniform(0.3, 6)
            word = "failed" if letter == "F" else "passed"
            spans.append(Span(name=nodeid, offset=at, seconds=took, word=word))
            at += took
    boots = tuple(
        Span(name=name, offset=index * 0.7, seconds=random.Random(name).uniform(1, 25), word="healthy")
        for index, name in enumerate(SERVICES)
    )  # fmt: skip
    status = {name: _entry(name, histories[name]) for name in SERVICES}
    return Board(
        stack=Stack(
            name="reference", root=Path("stack"), domain="stack.local", front_door="caddy",
            services={name: _service(name) for name in SERVICES},
            routes=tuple(Route(host=f"{name}.stack.local", service=name) for name in
                         ("grafana", "prometheus", "librechat", "nextcloud", "vaultwarden")),
            phases=tuple(Phase(name=name, title=title) for name, title in PHASES.items()),
        ),
        status=status,
        meta=StatusMeta(
            versions={"compose": "2.26.1"}, fingerprint_version=1, key_id="k-3f2a", scope="host",
            evaluated_at=NOW - dt.timedelta(minutes=45),
            exemptions=(Exemption(service="benthos", states=("no_tests",), reason="no interface",
                                  until=dt.date(2027, 1, 31)),),
            warnings=("the engine's clock is 2 s ahead",),
        ),
        now=now,
        passes=passes,
        runs=last_runs,
        histories=histories,
        operations=OPERATIONS,
        timeline=Timeline(run=f"r{runs:04d}", started=run.started, boots=boots, tests=tuple(spans)),
        gate=Gate(
            open=False,
            exit_code=1,
            blockers=tuple(
                Blocker(
                    service=name,
                    state=state,
                    reasons=REASONS.get(name, ()),
                    command=f"stacktest ack {name}"
                    if state is State.DOC_STALE
                    else f"pytest suites/{SERVICES[name]}_x",
                )
                for name, state in sorted(STATES.items(), key=lambda one: one[1].rank)
                if name != "benthos"
            ),
        ),
    )  # fmt: skip


@pytest.fixture
def board() -> Board:
    return build_board()


@pytest.fixture
def make_board() -> Callable[..., Board]:
    return build_board


@pytest.fixture
def make_line() -> Callable[..., HistoryLine]:
    return line


@pytest.fixture
def make_mark() -> Callable[..., FingerprintRecord]:
    return mark
