"""What a bring-up reports while it works; a subclass overrides the methods that it cares about."""

from collections.abc import Callable, Mapping, Sequence

from stacktest.core.plan import Plan


class Progress:
    """Receives what happens during a bring-up; every method does nothing."""

    def planned(
        self, plan: Plan, missing: Sequence[str], usual: Callable[[str], float | None]
    ) -> None:
        """The plan is made; `missing` are the services that have to be started.

        `usual(service)` is how many seconds it took in earlier runs, where that is known.
        """

    def creating(self, services: Sequence[str]) -> None:
        """Compose pulls, builds and creates what these services lack."""

    def starting(self, service: str) -> None:
        """Everything that the service waits for is there; its container is started."""

    def changed(self, service: str, what: str) -> None:
        """The engine reported a change: `start`, `health_status healthy`, `die (exit 3)`."""

    def ready(self, service: str, seconds: float, why: str) -> None:
        """The service is ready, so many seconds after its start."""

    def heartbeat(self, seconds: float, waiting: Mapping[str, str]) -> None:
        """No news for a while: what is waited for, and why, `seconds` after the start."""

    def not_started(self, service: str, why: str, without: Sequence[str]) -> None:
        """The service will not become ready; the run goes on without it and `without`.

        `without` are the services that need it.
        """

    def over(self) -> None:
        """All is ready; nothing more follows."""

    def failed(self, service: str, why: str, *, removed: bool) -> None:
        """It ends here: `service` (where one is the cause) will not become ready.

        `removed`: what the run created is removed next, which takes a moment. Nothing more follows.
        """
