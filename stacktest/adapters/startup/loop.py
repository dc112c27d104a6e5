"""Starts containers in the order of the plan and follows the engine's events until all are ready.

One thread reads events, others start containers or probe ports; all put their messages into one
queue. This loop takes a message, inspects the container concerned, judges it and starts containers
that have become startable. Without a message it wakes only for a deadline: a container has run long
enough, the next probe of a port, the end of a timeout, a heartbeat.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.early_starts import EarlyStarts
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.adapters.startup.heartbeat import HEARTBEAT
from stacktest.adapters.startup.judging import Judging
from stacktest.adapters.startup.start_queue import StartQueue
from stacktest.adapters.startup.tracked_container import (
    NEVER,
    Answer,
    Settings,
    Started,
    TrackedContainer,
    describe,
    is_far_enough,
    lacks_check,
)
from stacktest.core.changed_copy import replace
from stacktest.core.model import Dependency, Stack
from stacktest.core.observed_state import Container, EngineEvent
from stacktest.core.plan import Plan, needs_of
from stacktest.core.progress import Progress
from stacktest.core.readiness import (
    Impossible,
    Judgement,
    Kind,
    Ready,
    Rule,
    Waiting,
    refine,
    settling_time,
    without_door,
)
from stacktest.core.runs.start_failure import StartFailure, with_dependants
from stacktest.errors import ToolMissingError

_STREAM_ENDED = object()


class Loop:
    """Starts and follows the containers of one bring-up, from created to ready."""

    def __init__(
        self, stack: Stack, plan: Plan, engine: EnginePort, settings: Settings, progress: Progress
    ) -> None:
        self._stack = stack
        self._plan = plan
        self._engine = engine
        self._settings = settings
        self._progress = progress
        self._tracked: dict[str, TrackedContainer] = {}
        self._judging = Judging(stack, plan, engine, settings, self._tracked)
        self._needs = {name: needs_of(stack, name) for name in plan.services}
        self.failures: dict[str, StartFailure] = {}
        """Service → why it is not up, also services that need a failed one."""
        self._messages: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._start: Callable[[Container], str] = lambda container: engine.start(container.id)
        # Time of the events, by container: one that starts early may be ready before it is tracked.
        self._started_at: dict[str, float] = {}
        self._changed_at: dict[str, float] = {}
        self.healthy_at: dict[str, float] = {}
        """Container → Unix time at which the engine reported it healthy, after its last start."""
        self._first = 0.0
        self._starts = StartQueue(settings.chain_seconds)
        self._early = EarlyStarts(engine, self._starts, self._start_early_one)
        self._probers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="stacktest-probe")

    @property
    def containers(self) -> tuple[Container, ...]:
        """The containers in their last known state."""
        return tuple(tracked.container for tracked in self._tracked.values())

    def add_present(self, containers: Iterable[Container]) -> None:
        """Follow containers that exist already and are not started by this loop."""
        now = self._settings.clock()
        for container in containers:
            rule = refine(self._rule(container.service), container)
            self._tracked[container.id] = TrackedContainer(
                container=container, rule=rule, must_start=False, started_at=now
            )

    def start_early(self, services: Iterable[str], run_id: str) -> None:
        """Start the run's containers of those services that wait for none as soon as they exist.

        Other containers are still being created then; `add_created` receives all of them.
        """
        free = [name for name in services if not self._plan.waits_of(name)]
        networks = {name: len(self._stack.services[name].networks) for name in free}
        self._early.begin(networks, run_id)

    def add_created(
        self, containers: Iterable[Container], start: Callable[[Container], str]
    ) -> None:
        """Follow and start containers; `start` returns why one could not be started, or empty."""
        self._start = start
        started = self._early.end()
        for container in containers:
            requested = container.id in started
            self._tracked[container.id] = TrackedContainer(
                container=container,
                rule=self._rule(container.service),
                must_start=True,
                is_start_requested=requested,
            )
            if requested:
                self._progress.starting(container.service)

    def fail(self, *failed: StartFailure) -> None:
        """Go on without failed services and their dependants; NotReadyError if that is useless."""
        known = set(self.failures)
        self.failures = with_dependants([*self.failures.values(), *failed], self._needs)
        for tracked in self._tracked.values():
            tracked.has_failed = tracked.container.service in self.failures
            rule = refine(self._rule(tracked.container.service), tracked.container)
            if tracked.is_pending and tracked.rule.kind is Kind.ROUTED and rule != tracked.rule:
                tracked.begin_again(rule, self._settings.clock())
        if not self._settings.can_go_on(self.failures):
            raise NotReadyError.of(self.failures)
        for failure in failed:
            without = [
                name
                for name, other in self.failures.items()
                if other.because_of == failure.service and name not in known
            ]
            self._progress.not_started(failure.service, failure.cause, sorted(without))

    def settle(self) -> bool:
        """Whether all containers are ready as they are: then a warm run needs no more."""
        for tracked in self._tracked.values():
            if tracked.rule.probed and tracked.container.is_running:
                tracked.take_answer(self._judging.ask(tracked), self._settings.clock())
            if isinstance(self._judge(tracked), Ready):
                tracked.ready_at = tracked.started_at
        return not self._pending()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within the context, a thread reads the engine's events; enter it before creating."""
        events = self._engine.events(self._stack.name)

        def read() -> None:
            for event in events:
                if event.action == "create":
                    self._early.take(event)
                    continue
                self._changed_at[event.container] = now = self._settings.clock()
                self._note_health(event)
                if event.action == "start":
                    self._started_at.setdefault(event.container, now)
                self._messages.put(event)
            self._messages.put(_STREAM_ENDED)

        threading.Thread(target=read, name="stacktest-events", daemon=True).start()
        try:
            yield
        finally:
            # Wait for running starts, which would race with a removal; not for probes.
            self._early.end()
            self._starts.close()
            self._probers.shutdown(wait=False, cancel_futures=True)
            events.close()

    def run(self) -> Mapping[str, float]:
        """Run until all are ready or failed; returns service → seconds until it was ready."""
        self._first = self._settings.clock()
        beat = self._first + HEARTBEAT
        self._advance(self._tracked.values())
        while self._pending():
            pause = max(0.0, min(self._deadline(), beat) - self._settings.clock())
            try:
                touched = self._learn(self._messages.get(timeout=pause))
            except queue.Empty:
                touched = self._pending()
            self._advance(touched)
            if (now := self._settings.clock()) >= beat and (waiting := self._waiting()):
                beat = now + HEARTBEAT
                self._progress.heartbeat(now - self._first, waiting)
        self._verify()
        return self._seconds()

    # Private

    def _rule(self, service: str) -> Rule:
        """The service's rule; if the front door has failed, one without probes through it."""
        rule = self._settings.rules[service]
        if rule.kind is Kind.ROUTED and self._stack.front_door in self.failures:
            return without_door(self._stack.services[service])
        return rule

    def _pending(self) -> list[TrackedContainer]:
        return [tracked for tracked in self._tracked.values() if tracked.is_pending]

    def _learn(self, message: object) -> list[TrackedContainer]:
        """Process a message; returns the containers that it is about, inspected again."""
        if message is _STREAM_ENDED:
            raise ToolMissingError(
                "the container engine ended its stream of events",
                where=self._engine.connection.address,
                hint="stacktest doctor",
            )
        if isinstance(message, BaseException):
            raise message
        if not isinstance(message, EngineEvent | Started | Answer):
            raise TypeError(type(message).__name__)
        tracked = self._tracked.get(message.container)
        if tracked is None:
            # Of another service, or it started early and its service could not be created.
            return []
        if isinstance(message, Answer):
            tracked.take_answer(message.why, self._settings.clock())
            return [tracked]
        if isinstance(message, EngineEvent):
            self._progress.changed(tracked.container.service, describe(message))
        started = isinstance(message, EngineEvent) and message.action == "start"
        self._look(tracked, started=started)
        self._begin(tracked)
        if isinstance(message, Started) and message.error and not tracked.container.error:
            tracked.container = replace(tracked.container, error=message.error)
        return [tracked]

    def _begin(self, tracked: TrackedContainer) -> None:
        """Start measuring its time: the engine's delay before the start does not count."""
        if tracked.started_at is None:
            now = self._settings.clock()
            tracked.started_at = (
                self._started_at.get(tracked.container.id, now)
                if tracked.has_engine_events
                else now
            )

    def _look(self, tracked: TrackedContainer, *, started: bool = False) -> None:
        """Inspect the container, and note since when it has been running."""
        was = tracked.container
        tracked.container = self._engine.container(was.id) or replace(was, state="removed")
        if tracked.container.exit_code is not None:
            tracked.last_exit_code = tracked.container.exit_code
        if not tracked.container.is_running:
            if tracked.running_since != NEVER:
                tracked.ran_for = self._settings.clock() - tracked.running_since
            tracked.running_since = NEVER
        elif started or not was.is_running or was.restart_count != tracked.container.restart_count:
            tracked.running_since = self._settings.clock()
        self._judging.take_look(tracked)
        tracked.rule = refine(tracked.rule, tracked.container)

    def _advance(self, touched: Iterable[TrackedContainer]) -> None:
        """Judge the front door and the given containers, then start and probe all that are due."""
        door = [
            item for item in self._pending() if item.container.service == self._stack.front_door
        ]
        for tracked in (*door, *touched):
            if tracked.started_at is not None and not tracked.has_failed:
                self._settle(tracked)
        for tracked in self._tracked.values():
            is_idle = tracked.must_start and not tracked.is_start_requested
            if is_idle and not tracked.has_failed and self._may_start(tracked):
                if refused := self._refused(tracked):
                    self.fail(self._judging.failure(tracked, self.containers, refused))
                    continue
                tracked.is_start_requested = True
                self._progress.starting(tracked.container.service)
                start = partial(self._start_one, tracked.container)
                self._starts.submit(tracked.container.service, start)
        now = self._settings.clock()
        for tracked in self._tracked.values():
            due = tracked.rule.probed and tracked.container.is_running and tracked.is_pending
            if due and not tracked.probing and now >= tracked.next_probe:
                tracked.probing = True
                self._probers.submit(self._probe_one, tracked)

    def _judge(self, tracked: TrackedContainer) -> Judgement:
        if tracked.ran_before:
            self._look(tracked)
        return self._judging.judge(tracked)

    def _settle(self, tracked: TrackedContainer) -> None:
        judged = self._judge(tracked)
        if isinstance(judged, Impossible):
            late = " after it was ready" if tracked.ready_at is not None else ""
            self.fail(
                self._judging.failure(
                    tracked, self.containers, replace(judged, cause=judged.cause + late)
                )
            )
            return
        now = self._settings.clock()
        started = now if tracked.started_at is None else tracked.started_at
        if tracked.ready_at is not None:
            return
        if isinstance(judged, Ready):
            changed = (
                self._changed_at.get(tracked.container.id, now)
                if tracked.has_engine_events
                else now
            )
            tracked.ready_at = max(started, changed)
            self._progress.ready(tracked.container.service, tracked.ready_at - started, judged.why)
        elif cause := self._judging.out_of_time(tracked, tracked.since(self._first), judged.why):
            self.fail(self._judging.failure(tracked, self.containers, Impossible(cause)))

    def _may_start(self, tracked: TrackedContainer) -> bool:
        return all(map(self._is_met, self._plan.waits_of(tracked.container.service)))

    def _refused(self, tracked: TrackedContainer) -> Impossible | None:
        """Why Compose would refuse to start it, although its dependencies are far enough."""
        name, known = tracked.container.service, self._tracked.values()
        needs = () if self._stack.own_commands else self._plan.waits_of(name)
        return lacks_check(self._stack, name, needs, known)

    def _is_met(self, need: Dependency) -> bool:
        if need.service in self.failures:
            # The need is optional: a service that requires the failed one has failed as well.
            return True
        return all(
            is_far_enough(need.condition, tracked)
            for tracked in self._tracked.values()
            if tracked.container.service == need.service
        )

    def _note_health(self, event: EngineEvent) -> None:
        if event.action == "start":
            self.healthy_at.pop(event.container, None)
        elif event.health == "healthy" and event.at is not None:
            self.healthy_at.setdefault(event.container, event.at)

    def _start_early_one(self, container: str) -> None:
        self._tell(lambda: Started(container, self._engine.start(container)))

    def _start_one(self, container: Container) -> None:
        self._tell(lambda: Started(container.id, self._start(container)))

    def _probe_one(self, tracked: TrackedContainer) -> None:
        self._tell(lambda: Answer(tracked.container.id, self._judging.ask(tracked)))

    def _tell(self, work: Callable[[], object]) -> None:
        """Put the result of the work into the queue; the loop raises its exception."""
        try:
            self._messages.put(work())
        except BaseException as error:  # noqa: BLE001 - carried to the thread that can act on it
            self._messages.put(error)

    def _deadline(self) -> float:
        """The time at which the loop has to wake even without a message."""
        times = [NEVER]
        for tracked in self._tracked.values():
            if not tracked.is_pending or tracked.started_at is None:
                continue
            times.append(tracked.since(self._first) + self._judging.timeout(tracked))
            if tracked.held_until != NEVER:
                times.append(tracked.held_until)
            elif tracked.container.is_running and tracked.rule.kind is Kind.RUNNING:
                times.append(tracked.running_since + settling_time(tracked.container))
            if tracked.container.is_running and tracked.rule.probed and not tracked.probing:
                times.append(tracked.next_probe)
        return min(times)

    def _waiting(self) -> Mapping[str, str]:
        waiting: dict[str, str] = {}
        for tracked in self._pending():
            has_begun = tracked.started_at is not None
            judged = self._judge(tracked) if has_begun else Waiting("not started yet")
            why = judged.why if isinstance(judged, Waiting) else ""
            waiting[tracked.container.service] = why
        return waiting

    def _verify(self) -> None:
        """List the containers once more: one may have ended after it was ready."""
        listed = {item.id: item for item in self._engine.containers(self._stack.name)}
        for tracked in self._tracked.values():
            container = listed.get(tracked.container.id)
            was = tracked.container.state
            if container is None or container.state != was or container.health == "unhealthy":
                self._look(tracked)
                if not tracked.has_failed:
                    self._settle(tracked)

    def _seconds(self) -> Mapping[str, float]:
        seconds: dict[str, float] = {}
        for tracked in self._tracked.values():
            if (took := tracked.seconds) is not None:
                service = tracked.container.service
                seconds[service] = max(took, seconds.get(service, 0.0))
        return seconds
