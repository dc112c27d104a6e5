"""What a bring-up remembers of each container, and the messages between its threads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stacktest.adapters.network import Connector
from stacktest.core.observed_state import Container, EngineEvent
from stacktest.core.plan import USES
from stacktest.core.readiness import Kind, Rule

NEVER = float("inf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What decides when a service counts as ready, and the clock that measures it."""

    rules: Mapping[str, Rule]
    timeouts: Mapping[str, float]
    answers: Callable[[str], str] | None
    clock: Callable[[], float]
    connector: Connector
    """Connects to ports of containers that are not published."""
    usual: Callable[[str], float | None] = lambda _: None
    """Service → seconds that it usually takes, where earlier starts are known."""


@dataclass(kw_only=True, slots=True)
class TrackedContainer:
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
    answer: str | None = None
    next_probe: float = 0.0
    probing: bool = False
    ready_at: float | None = None

    @property
    def has_engine_events(self) -> bool:
        """True when the engine itself tells that it is ready, so that its events have the times."""
        return self.rule.kind in {Kind.HEALTHY, Kind.EXITED}


@dataclass(frozen=True, slots=True)
class Started:
    """A start was asked for; `error` is why the engine could not, or empty."""

    container: str
    error: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A probe came back; `why` is why the probe was not satisfied, or empty."""

    container: str
    why: str


def is_far_enough(condition: str, tracked: TrackedContainer) -> bool:
    """Whether a container satisfies a dependant's `depends_on` condition, or `uses`."""
    container = tracked.container
    match condition:
        case "service_completed_successfully":
            return container.state == "exited" and container.exit_code == 0
        case "service_healthy":
            return container.health == "healthy" or (
                not container.health and tracked.ready_at is not None
            )
        case _ if condition == USES:
            return tracked.ready_at is not None
        case _:
            return tracked.started_at is not None and container.state not in {"created", "removed"}


def describe(event: EngineEvent) -> str:
    """An event as progress shows it: `die (exit 3)`, `health_status healthy`."""
    if event.exit_code is not None:
        return f"{event.action} (exit {event.exit_code})"
    return f"{event.action} {event.health}".strip()
