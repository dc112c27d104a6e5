"""Brings up the services of a plan, and reports at once if that cannot succeed.

    1  one list request: running containers are used as they are
    2  Compose creates missing containers, networks and volumes, without starting
    3  the engine starts each container as soon as its dependencies are far enough
    4  the engine's event stream reports every change; each is judged by `core.readiness`
    5  all ready: done. One impossible, or out of time: report it, then remove what was created

Only a port that a rule names is polled, since no event reports that a port has opened.
A reaper is armed before the first container exists and disarmed after the last is gone.
"""

import dataclasses
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress

from msgspec import Struct

from stacktest.adapters.compose.model import refuse_twins
from stacktest.adapters.engine import cleanup, labels, reaper
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.engine.reaper import Reaper
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.adapters.network import Connector, ProbeContainers
from stacktest.adapters.startup.creation import Creation
from stacktest.adapters.startup.deployment import Deployment
from stacktest.adapters.startup.existing import (
    missing_of,
    refusals,
    refuse_open_networks,
    remaining_containers,
    stopped_containers,
)
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.adapters.startup.loop import Loop
from stacktest.adapters.startup.tracked_container import DoorAnswer, Settings
from stacktest.core.changed_copy import replace
from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Failure
from stacktest.core.model import Stack
from stacktest.core.numbers import whole_number
from stacktest.core.observed_state import Container
from stacktest.core.plan import Plan
from stacktest.core.progress import Progress
from stacktest.core.readiness import Kind, Rule, derive, without_door
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.start_order import chain_seconds, expected_seconds
from stacktest.errors import StacktestError, UsageError

MODES = ("auto", "always", "never")
"""auto: start missing services, unless a stopped container that is not stacktest's is in the way.
always: start such a container too, and stop it afterwards. never: start nothing."""


@dataclasses.dataclass(kw_only=True, slots=True)
class BringUp:
    """A stack that is up: the containers that were started or ran already; `stop` takes it down."""

    run_id: str
    stack: Stack = dataclasses.field(repr=False)
    started: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """Service -> ids of the containers that this run created or started."""
    already_running: tuple[str, ...] = ()
    seconds: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Service -> seconds from its start until it was ready."""
    containers: tuple[Container, ...] = dataclasses.field(default=(), repr=False)
    """The planned services' containers in their last known state."""
    failures: Mapping[str, StartFailure] = dataclasses.field(default_factory=dict)
    """Service -> why it is not up, also services that need a failed one."""
    healthy_at: Mapping[str, float] = dataclasses.field(default_factory=dict, repr=False)
    """Container → Unix time at which this run saw it become healthy after its start."""
    rules: Mapping[str, Rule] = dataclasses.field(default_factory=dict, repr=False)
    before: frozenset[str] = frozenset()
    """Ids of the planned services' containers that existed before the run."""
    engine: EnginePort = dataclasses.field(repr=False)
    order: tuple[str, ...] = ()
    woken: tuple[str, ...] = ()
    """Ids of others' containers that this run started: stopped at the end, never removed."""
    keep: bool = False
    reaper: Reaper | None = dataclasses.field(default=None, repr=False)

    def stop(self, *, creating: bool = False) -> Mapping[str, str]:
        """Remove what this run created (never a named volume); with `keep`, remove nothing.

        Returns name → why it is left, for objects that the engine does not remove, and containers
        that a test has created again. `creating`: Compose was interrupted, and the engine may still
        be processing its requests.
        """
        recreated = self._recreated()
        if self.keep or self.reaper is None:
            return recreated
        for container in self.woken:
            self.engine.stop(container)
        marks = {labels.RUN: self.run_id}
        removed = cleanup.remove_owned(self.engine, marks, order=self.order)
        if creating:
            self.reaper.release()
        else:
            self.reaper.disarm()
        self.reaper = None
        return {**recreated, **removed.left}

    def boot_seconds(self) -> Mapping[str, float]:
        """Service → seconds until ready, for the services that this run started."""
        return {name: took for name, took in self.seconds.items() if name in self.started}

    def fallen(self) -> Mapping[str, str]:
        """Services that are no longer ready, each with the change, by one list request."""
        listed = {item.id: item for item in self.engine.containers(self.stack.name)}
        known = {item.id for item in self.containers}
        # A container that was made anew and runs has not fallen: another one earns no pass anyway.
        newer = {
            item.service: item
            for item in listed.values()
            if item.id not in known and not item.one_off
        }
        changes: dict[str, str] = {}
        for before in self.containers:
            container = listed.get(before.id) or newer.get(before.service)
            if container is None:
                changes[before.service] = "its container is gone"
            elif container.state != before.state:
                changes[before.service] = f"was {before.state}, is {_ended(container)}"
            elif self._became_unhealthy(before, container):
                changes[before.service] = "is unhealthy"
        return changes

    # Private

    def _became_unhealthy(self, before: Container, container: Container) -> bool:
        """Whether it became unhealthy; if a configured rule is not the health check, never."""
        rule = self.rules.get(before.service)
        if rule is not None and not rule.derived and rule.kind is not Kind.HEALTHY:
            return False
        return container.health == "unhealthy" and before.health != "unhealthy"

    def _recreated(self) -> Mapping[str, str]:
        """Containers that others created during the run: name → why they are not removed."""
        why = "was created again during the run, and is not removed"
        own = {container for ids in self.started.values() for container in ids} | self.before
        return {
            container.name: f"{why}; {command}" if (command := self._removal(container)) else why
            for container in self.engine.containers(self.stack.name)
            if container.service in self.order
            and not container.one_off
            and container.id not in own
            and not container.run_id
        }

    def _removal(self, container: Container) -> str:
        words = ("rm", "--stop", "--force")
        return compose_command(self.stack, *words, services=[container.service])


def bring_up(
    stack: Stack,
    plan: Plan,
    deployment: Deployment,
    engine: EnginePort,
    *,
    run_id: str,
    mode: str = "auto",
    rules: Mapping[str, Rule] | None = None,
    timeouts: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    answers: Callable[[str, str], DoorAnswer] | None = None,
    keep: bool = False,
    probe_image: str = "",
    usual: Callable[[str], float | None] = lambda _: None,
    on_failure: Callable[[StacktestError], None] = lambda _: None,
    diagnose: Callable[[Failure], Diagnosis | None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    begun: float | None = None,
) -> BringUp:
    """Bring up every planned service; those that failed, and their dependants, are in `failures`.

    StackNotReadyError is raised at once if the plan has no purpose without the failed services.
    `rules` and `timeouts` are the configured ones per service; the others are derived.
    `answers(service, host)` is empty if the service answers through the front door, else why not;
    without it, services with a route and no health check count as ready when they listen.
    `probe_image` is the image of probe containers, for ports that this host cannot reach.
    `usual(service)` is the number of seconds that it took in earlier runs, None if unknown.
    `diagnose` returns the cause of a failed start, None if the facts do not show it. `begun` is the
    current Unix time.
    A failure, also an interrupt, first removes what was created, unless `keep`; `on_failure` is
    called before that, while the containers still exist.
    """
    _check_mode(mode)
    refuse_twins(stack, plan.services)
    engine.ping()
    probes = ProbeContainers(
        stack, engine, image=probe_image, labels=labels.holder_labels(stack, run_id, "boot")
    )
    settings = Settings(
        rules={
            name: _rule(stack, plan, name, rules or {}, routed=answers is not None)
            for name in plan.services
        },
        timeouts=timeouts or {},
        answers=answers,
        clock=clock,
        connector=Connector(engine, probes),
        usual=usual,
        diagnose=diagnose,
        begun=begun,
        can_go_on=plan.has_purpose_without,
    )
    progress = progress or Progress()
    existing = _existing(stack, plan, engine, settings, run_id=run_id, mode=mode, keep=keep)
    plan = existing.plan
    refuse_open_networks(stack, plan.services, engine)
    missing = existing.missing
    chains = _chain_seconds(stack, plan, missing, engine, usual)
    loop = Loop(stack, plan, engine, replace(settings, chain_seconds=chains), progress)
    loop.add_present(
        container
        for name in plan.services
        if name not in missing
        for container in existing.present.get(name, ())
    )
    up = BringUp(
        run_id=run_id,
        stack=stack,
        engine=engine,
        already_running=tuple(name for name in plan.services if name not in missing),
        order=plan.services,
        rules=settings.rules,
        before=frozenset(item.id for items in existing.present.values() for item in items),
        woken=tuple(container.id for container in existing.woken),
        keep=keep,
        # Mode `never` starts nothing: containers with the run's label are another bring-up's.
        reaper=_guard(stack, engine, run_id, plan.services, existing.woken)
        if missing and not keep and mode != "never"
        else None,
    )
    progress.planned(plan, missing, usual)
    with _undone_on_failure(up, progress, on_failure):
        with closing(probes):
            if existing.refused:
                loop.fail(*existing.refused)
            _run(up, deployment, loop, progress, missing=missing, diagnose=diagnose)
        up.failures = loop.failures
        if loop.failures:
            on_failure(NotReadyError.of(loop.failures))
    progress.over()
    return up


# Private


def _chain_seconds(
    stack: Stack,
    plan: Plan,
    missing: Collection[str],
    engine: EnginePort,
    usual: Callable[[str], float | None],
) -> Mapping[str, float]:
    major = (whole_number(engine.version().partition(".")[0]) or 0) if missing else 0
    return chain_seconds(
        plan, missing, lambda name: expected_seconds(stack.services[name], usual(name), major)
    )


def _check_mode(mode: str) -> None:
    if mode not in MODES:
        raise UsageError(
            f"{mode!r} is not a way to bring up a stack", hint=f"one of: {', '.join(MODES)}"
        )


class _Existing(Struct, frozen=True, kw_only=True):
    """The containers of the plan that exist before the bring-up."""

    plan: Plan
    """The plan, reduced to the services that are needed."""
    present: Mapping[str, tuple[Container, ...]]
    missing: tuple[str, ...]
    refused: tuple[StartFailure, ...]
    """Failures of missing services that the mode does not start."""
    woken: tuple[Container, ...]
    """Stopped containers, not created by stacktest, that the mode starts."""


def _existing(
    stack: Stack,
    plan: Plan,
    engine: EnginePort,
    settings: Settings,
    *,
    run_id: str,
    mode: str,
    keep: bool,
) -> _Existing:
    rules, diagnose = settings.rules, settings.diagnose
    owner = "" if mode == "never" else run_id
    present = remaining_containers(stack, plan, engine, owner, rules, replace_changed=keep)
    if any(container.is_running for container in present.get(stack.front_door, ())):
        plan = plan.only(frozenset(plan.services) - plan.looked_up)
        present = {name: present[name] for name in plan.services if name in present}
    missing = missing_of(plan, present, rules)
    stopped = stopped_containers(present, missing, rules)
    return _Existing(
        plan=plan,
        present=present,
        missing=missing,
        refused=refusals(stack, missing, stopped, mode=mode, engine=engine, diagnose=diagnose),
        woken=stopped if mode == "always" else (),
    )


@contextmanager
def _undone_on_failure(
    up: BringUp, progress: Progress, on_failure: Callable[[StacktestError], None]
) -> Iterator[None]:
    """Report a failure or interrupt within the context, and remove what was created."""
    try:
        yield
    except BaseException as error:
        what = getattr(error, "what", type(error).__name__)
        progress.failed(getattr(error, "service", ""), what, removed=up.reaper is not None)
        try:
            if isinstance(error, StacktestError):
                on_failure(error)
        finally:
            # A second interrupt during the removal must not replace the first error.
            with suppress(KeyboardInterrupt):
                up.stop(creating=not isinstance(error, StacktestError))
        raise


def _guard(
    stack: Stack,
    engine: EnginePort,
    run_id: str,
    order: Sequence[str],
    woken: Iterable[Container],
) -> Reaper:
    log = state_dir(stack.root) / "reaper.log"
    stop = [container.id for container in woken]
    return reaper.arm(engine.connection, {labels.RUN: run_id}, order=order, stop=stop, log=log)


def _ended(container: Container) -> str:
    """State, exit code and error of a container: `exited 9: its error`."""
    code = "" if container.exit_code is None else f" {container.exit_code}"
    return f"{container.state}{code}{f': {container.error}' if container.error else ''}"


def _rule(stack: Stack, plan: Plan, name: str, rules: Mapping[str, Rule], *, routed: bool) -> Rule:
    rule = rules.get(name) or derive(stack.services[name], stack)
    if rule.kind is Kind.ROUTED and not (routed and stack.front_door in plan.services):
        # The front door is not in the plan, or cannot be asked.
        return without_door(stack.services[name])
    return rule


def _run(
    up: BringUp,
    deployment: Deployment,
    loop: Loop,
    progress: Progress,
    *,
    missing: Sequence[str],
    diagnose: Callable[[Failure], Diagnosis | None],
) -> None:
    to_start = [name for name in missing if name not in loop.failures]
    if not to_start and loop.settle():
        up.containers = loop.containers
        return
    with loop.listening():
        if to_start:
            creation = Creation(
                stack=up.stack,
                deployment=deployment,
                engine=up.engine,
                loop=loop,
                progress=progress,
                run_id=up.run_id,
                keep=up.keep,
                holding=(up.reaper.pipe,) if up.reaper else (),
                diagnose=diagnose,
            )
            up.started = creation.create(to_start)
        up.seconds = loop.run()
    up.containers = loop.containers
    up.healthy_at = loop.healthy_at
