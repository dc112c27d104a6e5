"""Judges a tracked container by its readiness rule, its probes and its timeout."""

import re
from collections.abc import Iterable, Mapping

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup import probe
from stacktest.adapters.startup.failure_report import container_failed
from stacktest.adapters.startup.joined_network import lost_network
from stacktest.adapters.startup.restart_loop import refusal_of, running_for, seconds_of_loop
from stacktest.adapters.startup.tracked_container import (
    NEVER,
    OwnAnswer,
    Settings,
    TrackedContainer,
)
from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import Answered, Failure
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.plan import Plan, all_needs
from stacktest.core.readiness import (
    CALM,
    PERSISTENT,
    RESTARTS_OF_A_LOOP,
    Impossible,
    Judgement,
    Kind,
    PersistentFailure,
    Ready,
    Rule,
    Waiting,
    judge,
    pause_before_restart,
    probe_port,
    restarts,
)
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError

DEFAULT_TIMEOUT = 120.0
"""Seconds until a start counts as failed, if the configuration and health check set no more."""


class Judging:
    """Decides whether a container is ready, may still become ready, or never will."""

    def __init__(
        self,
        stack: Stack,
        plan: Plan,
        engine: EnginePort,
        settings: Settings,
        tracked: Mapping[str, TrackedContainer],
    ) -> None:
        self._stack = stack
        self._tracked = tracked
        self._plan = plan
        self._engine = engine
        self._settings = settings

    def judge(self, tracked: TrackedContainer) -> Judgement:
        """The judgement by its rule now; a refusal counts once it has lasted for its patience."""
        # Restarts before this run do not count: a service may have restarted ten times in a year.
        container = tracked.container
        if not tracked.must_start:
            container = replace(container, restart_count=0)
        now, answer = self._settings.clock(), tracked.answer
        tracked.held_until = NEVER
        if isinstance(answer, PersistentFailure):
            if container.is_running and now - tracked.refused_since >= answer.patience:
                return Impossible(answer.why, answer.code, answer.hint)
            answer = answer.why
        if self._is_refused(tracked):
            loop = restarts(tracked.container)
            return Impossible(f"is in a restart loop{loop}: it refuses its own configuration")
        lasted = max(0.0, now - tracked.running_since)
        judged = judge(tracked.rule, container, running_for=lasted, answer=answer)
        if isinstance(judged, Waiting) and container.is_running:
            return self._lost_network(tracked) or judged
        return self._held(tracked, judged) if isinstance(judged, Ready) else judged

    def take_look(self, tracked: TrackedContainer) -> None:
        """Note what its container, which was just inspected, shows of a restart loop."""
        container, now = tracked.container, self._settings.clock()
        others = self._others(tracked)
        if tracked.ran_before and container.is_running:
            age = running_for(self._engine, container) if container.restart_count else NEVER
            tracked.running_since = now - age
        tracked.is_inspected = True
        if container.state != "restarting":
            return
        if not tracked.must_start and tracked.loop_since == NEVER:
            tracked.loop_since = now - self._seconds_of_loop(tracked, others)
        needs = {need.service for need in self._plan.waits_of(container.service)}
        # What is reached through a front door becomes ready after it, although it starts before.
        is_waiting = any(
            item.is_pending and item.rule.kind is not Kind.ROUTED
            for item in others
            if item.container.service in needs
        )
        message = "" if is_waiting else refusal_of(self._engine, self._stack, container)
        tracked.take_end(message, now)

    def out_of_time(self, tracked: TrackedContainer, since: float, why: str) -> str:
        """The reason if its timeout is over; empty while it may still become ready."""
        now, container, timeout = self._settings.clock(), tracked.container, self.timeout(tracked)
        has_looped = tracked.must_start or tracked.loop_since != NEVER
        is_loop = has_looped and container.restart_count >= RESTARTS_OF_A_LOOP
        loop = replace(container, exit_code=tracked.last_exit_code)
        if now - since >= timeout:
            late = f"was not ready within {timeout:g} s{self._granted(tracked, timeout)}"
            return f"is in a restart loop{restarts(loop)}" if is_loop else f"{late}: {why}"
        if is_loop and container.state == "restarting":
            pause = pause_before_restart(container.restart_count, tracked.ran_for)
            if now - since + pause >= timeout:
                # The engine doubles its pauses: the next attempt would be after the timeout.
                return f"is in a restart loop{restarts(loop)}"
        return ""

    def timeout(self, tracked: TrackedContainer) -> float:
        """Seconds to wait: its own setting, else the default, or longer if its health check is."""
        own = self._settings.timeouts.get(tracked.container.service)
        return own or max(DEFAULT_TIMEOUT, tracked.container.health_limit)

    def ask(self, tracked: TrackedContainer) -> str | PersistentFailure | Unknown:
        """The answer to a probe; Unknown if a derived rule cannot be probed from this machine."""
        rule, doubt = tracked.rule, ""
        if rule.kind is Kind.ROUTED and self._settings.answers is not None:
            answer = self._settings.answers(tracked.container.service, rule.host)
            # An answer that may be the front door's own counts only if the service also listens.
            if not isinstance(answer, OwnAnswer):
                return answer
            doubt = f"{answer.why}, and "
        try:
            probed = probe.ask(rule, self._stack, tracked.container, self._settings.connector)
            return f"{doubt}{probed}" if isinstance(probed, str) and probed else probed
        except ToolMissingError as error:
            if not rule.derived:
                raise
            return Unknown(error.what)

    def failure(
        self, tracked: TrackedContainer, neighbours: Iterable[Container], judged: Impossible
    ) -> StartFailure:
        """The report about a container that will not become ready."""
        name = tracked.container.service
        failure = Failure(
            services=(name,),
            text=judged.cause,
            answers=_answers(judged.cause),
            is_start=True,
            ports=self._ports(tracked.rule, name),
        )
        return container_failed(
            self._stack,
            tracked.container,
            judged,
            engine=self._engine,
            others={container.service: container for container in neighbours},
            rule=tracked.rule,
            usual=self._settings.usual(name),
            diagnosis=self._settings.diagnose(failure),
            since=self._settings.begun,
        )

    # Private

    def _others(self, tracked: TrackedContainer) -> list[TrackedContainer]:
        return [item for item in self._tracked.values() if item is not tracked]

    def _lost_network(self, tracked: TrackedContainer) -> Impossible | None:
        others = (item.container for item in self._others(tracked))
        return lost_network(self._engine, self._stack, tracked.container, others)

    def _seconds_of_loop(
        self, tracked: TrackedContainer, others: Iterable[TrackedContainer]
    ) -> float:
        name = tracked.container.service
        free = [
            item for item in others if name not in all_needs(self._stack, item.container.service)
        ]
        if any(item.must_start for item in free):
            # It may have waited for what this bring-up starts.
            return 0.0
        return seconds_of_loop(self._engine, tracked.container, [item.container for item in free])

    def _is_refused(self, tracked: TrackedContainer) -> bool:
        """Whether it has ended for seconds, and more than twice, because of its configuration."""
        refusal, container = tracked.refusal, tracked.container
        return (
            refusal is not None
            and container.state == "restarting"
            and container.restart_count - refusal.restart_count >= _MORE_ENDS
            and self._settings.clock() - refusal.since >= PERSISTENT
        )

    def _held(self, tracked: TrackedContainer, judged: Ready) -> Judgement:
        """Not ready yet if it was restarted before this run, and has not run for long since."""
        container, until = tracked.container, tracked.running_since + CALM
        is_held = not tracked.must_start and container.is_running and container.restart_count > 0
        if not is_held or self._settings.clock() >= until:
            return judged
        tracked.held_until = until
        return Waiting(f"was restarted a moment ago{restarts(container)}")

    def _granted(self, tracked: TrackedContainer, timeout: float) -> str:
        """A note that its own timeout ends before its health check has to pass, or empty."""
        is_checked, granted = tracked.rule.kind is Kind.HEALTHY, tracked.container.health_limit
        if not is_checked or timeout >= granted:
            return ""
        return f", its own timeout, although its health check has {granted:g} s"

    def _ports(self, rule: Rule, name: str) -> tuple[int, ...]:
        """The ports at which the service has to listen by its rule."""
        if rule.kind is Kind.LISTENING:
            return rule.ports
        if rule.kind not in {Kind.TCP, Kind.HTTP}:
            return ()
        port = probe_port(rule, self._stack.services[name], self._stack)
        return () if port is None else (port,)


# Private

_MORE_ENDS = 2
_ANSWER = re.compile(r"(?P<url>https?://\S+) answers (?P<status>[1-5]\d\d)\b")


def _answers(cause: str) -> tuple[Answered, ...]:
    """The last answers of a front door, if they are why a service is not ready."""
    return tuple(
        Answered(status=int(match["status"]), url=match["url"]) for match in _ANSWER.finditer(cause)
    )
