"""The state that a bring-up keeps of each container, and the messages between its threads."""

from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import Struct

from stacktest.adapters.network import Connector
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Failure
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.observed_state import Container, EngineEvent
from stacktest.core.plan import USES
from stacktest.core.readiness import Impossible, Kind, PersistentFailure, Rule
from stacktest.core.unknown import Unknown

NEVER = float("inf")
PROBE_PAUSE = 0.2
"""Seconds between two probes of a port, which is polled since no event reports its opening."""


class OwnAnswer(Struct, frozen=True):
    """The front door answered, but possibly not from the service: `why` describes the answer."""

    why: str


DoorAnswer = str | PersistentFailure | OwnAnswer
"""Empty if the service itself answered, else why it did not."""


class Settings(Struct, frozen=True, kw_only=True):
    """The settings that decide when a service counts as ready, and the clock."""

    rules: Mapping[str, Rule]
    timeouts: Mapping[str, float]
    answers: Callable[[str, str], DoorAnswer] | None
    """Service, host name → the front door's answer; None if it cannot be asked."""
    clock: Callable[[], float]
    connector: Connector
    """Connects to ports of containers that are not published."""
    usual: Callable[[str], float | None] = lambda _: None
    """Service → its usual seconds until ready; None if no earlier start is known."""
    diagnose: Callable[[Failure], Diagnosis | None] = lambda _: None
    """The cause of a failed start; None if the facts do not show it."""
    begun: float | None = None
    """Unix time at which the bring-up began: earlier lines of a front door's log do not count."""
    chain_seconds: Mapping[str, float] = {}
    """Service → expected seconds until all that wait for it are ready; the longest start first."""
    can_go_on: Callable[[Collection[str]], bool] = lambda _: False
    """Whether the bring-up still has a purpose without these services; if not, it ends at once."""


class Refusal(Struct, frozen=True, kw_only=True):
    """Since when every end of a program was because it refuses its own configuration."""

    message: str
    exit_code: int | None
    since: float
    restart_count: int


class TrackedContainer(Struct, kw_only=True):
    """One container of a bring-up: its last known state, with the times of its changes."""

    container: Container
    rule: Rule
    must_start: bool
    """Whether this loop has to start it."""
    is_start_requested: bool = False
    """Whether its start was requested from the engine."""
    started_at: float | None = None
    """Time at which the engine had started it, or of the first look if it ran already."""
    running_since: float = NEVER
    last_exit_code: int | None = None
    ran_for: float = 0.0
    """Seconds that its program ran before its last end."""
    answer: str | PersistentFailure | None = None
    """The last answer to a probe; empty: the rule was satisfied."""
    refused_since: float = NEVER
    """Time since which every answer has been the same refusal."""
    refusal: Refusal | None = None
    is_inspected: bool = False
    """Whether it has been inspected: a list call knows no restarts."""
    loop_since: float = NEVER
    """Time at which the restart loop began that it was in before the bring-up."""
    held_until: float = NEVER
    """Time at which its present run has lasted so long that it is not another turn of a loop."""
    next_probe: float = 0.0
    probing: bool = False
    ready_at: float | None = None
    has_failed: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether it is neither ready nor failed."""
        return self.ready_at is None and not self.has_failed

    @property
    def seconds(self) -> float | None:
        """Seconds from its start until it was ready; None if it is not."""
        if self.has_failed or self.ready_at is None or self.started_at is None:
            return None
        return self.ready_at - self.started_at

    @property
    def ran_before(self) -> bool:
        """Whether it runs or restarts since before the bring-up, and was not inspected yet."""
        is_up = self.container.is_running or self.container.state == "restarting"
        return is_up and not (self.must_start or self.is_inspected)

    def since(self, first: float) -> float:
        """Time from which on its timeout counts, in a bring-up that began to wait at `first`."""
        started = first if self.started_at is None else self.started_at
        return min(max(started, first), self.loop_since)

    def begin_again(self, rule: Rule, now: float) -> None:
        """Judge it by another rule from now on, without the answers to the one before."""
        self.rule = rule
        self.started_at = None if self.started_at is None else now
        self.answer, self.refused_since, self.next_probe = None, NEVER, now

    def take_end(self, message: str, now: float) -> None:
        """Store why its program ended: `message` is how it refuses its configuration, or empty."""
        code, before = self.container.exit_code, self.refusal
        if not message:
            self.refusal = None
        elif before is None or (message, code) != (before.message, before.exit_code):
            self.refusal = Refusal(
                message=message,
                exit_code=code,
                since=min(now, self.loop_since),
                restart_count=0 if self.loop_since < now else self.container.restart_count,
            )

    def take_answer(self, answer: str | PersistentFailure | Unknown, now: float) -> None:
        """Store the answer to a probe; if no probe is possible, `running` becomes the rule."""
        self.probing, self.next_probe = False, now + PROBE_PAUSE
        if isinstance(answer, Unknown):
            self.rule = Rule(kind=Kind.RUNNING, derived=True)
            return
        if not isinstance(answer, PersistentFailure):
            self.refused_since = NEVER
        elif self.refused_since == NEVER or answer != self.answer:
            self.refused_since = now
        self.answer = answer

    @property
    def has_engine_events(self) -> bool:
        """Whether an event of the engine shows that it is ready, so that event times are used."""
        return self.rule.kind in {Kind.HEALTHY, Kind.EXITED}


class Started(Struct, frozen=True):
    """A start was requested; `error` is why the engine failed, or empty."""

    container: str
    error: str


class Answer(Struct, frozen=True):
    """The answer to a probe; `why` is why the rule is not satisfied, or empty."""

    container: str
    why: str | PersistentFailure | Unknown


def is_far_enough(condition: str, tracked: TrackedContainer) -> bool:
    """Whether a container satisfies a dependant's `depends_on` condition, or `uses`."""
    container = tracked.container
    match condition:
        case "service_completed_successfully":
            return container.state == "exited" and container.exit_code == 0
        case _ if condition in {"service_healthy", USES}:
            # A configured rule decides, even if it is not the health check.
            return tracked.ready_at is not None
        case _:
            return tracked.started_at is not None and container.state not in {"created", "removed"}


def lacks_check(
    stack: Stack, dependant: str, needs: Iterable[Dependency], tracked: Iterable[TrackedContainer]
) -> Impossible | None:
    """Why Compose refuses a start: it waits for a healthy container that has no health check."""
    running = [item.container for item in tracked if item.container.is_running]
    unchecked = {item.service for item in running if item.health in {"", "none"}}
    for need in needs:
        name = need.service
        if need.condition == "service_healthy" and need.required and name in unchecked:
            off = _disabling_key(stack.services[name])
            key = f"services.{name}.healthcheck"
            why = (
                f"whose health check {key}{off} switches off"
                if off
                else "which has no health check"
            )
            return Impossible(
                f"waits for {name} to be healthy, {why}: Compose refuses that",
                hint=f"{'correct' if off else 'write'} {key}{off} in "
                f"{', '.join(stack.compose_files)}, or let services.{dependant}.depends_on.{name}"
                ".condition be service_started",
            )
    return None


def _disabling_key(service: Service) -> str:
    """The key below `healthcheck` that switches it off; empty if none does."""
    check = (service.definition or {}).get("healthcheck") or {}
    if check.get("disable"):
        return ".disable"
    return ".test" if check.get("test") == ["NONE"] else ""


def describe(event: EngineEvent) -> str:
    """An event as the progress display shows it: `die (exit 3)`, `health_status healthy`."""
    if event.exit_code is not None:
        return f"{event.action} (exit {event.exit_code})"
    return f"{event.action} {event.health}".strip()
