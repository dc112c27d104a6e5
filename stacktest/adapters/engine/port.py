"""The interface of a container engine; `client.Engine` implements it, tests simulate it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from stacktest.adapters.engine.connection import Connection
from stacktest.core.engine_facts import EngineFacts
from stacktest.core.json_data import Json
from stacktest.core.observed_state import Container, EngineEvent
from stacktest.core.unknown import Unknown


class EventStream(Protocol):
    """An open stream of events."""

    def __iter__(self) -> Iterator[EngineEvent]:
        """Events until the engine or `close` ends the stream."""

    def close(self) -> None:
        """End the stream, also for a thread that is reading it."""


class AttachedCommand(Protocol):
    """A command in a container whose standard input and output are open."""

    def recv(self) -> bytes:
        """The next bytes of the command's standard output, or no bytes at its end."""

    def send(self, data: bytes) -> None:
        """Write to the command's standard input."""

    def end_input(self) -> None:
        """Close the command's standard input."""

    def close(self) -> None:
        """Close both directions; a thread that is blocked in `recv` returns."""


class EnginePort(Protocol):
    """The container engine: what can be read there, and what a run starts and removes."""

    @property
    def connection(self) -> Connection:
        """The address and certificates of the engine."""

    def ping(self) -> None:
        """Return if the engine answers; ToolMissingError if it does not."""

    def version(self) -> str:
        """The engine's version."""

    def info(self) -> Json:
        """The engine's document about itself and its host."""

    def facts(self) -> EngineFacts:
        """The engine's identity, and the limits that it does not enforce."""

    def containers(
        self, project: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Container, ...]:
        """Every container of the project, or with these labels, also stopped ones."""

    def container(self, id: str) -> Container | None:  # noqa: A002
        """One container with all details, or None if it no longer exists."""

    def inspect(self, id: str) -> Json | Unknown:  # noqa: A002
        """The engine's JSON document about a container."""

    def image(self, ref: str) -> Json | Unknown:
        """The engine's JSON document about an image."""

    def networks(self, labels: Mapping[str, str]) -> tuple[Json, ...]:
        """Networks with these labels."""

    def network(self, id: str) -> Json | Unknown:  # noqa: A002
        """The engine's JSON document about a network."""

    def volumes(self, labels: Mapping[str, str]) -> tuple[Json, ...]:
        """Volumes with these labels."""

    def events(self, project: str, since: float | None = None) -> EventStream:
        """The events of the project's containers, from now or from a Unix time on."""

    def start(self, id: str) -> str:  # noqa: A002
        """Start a container; returns an empty text, or why it could not be started."""

    def stop(self, id: str, *, grace: float | None = None) -> None:  # noqa: A002
        """Stop a container; kill it after `grace` seconds."""

    def remove(self, id: str) -> str:  # noqa: A002
        """Kill and remove a container; empty, or why it could not be removed."""

    def remove_network(self, id: str) -> str:  # noqa: A002
        """Remove a network; empty, or why it could not be removed."""

    def remove_volume(self, name: str) -> str:
        """Remove a volume; empty, or why it could not be removed."""

    def remove_stored(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Remove files that the engine stores for containers; name -> why a removal failed."""

    def logs(
        self,
        id: str,  # noqa: A002
        tail: int | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> str | Unknown:
        """A container's log; Unknown if its logging driver keeps none."""

    def execute(
        self,
        id: str,  # noqa: A002
        argv: Sequence[str],
        *,
        user: str = "",
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a command in a container."""

    def sent_bytes(self, id: str) -> int | None:  # noqa: A002
        """Bytes sent by a container's own interfaces; None if the engine has no count."""

    def stats(self, id: str, *, twice: bool = False) -> Json | Unknown:  # noqa: A002
        """A container's resource use now; `twice`: also the sample from a second before."""

    def attach(self, id: str, argv: Sequence[str]) -> AttachedCommand:  # noqa: A002
        """Start a command in a container and keep its input and output open."""

    def start_probe(
        self, image: str, *, network: str, labels: Mapping[str, str], lifetime: int
    ) -> str | None:
        """Id of a new container without capabilities on a network; None if the image is absent."""
