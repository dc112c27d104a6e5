"""What a bring-up remembers of each container, and the messages between its threads."""

from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import Struct

from stacktest.adapters.network import Connector
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Failure
from stacktest.core.model import Dependency
from stacktest.core.observed_state import Container, EngineEvent
from stacktest.core.plan import USES
from stacktest.core.readiness import Impossible, Kind, Refused, Rule
from stacktest.core.unknown import Unknown

NEVER = float("inf")
PROBE_PAUSE = 0.2
"""Seconds between two probes of a port: no event tells that it has opened."""


class OwnAnswer(Struct, frozen=True):
    """The front door answered, and may have answered by itself: `why` names the answer."""

    why: str


DoorAnswer = str | Refused | OwnAnswer
"""Empty when the service itself answered, else why it did not."""


class Settings(Struct, frozen=True, kw_only=True):
    """What decides when a service counts as ready, and the clock that measures it."""

    rules: Mapping[str, Rule]
    timeouts: Mapping[str, float]
    answers: Callable[[str, str], DoorAnswer] | None
    """Service, host name → what the front door answers; None where there is no way to ask."""
    clock: Callable[[], float]
    connector: Connector
    """Connects to ports of containers that are not published."""
    usual: Callable[[str], float | None] = lambda _: None
    """Service → seconds that it usually takes, where earlier starts are known."""
    diagnose: Callable[[Failure], Diagnosis | None] = lambda _: None
    """What is the cause of a failed start, where the facts decide it."""
    begun: float | None = None
    """When it began, in Unix time: what a front door wrote before is about something else."""
    can_go_on: Callable[[Collection[str]], bool] = lambda _: False
    """Whether the bring-up has a purpose without these services; if not, it ends at once."""


class TrackedContainer(Struct, kw_only=True):
    """One container of a bring-up: its last known state, and since when it is in it."""

    container: Container
    rule: Rule
    must_start: bool
    """True when this loop has to start it."""
    is_start_requested: bool = False
    """True once the engine was asked to start it."""
    started_at: float | None = None
    """When the engine had started it, or when it was first looked at if it ran already."""
    running_since: float = NEVER
    last_exit_code: int | None = None
    ran_for: float = 0.0
    """How long its program ran before it ended last."""
    answer: str | Refused | None = None
    """The last answer to a probe: empty when it was satisfied."""
    refused_since: float = NEVER
    """Since when every answer has been the same refusal."""
    next_probe: float = 0.0
    probing: bool = False
    ready_at: float | None = None
    has_failed: bool = False

    @property
    def is_pending(self) -> bool:
        """True while it is neither ready nor given up."""
        return self.ready_at is None and not self.has_failed

    def take_answer(self, answer: str | Refused | Unknown, now: float) -> None:
        """Note what a probe answered; where nothing can probe, running has to be enough."""
        self.probing, self.next_probe = False, now + PROBE_PAUSE
        if isinstance(answer, Unknown):
            self.rule = Rule(kind=Kind.RUNNING, derived=True)
            return
        if not isinstance(answer, Refused):
            self.refused_since = NEVER
        elif self.refused_since == NEVER or answer != self.answer:
            self.refused_since = now
        self.answer = answer

    @property
    def has_engine_events(self) -> bool:
        """True when the engine itself tells that it is ready, so that its events have the times."""
        return self.rule.kind in {Kind.HEALTHY, Kind.EXITED}


class Started(Struct, frozen=True):
    """A start was asked for; `error` is why the engine could not, or empty."""

    container: str
    error: str


class Answer(Struct, frozen=True):
    """A probe came back; `why` is why the probe was not satisfied, or empty."""

    container: str
    why: str | Refused | Unknown


def is_far_enough(condition: str, tracked: TrackedContainer) -> bool:
    """Whether a container satisfies a dependant's `depends_on` condition, or `uses`."""
    container = tracked.container
    match condition:
        case "service_completed_successfully":
            return container.state == "exited" and container.exit_code == 0
        case _ if condition in {"service_healthy", USES}:
            # Where a person wrote another rule than the health check, that rule decides.
            return tracked.ready_at is not None
        case _:
            return tracked.started_at is not None and container.state not in {"created", "removed"}


def lacks_check(
    needs: Iterable[Dependency], containers: Iterable[TrackedContainer]
) -> Impossible | None:
    """Why Compose does not start what waits for a container to be healthy that has no check."""
    running = [item.container for item in containers if item.container.is_running]
    unchecked = {item.service for item in running if item.health in {"", "none"}}
    for need in needs:
        name = need.service
        if need.condition == "service_healthy" and need.required and name in unchecked:
            return Impossible(
                f"waits for {name} to be healthy, which has no health check: Compose refuses that",
                hint=f"write a health check for {name}, or `condition: service_started`",
            )
    return None


def describe(event: EngineEvent) -> str:
    """An event as progress shows it: `die (exit 3)`, `health_status healthy`."""
    if event.exit_code is not None:
        return f"{event.action} (exit {event.exit_code})"
    return f"{event.action} {event.health}".strip()
