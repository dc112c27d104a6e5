"""The settings of the configuration that a fingerprint depends on."""

from typing import Protocol

from stacktest.adapters.fingerprint_inputs.own_paths import StackSection


class ServiceSection(Protocol):
    """The settings of `[services.NAME]` that a fingerprint depends on."""

    @property
    def config(self) -> tuple[str, ...]:
        """Extra paths that count."""

    @property
    def ignore(self) -> tuple[str, ...]:
        """Patterns of paths that do not count."""


class Settings(Protocol):
    """The settings of the configuration that a fingerprint depends on."""

    @property
    def stack(self) -> StackSection:
        """The section with the paths of the ledger and the status, which do not count as inputs."""

    def service(self, name: str, /) -> ServiceSection:
        """Extra paths and ignore patterns of one service."""
