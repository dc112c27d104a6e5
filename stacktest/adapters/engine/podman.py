"""Requests that differ for Podman: the engine's identity, and health, which its lists lack."""

from collections.abc import Iterable

from stacktest.adapters.engine.documents import inspected_container, understood
from stacktest.adapters.engine.socket import EngineSocket
from stacktest.core.changed_copy import replace
from stacktest.core.engine_facts import EngineFacts, docker_facts, podman_facts
from stacktest.core.observed_state import Container

OWN_INFO = "/v4.0.0/libpod/info"


def engine_facts(socket: EngineSocket) -> EngineFacts:
    """The facts about the engine at this socket, Docker or Podman."""
    info = socket.ask("/info")
    return (
        podman_facts(info.data, socket.get(OWN_INFO)) if info.is_podman else docker_facts(info.data)
    )


def with_health(socket: EngineSocket, containers: Iterable[Container]) -> list[Container]:
    """The containers, with the health of running ones read from their own documents."""
    return [
        replace(container, health=_health(socket, container)) if container.is_running else container
        for container in containers
    ]


# Private


def _health(socket: EngineSocket, container: Container) -> str:
    reply = socket.call("GET", f"/containers/{container.id}/json")
    return understood(inspected_container, reply.data, "a container").health if reply.ok else ""
