"""Brings up what a plan asks for, and reports at once when that cannot succeed.

    1  one list call: what runs already is used as it is
    2  Compose creates what is missing (containers, networks, volumes), starting nothing
    3  the engine starts each container as soon as what it depends on is far enough
    4  the engine's event stream tells every change; each one is judged by `core.readiness`
    5  all ready: done. One impossible, or out of time: report it, then remove what was created

Nothing is polled except a port that a rule names, since no event tells that a port has opened.
A reaper is armed before the first container exists and disarmed after the last is gone.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.compose.model import refuse_twins
from stacktest.adapters.engine import cleanup, labels, reaper
from stacktest.adapters.engine.cleanup import Removed
from stacktest.adapters.engine.client import PROJECT
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.engine.reaper import Reaper
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.adapters.network import Connector, ProbeContainers
from stacktest.adapters.startup.existing import missing_of, present_containers, stopped_by_others
from stacktest.adapters.startup.failure_report import NotReadyError, creation_failed
from stacktest.adapters.startup.heartbeat import beating
from stacktest.adapters.startup.loop import Loop
from stacktest.adapters.startup.tracked_container import Settings
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.plan import Plan
from stacktest.core.progress import Progress
from stacktest.core.readiness import Kind, Rule, derive
from stacktest.core.runs.start_failure import StartFailure
from stacktest.errors import StacktestError, UsageError

MODES = ("auto", "always", "never")
"""auto: start what is missing, unless a stopped container of somebody else is in the way.
always: start such a container too, and stop it afterwards. never: start nothing."""


@dataclass(kw_only=True, slots=True)
class BringUp:
    """A stack that is up: what was started for it, what ran already, and how to take it down."""

    run_id: str
    stack: Stack = field(repr=False)
    started: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Service -> ids of the containers that this run created or started."""
    already_running: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Service -> seconds from its start until it was ready."""
    failures: Mapping[str, StartFailure] = field(default_factory=dict)
    """Services that are not up, and those that need them, each with its cause."""
    containers: tuple[Container, ...] = field(default=(), repr=False)
    """The planned services' containers as they were last seen."""
    engine: EnginePort = field(repr=False)
    order: tuple[str, ...] = ()
    woken: tuple[str, ...] = ()
    """Containers of somebody else that this run started: stopped at the end, never removed."""
    keep: bool = False
    reaper: Reaper | None = field(default=None, repr=False)

    def stop(self) -> Removed:
        """Removes what this run created (never a volume with a name); with keep, nothing."""
        if self.keep or self.reaper is None:
            return Removed()
        for container in self.woken:
            self.engine.stop(container)
        marks = {labels.RUN: self.run_id}
        removed = cleanup.remove_owned(self.engine, marks, order=self.order)
        self.reaper.disarm()
        self.reaper = None
        return removed

    def boot_seconds(self) -> Mapping[str, float]:
        """Seconds of the services that this run started; what ran already took no time."""
        return {name: took for name, took in self.seconds.items() if name in self.started}

    def fallen(self) -> Mapping[str, str]:
        """Services that were ready and are not any more, each with what is seen: one list call."""
        listed = {item.id: item for item in self.engine.containers(self.stack.name)}
        changes: dict[str, str] = {}
        for before in self.containers:
            container = listed.get(before.id)
            if container is None:
                changes[before.service] = "its container is gone"
            elif container.state != before.state:
                changes[before.service] = f"was {before.state}, is {container.state}"
            elif container.health == "unhealthy" and before.health != "unhealthy":
                changes[before.service] = "is unhealthy"
        return changes


def bring_up(
    stack: Stack,
    plan: Plan,
    compose: Compose,
    engine: EnginePort,
    *,
    run_id: str,
    mode: str = "auto",
    rules: Mapping[str, Rule] | None = None,
    timeouts: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    answers: Callable[[str], str] | None = None,
    keep: bool = False,
    probe_image: str = "",
    usual: Callable[[str], float | None] = lambda _: None,
    on_failure: Callable[[StacktestError], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> BringUp:
    """Every planned service ready, or StackNotReadyError about the first that cannot be.

    `rules` and `timeouts` are what the configuration says per service; the rest is derived, 120 s.
    `answers(host)` is empty when a host name answers through the front door, else why it does not;
    without it, services with a route and no health check count as ready when they keep running.
    `probe_image` is what stands beside a service whose port this host cannot reach.
    `usual(service)` is how many seconds it took in earlier runs, where that is known.
    A failure, an interrupt included, first removes what was created, unless `keep`; `on_failure` is
    told before, while the containers are still there.
    """
    if mode not in MODES:
        raise UsageError(
            f"{mode!r} is not a way to bring up a stack", hint=f"one of: {', '.join(MODES)}"
        )
    refuse_twins(stack, plan.services)
    engine.ping()
    probes = ProbeContainers(
        stack, engine, image=probe_image, labels=labels.holder_labels(stack.root, run_id, "boot")
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
    )
    progress = progress or Progress()
    leave = mode == "never"
    present = present_containers(stack, plan, engine, "" if leave else run_id, settings.rules)
    missing = missing_of(plan, present, settings.rules)
    woken = stopped_by_others(stack, present, missing, settings.rules, mode=mode, engine=engine)
    loop = Loop(stack, plan, engine, settings, progress)
    loop.add_present(
        container
        for name in plan.services
        if name not in missing
        for container in present.get(name, ())
    )
    up = BringUp(
        run_id=run_id,
        stack=stack,
        engine=engine,
        already_running=tuple(name for name in plan.services if name not in missing),
        order=plan.services,
        woken=tuple(container.id for container in woken),
        keep=keep,
        reaper=_guard(stack, engine, run_id, woken) if missing and not keep else None,
    )
    progress.planned(plan, missing, usual)
    try:
        with closing(probes):
            _run(up, compose, loop, progress, missing)
    except BaseException as error:
        what = getattr(error, "what", type(error).__name__)
        progress.failed(getattr(error, "service", ""), what, removed=up.reaper is not None)
        try:
            if isinstance(error, StacktestError):
                on_failure(error)
        finally:
            # A second interrupt while removing must not hide what went wrong first.
            with suppress(KeyboardInterrupt):
                up.stop()
        raise
    progress.over()
    return up


# Private


def _guard(stack: Stack, engine: EnginePort, run_id: str, woken: Iterable[Container]) -> Reaper:
    log = state_dir(stack.root) / "reaper.log"
    stop = [container.id for container in woken]
    return reaper.arm(engine.connection, {labels.RUN: run_id}, stop=stop, log=log)


def _rule(stack: Stack, plan: Plan, name: str, rules: Mapping[str, Rule], *, routed: bool) -> Rule:
    rule = rules.get(name) or derive(stack.services[name], stack)
    if rule.kind is Kind.ROUTED and not (routed and stack.front_door in plan.services):
        # Nobody asked for the front door, or nobody can ask through it.
        return Rule(kind=Kind.RUNNING, derived=True)
    return rule


def _run(
    up: BringUp,
    compose: Compose,
    loop: Loop,
    progress: Progress,
    missing: Sequence[str],
) -> None:
    if not missing and loop.settle():
        up.containers = loop.containers
        return
    with loop.listening():
        if missing:
            up.started = _create(up, compose, loop, progress, missing)
        up.seconds = loop.run()
    up.containers = loop.containers


def _create(
    up: BringUp,
    compose: Compose,
    loop: Loop,
    progress: Progress,
    missing: Sequence[str],
) -> Mapping[str, tuple[str, ...]]:
    """Lets Compose create what is missing and hands it to the loop: service -> container ids."""
    stack, engine = up.stack, up.engine
    networks = engine.networks({PROJECT: stack.name})
    existing = {str(net["Name"]): net.get("Labels") or {} for net in networks}
    marks = labels.label_override(stack, missing, up.run_id, networks=existing, keep=up.keep)
    loop.start_early([name for name in missing if _is_whole_once_created(stack, name)], up.run_id)
    progress.creating(missing)
    with beating(progress, missing, "being pulled, built or created"):
        holding = (up.reaper.pipe,) if up.reaper else ()
        completed = compose.create(missing, marks, holding=holding)
    if completed.code != 0:
        raise creation_failed(stack, missing, f"{completed.out}\n{completed.err}")
    created: dict[str, list[Container]] = {name: [] for name in missing}
    for container in engine.containers(stack.name):
        if container.service in created and not container.one_off:
            created[container.service].append(container)
    for name in missing:
        if not created[name]:
            raise NotReadyError(
                f"{name} has no container: the stack asks for none of it",
                where=f"services.{name}.scale or .deploy.replicas",
                hint="ask for at least one, or do not test this service",
                service=name,
            )

    def start(container: Container) -> str:
        if not _needs_compose(stack, container.service):
            return engine.start(container.id)
        completed = compose.start([container.service], marks)
        return "" if completed.code == 0 else completed.tail

    loop.add_created((container for name in missing for container in created[name]), start)
    return {name: tuple(container.id for container in created[name]) for name in missing}


def _is_whole_once_created(stack: Stack, name: str) -> bool:
    """True when Compose adds nothing to it after it was created, such as a second network."""
    return len(stack.services[name].networks) <= 1 and not _needs_compose(stack, name)


def _needs_compose(stack: Stack, name: str) -> bool:
    """True when only Compose can start it: it copies inline files in, or runs hooks."""
    service = stack.services[name]
    inline = any(not file.path for file in service.files)
    return inline or bool((service.definition or {}).get("post_start"))
