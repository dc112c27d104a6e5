"""The decision from all states: open, or closed with each blocker and the command that clears it.

The gate is closed unless everything that it needs is there: a readable `status.json` that holds
exactly the services of the compose model, looked at recently, with no state that denies.
`error` and `evidence_missing` always deny, whatever is configured: otherwise losing evidence could
open the gate. An exemption covers its own states only, so every other state that holds counts.

With `scope="repo"` (CI) the verdict is the worse of the state that was committed and the state that
the repository alone shows: CI only ever downgrades.

| exit | when                                                                                    |
|------|-----------------------------------------------------------------------------------------|
| 0    | open                                                                                    |
| 1    | closed, and at least one blocker is something that failed, drifted, moved or is too old |
| 11   | closed, only because evidence is missing or cannot be judged                            |
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from stacktest.core import timestamps
from stacktest.core.freshness.inputs import Finding, Judgement
from stacktest.core.freshness.states import State
from stacktest.core.records.status import Scope, StatusEntry, StatusMeta
from stacktest.core.unknown import Unknown

ALWAYS_DENIED = frozenset({State.ERROR, State.EVIDENCE_MISSING})
NO_EVIDENCE = frozenset({State.ERROR, State.EVIDENCE_MISSING, State.NEVER_RUN, State.NO_TESTS})


class Exempting(Protocol):
    """An exemption, as the configuration and the records have it."""

    @property
    def service(self) -> str:
        """The service that it is for."""

    @property
    def states(self) -> tuple[str, ...]:
        """The states that it covers."""

    @property
    def reason(self) -> str:
        """Why."""

    @property
    def until(self) -> date:
        """The last day on which it holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePolicy:
    """What the configuration says about the gate."""

    now: datetime
    scope: Scope = "host"
    deny: frozenset[State] = frozenset(State) - {State.FUNCTIONAL}
    exempt: Sequence[Exempting] = ()
    max_age: timedelta = timedelta(days=7)
    """How old the last look may be."""
    pages: str = ""
    """Where pages are, `docs/{service}.md`, for the commands that clear a blocker."""
    status: str = "status.json"
    """Where the status is, for the same commands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocker:
    """Why the gate is closed, and the command that clears it."""

    service: str
    """Empty: the status as a whole."""
    state: State
    reasons: tuple[str, ...]
    command: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """The decision."""

    open: bool
    exit_code: Literal[0, 1, 11]
    blockers: tuple[Blocker, ...] = ()
    warnings: tuple[str, ...] = ()
    scope: Scope = "host"


def decide(
    status: Mapping[str, StatusEntry] | Unknown | None,
    meta: StatusMeta | Unknown | None,
    *,
    services: Iterable[str] | Unknown,
    policy: GatePolicy,
    judgements: Mapping[str, Judgement] | None = None,
) -> Gate:
    """Open or closed. `status` and `meta` are the files (None: missing, Unknown: unreadable).

    `services` are those of the compose model. `judgements` are made now: on a host they are the
    states, in a repository the worse of them and the committed ones counts.
    """
    warnings: list[str] = []
    blockers = list(_whole(status, meta, services, policy, fresh=judgements is not None))
    if isinstance(status, Mapping) and not isinstance(services, Unknown):
        for name in sorted(services):
            findings = tuple(_findings(name, status, policy, judgements))
            blockers += _blockers(name, findings, policy, warnings)
        warnings += _idle_exemptions(set(services), policy)
    states = {blocker.state for blocker in blockers}
    exit_code: Literal[0, 1, 11] = 0 if not states else 11 if states <= NO_EVIDENCE else 1
    return Gate(
        open=not blockers,
        exit_code=exit_code,
        blockers=tuple(blockers),
        warnings=tuple(warnings),
        scope=policy.scope,
    )


def in_force(exempt: Iterable[Exempting], today: date) -> tuple[Exempting, ...]:
    """The exemptions whose last day has not passed."""
    return tuple(one for one in exempt if one.until >= today)


# Private


def _whole(
    status: Mapping[str, StatusEntry] | Unknown | None,
    meta: StatusMeta | Unknown | None,
    services: Iterable[str] | Unknown,
    policy: GatePolicy,
    *,
    fresh: bool,
) -> Iterator[Blocker]:
    """What is wrong with the evidence as a whole."""
    yield from _model(status, services, policy)
    if meta is None:
        yield _error("status.meta.json is missing", "stacktest status")
    elif isinstance(meta, Unknown):
        path = policy.status.removesuffix(".json") + ".meta.json"
        yield _error(f"status.meta.json: {meta.why}", f"git checkout -- {path}, or remove it")
    elif timestamps.in_future(meta.evaluated_at, policy.now):
        yield _error("status.meta.json is dated in the future", "stacktest doctor")
    elif policy.now - meta.evaluated_at > policy.max_age and not (fresh and policy.scope == "host"):
        seen = timestamps.to_text(meta.evaluated_at)
        yield _error(f"nobody has looked since {seen}", "stacktest status")


def _model(
    status: Mapping[str, StatusEntry] | Unknown | None,
    services: Iterable[str] | Unknown,
    policy: GatePolicy,
) -> Iterator[Blocker]:
    """What is wrong with `status.json`, or with the model that it is held against."""
    if isinstance(services, Unknown):
        yield _error(f"compose: {services.why}", "docker compose config --quiet")
    elif not set(services):
        yield _error("compose: no service at all", "docker compose config --services")
    if status is None or (isinstance(status, Mapping) and not status):
        said = "missing" if status is None else "empty"
        yield _error(f"status.json is {said}", "stacktest status")
    elif isinstance(status, Unknown):
        yield _error(f"status.json: {status.why}", f"git checkout -- {policy.status}, or remove it")
    elif not isinstance(services, Unknown):
        for name in sorted(set(status) - set(services)):
            yield _error(f"status.json: {name} is no service of the stack", "stacktest status")


def _error(reason: str, command: str) -> Blocker:
    return Blocker(service="", state=State.ERROR, reasons=(reason,), command=command)


def _findings(
    name: str,
    status: Mapping[str, StatusEntry],
    policy: GatePolicy,
    judgements: Mapping[str, Judgement] | None,
) -> Iterator[Finding]:
    """All states that count for one service; the same state may come from both sides."""
    if name not in status:
        yield Finding(state=State.ERROR, reasons=("not in status.json",))
    elif judgements is None or policy.scope == "repo":
        entry = status[name]
        state = entry.state or State.ERROR
        reasons = entry.reasons if entry.state else ("status.json: another program wrote it",)
        yield Finding(state=state, reasons=reasons)
        yield from (Finding(state=other) for other in entry.also)
    if judgements is not None and name in judgements:
        yield from judgements[name].findings
    elif judgements is not None:
        yield Finding(state=State.ERROR, reasons=("not judged",))


def _blockers(
    name: str, findings: Iterable[Finding], policy: GatePolicy, warnings: list[str]
) -> Iterator[Blocker]:
    done: set[State] = set()
    for finding in findings:
        state = finding.state
        if state is State.FUNCTIONAL or state in done:
            continue
        done.add(state)
        why = _exempted(name, state, policy)
        if state in ALWAYS_DENIED or (state in policy.deny and why is None):
            reasons = (*finding.reasons, *_expired(name, state, policy))
            yield Blocker(
                service=name, state=state, reasons=reasons, command=command(name, state, policy)
            )
        elif why is not None:
            warnings.append(f"{name}: {state.value}, exempt: {why}")
        else:
            warnings.append(f"{name}: {state.value}, which does not close this gate")


def command(service: str, state: State, policy: GatePolicy) -> str:
    """The next command for a service in this state."""
    page = policy.pages.replace("{service}", service) or f"the page of {service}"
    return {
        State.ERROR: f"stacktest why {service}",
        State.DRIFTED: f"docker compose up -d {service} && pytest --stale",
        State.EVIDENCE_MISSING: "pytest --stale",
        State.NO_TESTS: f"write a test marked service({service!r}), or an [[exempt]] entry",
        State.DOC_MISSING: f"write {page} and commit it",
        State.DOC_STALE: f"stacktest ack {service}",
    }.get(state, "pytest --stale")


def _exempted(name: str, state: State, policy: GatePolicy) -> str | None:
    for one in in_force(policy.exempt, policy.now.date()):
        if one.service == name and state.value in one.states:
            return f"{one.reason} (until {one.until.isoformat()})"
    return None


def _expired(name: str, state: State, policy: GatePolicy) -> Iterator[str]:
    for one in policy.exempt:
        is_meant = one.service == name and state.value in one.states
        if is_meant and one.until < policy.now.date():
            yield f"exemption ended on {one.until.isoformat()}"


def _idle_exemptions(services: set[str], policy: GatePolicy) -> Iterator[str]:
    for one in policy.exempt:
        if one.service not in services:
            yield f"exemption for {one.service}, which is no service of the stack"
