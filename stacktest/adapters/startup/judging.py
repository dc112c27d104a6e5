"""Judges a tracked container by its readiness rule, its probes and its timeout."""

import re
from collections.abc import Iterable

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup import probe
from stacktest.adapters.startup.failure_report import container_failed
from stacktest.adapters.startup.tracked_container import OwnAnswer, Settings, TrackedContainer
from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import Answered, Failure
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import (
    RESTARTS_OF_A_LOOP,
    Impossible,
    Judgement,
    Kind,
    PersistentFailure,
    Rule,
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

    def __init__(self, stack: Stack, engine: EnginePort, settings: Settings) -> None:
        self._stack = stack
        self._engine = engine
        self._settings = settings

    def judge(self, tracked: TrackedContainer) -> Judgement:
        """The judgement by its rule now; a refusal counts once it has lasted for its patience."""
        # Restarts before this run do not count: a service may have restarted ten times in a year.
        container = tracked.container
        if not tracked.must_start:
            container = replace(container, restart_count=0)
        now, answer = self._settings.clock(), tracked.answer
        if isinstance(answer, PersistentFailure):
            if container.is_running and now - tracked.refused_since >= answer.patience:
                return Impossible(answer.why, answer.code, answer.hint)
            answer = answer.why
        running_for = max(0.0, now - tracked.running_since)
        return judge(tracked.rule, container, running_for=running_for, answer=answer)

    def out_of_time(self, tracked: TrackedContainer, since: float, why: str) -> str:
        """The reason if its timeout is over; empty while it may still become ready."""
        now, container, timeout = self._settings.clock(), tracked.container, self.timeout(tracked)
        is_loop = tracked.must_start and container.restart_count >= RESTARTS_OF_A_LOOP
        loop = replace(container, exit_code=tracked.last_exit_code)
        if now - since >= timeout:
            late = f"was not ready within {timeout:g} s"
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

    def _ports(self, rule: Rule, name: str) -> tuple[int, ...]:
        """The ports at which the service has to listen by its rule."""
        if rule.kind is Kind.LISTENING:
            return rule.ports
        if rule.kind not in {Kind.TCP, Kind.HTTP}:
            return ()
        port = probe_port(rule, self._stack.services[name], self._stack)
        return () if port is None else (port,)


# Private

_ANSWER = re.compile(r"(?P<url>https?://\S+) answers (?P<status>[1-5]\d\d)\b")


def _answers(cause: str) -> tuple[Answered, ...]:
    """The last answers of a front door, if they are why a service is not ready."""
    return tuple(
        Answered(status=int(match["status"]), url=match["url"]) for match in _ANSWER.finditer(cause)
    )
