"""Whether a service that the front door answers 502 for can still become reachable by waiting.

Ends a start early where all of this stays as it is for `STEADY` seconds, or for twice as long as
the service usually takes, if that is longer:

- it has one container, which runs and has no health check
- it listens, and at none of the ports that its routes ask for
- its program does next to nothing, and writes nothing

No container is looked at where somebody gave the service a time of its own.
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
from stacktest.core.readiness import Refused
from stacktest.core.runs.history import usual_boot
from stacktest.core.unknown import Unknown
from stacktest.core.unreached import Sight, unreached

STEADY = 40.0
"""Seconds for which nothing may change."""
PAUSE = 3.0
"""Seconds between two looks at one service."""
IDLE = 0.05
"""Of one processor, what a program uses at most that waits for requests."""


class _Look(Struct, frozen=True, kw_only=True):
    """One look at a service."""

    at: float
    unix: float
    why: str = ""
    """What is against its being reached; empty: nothing that is known."""
    container: str = ""
    activity: int = 0
    """How many looks have seen the program do something."""


class UpstreamWatch:
    """Looks at the services of one bring-up that the front door does not reach."""

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

    def judge(self, service: str, answer: str) -> str | Refused:
        """The front door's answer; a refusal where waiting does not seem to change it."""
        section = self._project.config.services.get(service)
        if section is not None and section.timeout:
            return answer
        look = self._looks.get(service)
        if look is None or self._clock() - look.at >= PAUSE:
            look = self._looks[service] = self._look(service, look)
        if not look.why:
            return answer
        usual = usual_boot(self._project.ledger.recent(service)) or 0.0
        return Refused(
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
        """The one container of a service, as the engine inspects it; None where it is not one."""
        engine, name = self._project.engine, self._project.stack.name
        listed = [c for c in engine.containers(name) if c.service == service and not c.one_off]
        container = engine.container(listed[0].id) if len(listed) == 1 else None
        return container if container is not None and container.is_running else None

    def _unreached(self, container: Container, door: Container) -> str:
        routes = self._project.stack.routes_of(container.service)
        listening = listening_ports(self._project.engine, container.id)
        asked = {route.port for route in routes}
        if listening is None or None in asked:
            return ""
        return unreached(
            Sight(
                asked=frozenset(port for port in asked if port is not None),
                open_ports=listening.for_others,
                local_ports=listening.for_itself,
                networks=container.networks,
                door_networks=door.networks,
            )
        )

    def _is_active(self, container: str, since: float) -> bool:
        """Whether the program works or has written something; also where that is not known."""
        engine = self._project.engine
        written, stats = (
            engine.logs(container, tail=1, since=since),
            engine.stats(container, twice=True),
        )
        if isinstance(written, Unknown) or isinstance(stats, Unknown):
            return True
        return bool(written.strip()) or used_cpus(stats) > IDLE
