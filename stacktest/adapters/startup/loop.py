"""Starts containers in the order of the plan and follows the engine's events until all are ready.

One thread reads events, a few start containers or probe ports; all put what they learn into one
queue. This loop takes from the queue, looks at the container concerned, judges it and starts what
has become possible. It wakes without news only for a deadline: a container that has run for long
enough, the next probe of a port, the end of somebody's time, a heartbeat.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.startup import probe
from stacktest.adapters.startup.failure_report import NotReadyError, container_failed
from stacktest.adapters.startup.heartbeat import HEARTBEAT
from stacktest.adapters.startup.tracked_container import (
    EVER,
    Answer,
    Settings,
    Started,
    Unit,
    in_words,
    is_far_enough,
)
from stacktest.core.model import Dependency, Stack
from stacktest.core.observed_state import Container, Happening
from stacktest.core.plan import Plan
from stacktest.core.progress import Progress
from stacktest.core.readiness import (
    Impossible,
    Judgement,
    Kind,
    Ready,
    Waiting,
    judge,
    probe_port,
    refine,
    settling_time,
)
from stacktest.errors import ToolMissingError

DEFAULT_TIMEOUT = 120.0
PROBE_PAUSE = 0.2
"""Seconds between two probes of a port: no event tells that it has opened."""


_STREAM_ENDED = object()


class Loop:
    """The containers of one bring-up, from created to ready."""

    def __init__(
        self, stack: Stack, plan: Plan, engine: Engine, settings: Settings, said: Progress
    ) -> None:
        self._stack = stack
        self._plan = plan
        self._engine = engine
        self._settings = settings
        self._said = said
        self._units: dict[str, Unit] = {}
        self._news: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._start: Callable[[Container], str] = lambda each: engine.start(each.id)
        self._early: Callable[[Happening], bool] = lambda _: False
        self._started_early: set[str] = set()
        # By container, when the engine told it: early ones may be ready before anybody looks.
        self._started_at: dict[str, float] = {}
        self._changed_at: dict[str, float] = {}
        self._first = 0.0
        self._starters = ThreadPoolExecutor(max_workers=16, thread_name_prefix="start")
        self._probers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="probe")

    @property
    def containers(self) -> tuple[Container, ...]:
        """The containers as they were last seen."""
        return tuple(unit.seen for unit in self._units.values())

    def add_present(self, containers: Iterable[Container]) -> None:
        """Follow containers that exist already and are not ours to start."""
        now = self._settings.clock()
        for each in containers:
            rule = refine(self._settings.rules[each.service], each)
            unit = Unit(seen=each, rule=rule, ours=False, begun=now)
            self._units[each.id] = unit
            if each.is_running and rule.kind is Kind.RUNNING:
                self._look(unit)
                # It ran before we came; only one that has restarted has to show that it stays.
                unit.running_since = now if unit.seen.restart_count else -EVER

    def start_early(self, services: Iterable[str], run_id: str) -> None:
        """Start the run's containers of these services as soon as they exist, where none waits.

        The others are still being created then; `add_created` is told about all of them.
        """
        free = {name for name in services if not self._plan.waits_of(name)}
        self._early = lambda news: news.run_id == run_id and news.service in free

    def add_created(
        self, containers: Iterable[Container], start: Callable[[Container], str]
    ) -> None:
        """Follow and start containers; `start` answers why one could not be started."""
        self._start = start
        for each in containers:
            rule = self._settings.rules[each.service]
            asked = each.id in self._started_early
            self._units[each.id] = Unit(seen=each, rule=rule, ours=True, asked=asked)
            if asked:
                self._said.starting(each.service)

    def settle(self) -> bool:
        """True when everything is ready as it stands: the whole of a warm run."""
        for unit in self._units.values():
            if unit.rule.probed and unit.seen.is_running:
                unit.answer = self._ask(unit)
            if isinstance(self._judge(unit), Ready):
                unit.ready_at = unit.begun
        return all(unit.ready_at is not None for unit in self._units.values())

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within it, the engine's events arrive; opened before anything is created."""
        events = self._engine.events(self._stack.name)

        def read() -> None:
            for happening in events:
                if happening.action == "create":
                    self._created(happening)
                    continue
                self._changed_at[happening.container] = now = self._settings.clock()
                if happening.action == "start":
                    self._started_at.setdefault(happening.container, now)
                self._news.put(happening)
            self._news.put(_STREAM_ENDED)

        threading.Thread(target=read, name="events", daemon=True).start()
        try:
            yield
        finally:
            # Starts in flight have to end, or removing would race with them; probes need not.
            self._starters.shutdown(wait=True, cancel_futures=True)
            self._probers.shutdown(wait=False, cancel_futures=True)
            events.close()

    def run(self) -> Mapping[str, float]:
        """Seconds per service until it was ready; raises about the first that cannot be."""
        self._first = self._settings.clock()
        beat = self._first + HEARTBEAT
        self._advance(self._units.values())
        while not all(unit.ready_at is not None for unit in self._units.values()):
            pause = max(0.0, min(self._deadline(), beat) - self._settings.clock())
            try:
                touched = self._learn(self._news.get(timeout=pause))
            except queue.Empty:
                touched = [unit for unit in self._units.values() if unit.ready_at is None]
            self._advance(touched)
            if (now := self._settings.clock()) >= beat:
                beat = now + HEARTBEAT
                self._said.heartbeat(now - self._first, self._waiting())
        self._verify()
        return self._seconds()

    # Private

    def _learn(self, news: object) -> list[Unit]:
        """The containers that the news is about, looked at again."""
        if news is _STREAM_ENDED:
            raise ToolMissingError(
                "the container engine ended its stream of events",
                where=self._engine.socket.address,
                hint="stacktest doctor",
            )
        if isinstance(news, BaseException):
            raise news
        if isinstance(news, Happening):
            unit = self._units.get(news.container)
            if unit is None:
                return []
            self._said.seen(unit.seen.service, in_words(news))
            self._look(unit, started=news.action == "start")
            self._begin(unit)
            return [unit]
        if isinstance(news, Started):
            unit = self._units[news.container]
            self._look(unit)
            self._begin(unit)
            if news.error and not unit.seen.error:
                unit.seen = replace(unit.seen, error=news.error)
            return [unit]
        if isinstance(news, Answer):
            unit = self._units[news.container]
            unit.answer, unit.probing = news.why, False
            unit.next_probe = self._settings.clock() + PROBE_PAUSE
            return [unit]
        raise TypeError(type(news).__name__)

    def _begin(self, unit: Unit) -> None:
        """Its time runs from here: how long the engine took to start it is no fault of its own."""
        if unit.begun is None:
            now = self._settings.clock()
            unit.begun = self._started_at.get(unit.seen.id, now) if unit.is_told else now

    def _look(self, unit: Unit, *, started: bool = False) -> None:
        """Ask the engine about the container; note since when it has been running."""
        was = unit.seen
        unit.seen = self._engine.container(was.id) or replace(was, state="removed")
        if not unit.seen.is_running:
            unit.running_since = EVER
        elif started or not was.is_running or was.restart_count != unit.seen.restart_count:
            unit.running_since = self._settings.clock()
        unit.rule = refine(unit.rule, unit.seen)

    def _advance(self, touched: Iterable[Unit]) -> None:
        """Judge what was touched, then start and probe what has become possible."""
        for unit in list(touched):
            if unit.begun is not None:
                self._settle(unit)
        for unit in self._units.values():
            if unit.ours and not unit.asked and self._may_start(unit):
                unit.asked = True
                self._said.starting(unit.seen.service)
                self._starters.submit(self._start_one, unit.seen)
        now = self._settings.clock()
        for unit in self._units.values():
            due = unit.rule.probed and unit.seen.is_running and unit.ready_at is None
            if due and not unit.probing and now >= unit.next_probe:
                unit.probing = True
                self._probers.submit(self._probe_one, unit)

    def _settle(self, unit: Unit) -> None:
        judged = self._judge(unit)
        if isinstance(judged, Impossible):
            late = " after it was ready" if unit.ready_at is not None else ""
            raise self._failed(unit, judged.cause + late)
        now = self._settings.clock()
        begun = now if unit.begun is None else unit.begun
        if unit.ready_at is not None:
            return
        if isinstance(judged, Ready):
            changed = self._changed_at.get(unit.seen.id, now) if unit.is_told else now
            unit.ready_at = max(begun, changed)
            self._said.ready(unit.seen.service, unit.ready_at - begun, judged.why)
        elif now - self._waited_since(begun) >= self._timeout(unit):
            cause = f"was not ready within {self._timeout(unit):g} s: {judged.why}"
            raise self._failed(unit, cause)

    def _judge(self, unit: Unit) -> Judgement:
        # Restarts before we came are history: a service may have restarted ten times in a year.
        seen = unit.seen if unit.ours else replace(unit.seen, restart_count=0)
        running_for = max(0.0, self._settings.clock() - unit.running_since)
        return judge(unit.rule, seen, running_for=running_for, answer=unit.answer)

    def _may_start(self, unit: Unit) -> bool:
        return all(self._is_met(need) for need in self._plan.waits_of(unit.seen.service))

    def _is_met(self, need: Dependency) -> bool:
        return all(
            is_far_enough(need.condition, unit)
            for unit in self._units.values()
            if unit.seen.service == need.service
        )

    def _created(self, news: Happening) -> None:
        # Seen too late to be in `add_created`'s way, it is started twice: the engine does not mind.
        if self._early(news):
            self._started_early.add(news.container)
            self._starters.submit(self._start_early_one, news.container)

    def _start_early_one(self, container: str) -> None:
        self._tell(lambda: Started(container, self._engine.start(container)))

    def _start_one(self, container: Container) -> None:
        self._tell(lambda: Started(container.id, self._start(container)))

    def _probe_one(self, unit: Unit) -> None:
        self._tell(lambda: Answer(unit.seen.id, self._ask(unit)))

    def _tell(self, work: Callable[[], object]) -> None:
        """Put what the work answers into the queue; what it raises is raised by the loop."""
        try:
            self._news.put(work())
        except BaseException as error:  # noqa: BLE001 - carried to the thread that can act on it
            self._news.put(error)

    def _ask(self, unit: Unit) -> str:
        service = self._stack.services[unit.seen.service]
        if unit.rule.kind is Kind.ROUTED:
            return self._settings.answers(unit.rule.host) if self._settings.answers else ""
        port = probe_port(unit.rule, service, self._stack)
        if port is None:
            return "no port is known; write http:PORT/path"
        return probe.ask(unit.rule, service, port, unit.seen, self._settings.connector)

    def _waited_since(self, begun: float) -> float:
        """What it may wait for does not exist before everything is created."""
        return max(begun, self._first)

    def _timeout(self, unit: Unit) -> float:
        return self._settings.timeouts.get(unit.seen.service, DEFAULT_TIMEOUT)

    def _deadline(self) -> float:
        """When to look again even without news."""
        times = [EVER]
        for unit in self._units.values():
            if unit.ready_at is not None or unit.begun is None:
                continue
            times.append(self._waited_since(unit.begun) + self._timeout(unit))
            if unit.seen.is_running and unit.rule.kind is Kind.RUNNING:
                times.append(unit.running_since + settling_time(unit.seen))
            if unit.seen.is_running and unit.rule.probed and not unit.probing:
                times.append(unit.next_probe)
        return min(times)

    def _waiting(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for unit in self._units.values():
            if unit.ready_at is None:
                judged = self._judge(unit) if unit.begun is not None else Waiting("not started yet")
                found[unit.seen.service] = judged.why if isinstance(judged, Waiting) else ""
        return found

    def _verify(self) -> None:
        """One last list: what was ready first may have ended while the last one started."""
        now = {each.id: each for each in self._engine.containers(self._stack.name)}
        for unit in self._units.values():
            seen = now.get(unit.seen.id)
            if seen is None or seen.state != unit.seen.state or seen.health == "unhealthy":
                self._look(unit)
                self._settle(unit)

    def _failed(self, unit: Unit, cause: str) -> NotReadyError:
        return container_failed(
            self._stack,
            unit.seen,
            cause,
            engine=self._engine,
            others={each.seen.service: each.seen for each in self._units.values()},
            ready=str(unit.rule),
            usual=self._settings.usual(unit.seen.service),
        )

    def _seconds(self) -> Mapping[str, float]:
        found: dict[str, float] = {}
        for unit in self._units.values():
            if unit.ready_at is not None and unit.begun is not None:
                took = unit.ready_at - unit.begun
                found[unit.seen.service] = max(took, found.get(unit.seen.service, 0.0))
        return found
