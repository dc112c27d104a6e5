"""The gate's decision from all states: open, or closed with blockers and their commands.

The gate is open only with a readable `status.json` that contains exactly the services of the
compose model, was evaluated recently, and has no denied state. `error` and `evidence_missing` are
always denied, whatever is configured: otherwise losing evidence could open the gate. An exemption
covers its own states only, so every other state that holds counts. With `drills` a declared backup
that is not restorable closes the gate, too.

With `scope="repo"` (CI) the worse of the committed state and the state computed from the repository
counts: CI never improves a state.

| exit | condition                                                                               |
|------|-----------------------------------------------------------------------------------------|
| 0    | open                                                                                    |
| 1    | closed, and at least one blocker is a failure, drift, a change or a too old pass        |
| 11   | closed, only because evidence is missing or cannot be judged                            |
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from msgspec import Struct, field

from stacktest.core import timestamps
from stacktest.core.backups.states import BackupJudgement, BackupState
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.judgement import Finding, Judgement
from stacktest.core.freshness.next_step import NextStep
from stacktest.core.freshness.states import State
from stacktest.core.misnamed import Misnamed, names_of
from stacktest.core.records.status import Scope, StatusEntry, StatusMeta
from stacktest.core.unknown import Unknown

ALWAYS_DENIED = frozenset({State.ERROR, State.EVIDENCE_MISSING})
NO_EVIDENCE: frozenset[State | BackupState] = frozenset(
    {
        State.ERROR,
        State.EVIDENCE_MISSING,
        State.NEVER_RUN,
        State.NO_TESTS,
        BackupState.NEVER_DRILLED,
    }
)


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
        """Why the service is exempt."""

    @property
    def until(self) -> date:
        """The last day on which the exemption is valid."""


class GatePolicy(Struct, frozen=True, kw_only=True):
    """The configuration of the gate, and the facts that it needs beside the status."""

    now: datetime
    scope: Scope = "host"
    deny: frozenset[State] = frozenset(State) - {State.FUNCTIONAL}
    exempt: Sequence[Exempting] = ()
    max_age: timedelta = timedelta(days=7)
    """Maximum age of the last evaluation of the status."""
    next_step: NextStep = field(default_factory=NextStep)
    """Makes the commands that clear a blocker."""
    enabled: frozenset[str] | None = None
    """Services that need a pass: those that Compose starts, that must run, or that run now."""
    drills: bool = False
    """Whether declared backups have to be restorable."""


class Blocker(Struct, frozen=True, kw_only=True):
    """Why the gate is closed, and the command that clears it."""

    service: str
    """The service; empty for a problem of the status as a whole."""
    state: State | BackupState
    reasons: tuple[str, ...]
    command: str


class Gate(Struct, frozen=True, kw_only=True):
    """The decision of the gate."""

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
    backups: Iterable[BackupJudgement] = (),
    misnamed: Sequence[Misnamed] = (),
) -> Gate:
    """Decides the gate. `status` and `meta` are the files (None: missing, Unknown: unreadable).

    `services` are those of the compose model. `judgements` are the states as of now: on a host
    they replace the committed states, in a repository the worse of both counts. `misnamed` are
    names in tests and in the configuration that are not services: such tests can prove nothing,
    and without such an entry less may be asked of a service.
    """
    warnings: list[str] = []
    blockers = [_error(item.cause, item.hint) for item in misnamed if item.closes]
    warnings += [item.warning for item in misnamed if not item.closes]
    if misnamed and isinstance(status, Mapping):
        # The old name stays in the status until it is written again; its blocker says more.
        old = names_of(misnamed)
        status = {name: entry for name, entry in status.items() if name not in old}
    blockers += _status_blockers(status, meta, services, policy, fresh=judgements is not None)
    if isinstance(status, Mapping) and not isinstance(services, Unknown):
        findings = {n: tuple(_findings(n, status, policy, judgements)) for n in sorted(services)}
        policy = replace(policy, next_step=_after_drift(policy, findings))
        for name, of_service in findings.items():
            blockers += _without_repeats(_service_blockers(name, of_service, policy, warnings))
        blockers = _together(blockers, policy.next_step)
    blockers += _backup_blockers(backups) if policy.drills else ()
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
    return tuple(exemption for exemption in exempt if exemption.until >= today)


# Private


def _status_blockers(
    status: Mapping[str, StatusEntry] | Unknown | None,
    meta: StatusMeta | Unknown | None,
    services: Iterable[str] | Unknown,
    policy: GatePolicy,
    *,
    fresh: bool,
) -> Iterator[Blocker]:
    """Blockers about the status as a whole: the model, `status.json` and `status.meta.json`."""
    yield from _model_blockers(status, services, policy)
    if meta is None:
        yield _error("status.meta.json is missing", "stacktest status")
    elif isinstance(meta, Unknown):
        path = policy.next_step.status.removesuffix(".json") + ".meta.json"
        yield _error(f"status.meta.json: {meta.why}", _remove(path))
    elif timestamps.in_future(meta.evaluated_at, policy.now):
        yield _error("status.meta.json is dated in the future", "stacktest status")
    elif policy.now - meta.evaluated_at > policy.max_age and not (fresh and policy.scope == "host"):
        when = timestamps.to_text(meta.evaluated_at)
        yield _error(f"the last look was on {when}", "stacktest status")


def _model_blockers(
    status: Mapping[str, StatusEntry] | Unknown | None,
    services: Iterable[str] | Unknown,
    policy: GatePolicy,
) -> Iterator[Blocker]:
    """Blockers about `status.json`, or about the compose model that it is compared with."""
    if isinstance(services, Unknown):
        yield _error(f"compose: {services.why}", policy.next_step.model_is_unreadable())
    elif not set(services):
        yield _error("compose: no service at all", policy.next_step.model_is_unreadable())
    if status is None or (isinstance(status, Mapping) and not status):
        problem = "missing" if status is None else "empty"
        yield _error(f"status.json is {problem}", "stacktest status")
    elif isinstance(status, Unknown):
        yield _error(f"status.json: {status.why}", _remove(policy.next_step.status))
    elif not isinstance(services, Unknown):
        for name in sorted(set(status) - set(services)):
            yield _error(f"status.json: {name} is not a service of the stack", "stacktest status")


def _remove(path: str) -> str:
    """An unreadable file is never overwritten: the command removes it and writes it again."""
    return f"{shlex.join(['rm', path])} && stacktest status"


def _backup_blockers(backups: Iterable[BackupJudgement]) -> Iterator[Blocker]:
    """Backups that are not known to be restorable."""
    for backup in backups:
        if backup.state is not BackupState.RESTORABLE:
            yield Blocker(
                service=backup.service,
                state=backup.state,
                reasons=(f"its backup: {backup.why}",),
                command=backup.command,
            )


def _error(reason: str, command: str) -> Blocker:
    return Blocker(service="", state=State.ERROR, reasons=(reason,), command=command)


def _findings(
    name: str,
    status: Mapping[str, StatusEntry],
    policy: GatePolicy,
    judgements: Mapping[str, Judgement] | None,
) -> Iterator[Finding]:
    """All states that count for one service; committed and current states may repeat each other."""
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


def _after_drift(policy: GatePolicy, findings: Mapping[str, Iterable[Finding]]) -> NextStep:
    """Makes commands that put a drifted dependency first: no pass counts before."""
    drift = {
        name: finding.reasons
        for name, of_service in findings.items()
        for finding in of_service
        if finding.state is State.DRIFTED and finding.reasons
        if _exempted(name, State.DRIFTED, policy) is None
    }
    return replace(policy.next_step, drift=drift)


def _service_blockers(
    name: str, findings: Sequence[Finding], policy: GatePolicy, warnings: list[str]
) -> Iterator[Blocker]:
    if findings and (off := _why_off(name, findings[0].state, policy)):
        warnings.append(f"{name}: {findings[0].state.value}, which does not close the gate: {off}")
        return
    done: set[State] = set()
    for finding in findings:
        state = finding.state
        if state is State.FUNCTIONAL or state in done:
            continue
        done.add(state)
        why = _exempted(name, state, policy)
        if state in ALWAYS_DENIED or (state in policy.deny and why is None):
            reasons = (*finding.reasons, *_expired(name, state, policy))
            step = policy.next_step.out_of(name, (finding, *findings))
            yield Blocker(service=name, state=state, reasons=reasons, command=step)
        elif why is not None:
            warnings.append(f"{name}: {state.value}, exempt: {why}")
        else:
            warnings.append(f"{name}: {state.value}, which does not close this gate")


def _without_repeats(blockers: Iterable[Blocker]) -> list[Blocker]:
    """Drops blockers that another's command clears: `never_run` beside `failing`, a lost page."""
    blockers = list(blockers)
    states = {blocker.state for blocker in blockers}
    named = {State.FAILING: State.NEVER_RUN, State.DOC_MISSING: State.DOC_STALE}
    covered = {other for state, other in named.items() if state in states}
    return [blocker for blocker in blockers if blocker.state not in covered]


def _together(blockers: list[Blocker], step: NextStep) -> list[Blocker]:
    """Replaces the commands of drifted services by the one that clears them all."""
    drifted = {item.service: item.reasons for item in blockers if item.state is State.DRIFTED}
    commands = step.together(drifted)
    return [replace(item, command=commands.get(item.command, item.command)) for item in blockers]


def _why_off(name: str, state: State, policy: GatePolicy) -> str:
    """Why a service is ignored that Compose does not start by default and that never ran."""
    stack = policy.next_step.stack
    if policy.enabled is None or name not in stack.services or name in policy.enabled:
        return ""
    service = stack.services[name]
    if service.unreadable:
        return service.unreadable
    if state in (State.NEVER_RUN, State.NO_TESTS):
        return f"its profile ({', '.join(service.profiles)}) was never switched on"
    return ""


def _exempted(name: str, state: State, policy: GatePolicy) -> str | None:
    for exemption in in_force(policy.exempt, policy.now.date()):
        if exemption.service == name and state.value in exemption.states:
            return f"{exemption.reason} (until {exemption.until.isoformat()})"
    return None


def _expired(name: str, state: State, policy: GatePolicy) -> Iterator[str]:
    for exemption in policy.exempt:
        applies = exemption.service == name and state.value in exemption.states
        if applies and exemption.until < policy.now.date():
            yield f"exemption ended on {exemption.until.isoformat()}"
