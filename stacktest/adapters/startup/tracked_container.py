"""What a bring-up remembers of each container, and the news that its threads tell one another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stacktest.adapters.network import Connector
from stacktest.core.observed_state import Container, Happening
from stacktest.core.plan import USES
from stacktest.core.readiness import Kind, Rule

EVER = float("inf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What decides when a service counts as ready, and the clock that measures it."""

    rules: Mapping[str, Rule]
    timeouts: Mapping[str, float]
    answers: Callable[[str], str] | None
    clock: Callable[[], float]
    connector: Connector
    """To the ports of containers that are not published."""
    usual: Callable[[str], float | None] = lambda _: None
    """Service → seconds that it usually takes, where earlier starts are known."""


@dataclass(kw_only=True, slots=True)
class Unit:
    """One container on its way: what was seen of it last, and since when."""

    seen: Container
    rule: Rule
    ours: bool
    """True when this loop has to start it."""
    asked: bool = False
    """True once the engine was asked to start it."""
    begun: float | None = None
    """When the engine had started it, or when it was first looked at if it ran already."""
    running_since: float = EVER
    answer: str | None = None
    next_probe: float = 0.0
    probing: bool = False
    ready_at: float | None = None

    @property
    def is_told(self) -> bool:
        """True when the engine itself tells that it is ready, so that its events have the times."""
        return self.rule.kind in {Kind.HEALTHY, Kind.EXITED}


@dataclass(frozen=True, slots=True)
class Started:
    """A start was asked for; `error` is why the engine could not, or empty."""

    container: str
    error: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A probe came back; `why` is why it was not content, or empty."""

    container: str
    why: str


def is_far_enough(condition: str, unit: Unit) -> bool:
    """Whether a container satisfies somebody's `depends_on` condition, or `uses`."""
    seen = unit.seen
    match condition:
        case "service_completed_successfully":
            return seen.state == "exited" and seen.exit_code == 0
        case "service_healthy":
            return seen.health == "healthy" or (not seen.health and unit.ready_at is not None)
        case _ if condition == USES:
            return unit.ready_at is not None
        case _:
            return unit.begun is not None and seen.state not in {"created", "removed"}


def in_words(news: Happening) -> str:
    """An event as progress shows it: `die (exit 3)`, `health_status healthy`."""
    if news.exit_code is not None:
        return f"{news.action} (exit {news.exit_code})"
    return f"{news.action} {news.health}".strip()
