"""Decides whether waiting can still help a service for which the front door answers 502.

Ends a start early if all of this stays unchanged for `STEADY` seconds, or for twice the usual time
of the service, if that is longer:

- it has exactly one container, which runs and has no health check
- it listens, but at none of the ports that its routes use
- its program uses almost no CPU, and writes nothing to its log

A service with a `timeout` of its own in the configuration is not watched.
"""

import datetime as dt
import time
from collections.abc import Callable

from msgspec import Struct

from stacktest.adapters.diagnosis.open_ports import listening_ports
from stacktest.bootstrap.context import Project, now
from stacktest.core.changed_copy import replace
from stacktest.core.container_facts import used_cpus
from stacktest.core.observed_state import Container
from stacktest.core.readiness import PersistentFailure
from stacktest.core.runs.history import usual_boot
from stacktest.core.unknown import Unknown
from stacktest.core.unreached import UpstreamFacts, unreached

STEADY = 40.0
"""Seconds for which nothing may change."""
PAUSE = 3.0
"""Seconds between two observations of one service."""
IDLE = 0.05
"""Most CPU time, as part of one processor, of a program that only waits for requests."""


class _Look(Struct, frozen=True, kw_only=True):
    """One observation of a service."""

    at: float
    unix: float
    why: str = ""
    """Why the front door cannot reach it; empty: no reason is known."""
    container: str = ""
    activity: int = 0
    """In how many observations the program was active."""


class UpstreamWatch:
    """Observes the services of one bring-up that the front door does not reach."""

    def __init__(
        self,
        project: Project,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], dt.datetime] = now,
    ) -> None:
        self._project = project
        self._clock = clock
        self._now = now
        self._looks: dict[str, _Look] = {}

    def judge(self, service: str, answer: str) -> str | PersistentFailure:
        """The front door's answer, or a refusal if waiting does not seem to help."""
        section = self._project.config.services.get(service)
        if section is not None and section.timeout:
            return answer
        look = self._looks.get(service)
        if look is None or self._clock() - look.at >= PAUSE:
            look = self._looks[service] = self._look(service, look)
        if not look.why:
            return answer
        usual = usual_boot(self._project.ledger.recent(service)) or 0.0
        return PersistentFailure(
            f"cannot be reached: {answer}, it {look.why}",
            patience=max(STEADY, 2 * usual),
            seen=f"{look.container} {look.activity}",
        )

    # Private

    def _look(self, service: str, before: _Look | None) -> _Look:
        look = _Look(at=self._clock(), unix=self._now().timestamp())
        container, door = self._running(service), self._running(self._project.stack.front_door)
        if container is None or door is None or container.health not in {"", "none"}:
            return look
        why = self._unreached(container, door)
        since = before.unix if before else look.unix - PAUSE
        is_active = bool(why) and self._is_active(container.id, since)
        activity = (before.activity if before else 0) + is_active
        return replace(look, why=why, container=container.id, activity=activity)

    def _running(self, service: str) -> Container | None:
        """The only container of a service, inspected; None if it has several or does not run."""
        engine, name = self._project.engine, self._project.stack.name
        listed = [c for c in engine.containers(name) if c.service == service and not c.one_off]
        container = engine.container(listed[0].id) if len(listed) == 1 else None
        return container if container is not None and container.is_running else None

    def _unreached(self, container: Container, door: Container) -> str:
        routes = self._project.stack.routes_of(container.service)
        listening = listening_ports(self._project.engine, container.id)
        ports = {route.port for route in routes}
        if listening is None or None in ports:
            return ""
        return unreached(
            UpstreamFacts(
                routed_ports=frozenset(port for port in ports if port is not None),
                open_ports=listening.for_others,
                local_ports=listening.for_itself,
                networks=container.networks,
                door_networks=door.networks,
            )
        )

    def _is_active(self, container: str, since: float) -> bool:
        """Whether the program uses CPU or has written to its log; True also if not known."""
        engine = self._project.engine
        written, stats = (
            engine.logs(container, tail=1, since=since),
            engine.stats(container, twice=True),
        )
        if isinstance(written, Unknown) or isinstance(stats, Unknown):
            return True
        return bool(written.strip()) or used_cpus(stats) > IDLE
