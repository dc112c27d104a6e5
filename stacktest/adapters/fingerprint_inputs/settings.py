"""What of the configuration a fingerprint depends on."""

from typing import Protocol

from stacktest.adapters.fingerprint_inputs.own_paths import StackSection


class ServiceSection(Protocol):
    """What of `[services.NAME]` a fingerprint depends on."""

    @property
    def config(self) -> tuple[str, ...]:
        """Extra paths that count."""

    @property
    def ignore(self) -> tuple[str, ...]:
        """Patterns of paths that do not count."""


class Settings(Protocol):
    """What of the configuration a fingerprint depends on."""

    @property
    def stack(self) -> StackSection:
        """Where the ledger and the status lie, so that they are not read as input."""

    def service(self, name: str, /) -> ServiceSection:
        """Extra paths and ignore patterns of one service."""
