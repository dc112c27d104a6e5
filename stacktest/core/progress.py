"""Interface for the progress of a bring-up; a subclass overrides the methods that it needs."""

from collections.abc import Callable, Mapping, Sequence

from stacktest.core.plan import Plan


class Progress:
    """Receives what happens during a bring-up; every method does nothing."""

    def planned(
        self, plan: Plan, missing: Sequence[str], usual: Callable[[str], float | None]
    ) -> None:
        """The plan is made; `missing` are the services that have to be started.

        `usual(service)` is how many seconds its start took in earlier runs, if that is known.
        """

    def creating(self, services: Sequence[str]) -> None:
        """Compose pulls and builds images and creates containers that these services lack."""

    def starting(self, service: str) -> None:
        """Everything that the service waits for is there; its container is started."""

    def changed(self, service: str, what: str) -> None:
        """The engine reported a change: `start`, `health_status healthy`, `die (exit 3)`."""

    def ready(self, service: str, seconds: float, why: str) -> None:
        """The service is ready, so many seconds after its start."""

    def heartbeat(self, seconds: float, waiting: Mapping[str, str]) -> None:
        """Nothing changed for a while: service → why it is not ready, `seconds` after the start."""

    def not_started(self, service: str, why: str, without: Sequence[str]) -> None:
        """The service will not become ready; the run goes on without it and `without`.

        `without` are the services that need it.
        """

    def over(self) -> None:
        """All services are ready; no further call follows."""

    def failed(self, service: str, why: str, *, removed: bool) -> None:
        """The bring-up failed: `service` (if one is the cause) will not become ready.

        `removed`: what the run created is removed next, which takes a moment. No call follows.
        """
