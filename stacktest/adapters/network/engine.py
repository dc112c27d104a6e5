"""The part of the container engine that reaching inside needs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stacktest.core.model import Json
from stacktest.core.observed_state import Container


class Socket(Protocol):
    """The engine's own interface."""

    address: str

    def get(self, path: str, query: Mapping[str, Json] | None = None) -> Json:
        """The document at `path`."""


class EngineLike(Protocol):
    """`adapters.engine.Engine`, as far as it is used here."""

    @property
    def socket(self) -> Any:
        """The direct connection."""

    def containers(self, project: str = "") -> tuple[Container, ...]:
        """Every container of the project."""

    def execute(self, id: str, argv: Sequence[str]) -> tuple[int, str, str]:  # noqa: A002
        """Exit code, standard output and standard error of a command in a container."""


def sdk(engine: EngineLike) -> Any:
    """The Docker SDK's low-level client for the same engine; close it."""
    from docker import APIClient
    from docker.utils import kwargs_from_env

    options = {**kwargs_from_env(), "base_url": engine.socket.address}
    return APIClient(version="auto", **options)
