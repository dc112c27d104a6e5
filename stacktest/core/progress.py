"""What a bring-up tells while it works; silent unless somebody overrides it.

Printing stays with the callers: a subclass with the methods it cares about is all that they need.
"""

from collections.abc import Callable, Mapping, Sequence

from stacktest.core.plan import Plan


class Progress:
    """Told what happens during a bring-up; every method does nothing."""

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

    def seen(self, service: str, what: str) -> None:
        """Something changed: `start`, `health_status healthy`, `die (exit 3)`."""

    def ready(self, service: str, seconds: float, why: str) -> None:
        """The service is ready, so many seconds after its start."""

    def heartbeat(self, seconds: float, waiting: Mapping[str, str]) -> None:
        """Nothing new for a while: what is waited for, and why, `seconds` after the begin."""

    def over(self) -> None:
        """All is ready; nothing more follows."""

    def failed(self, service: str, why: str, *, removed: bool) -> None:
        """It ends here: `service` (where one is to blame) will not become ready.

        `removed`: what the run created is removed next, which takes a moment. Nothing more follows.
        """
