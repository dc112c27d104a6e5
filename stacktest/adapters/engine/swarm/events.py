"""Turns changes of a stack's tasks into events of containers, by polling the managers.

Swarm reports no events of tasks, and a node's own events are not sent to other nodes, so the state
of each slot is requested every fifth of a second.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from stacktest.core.observed_state import Container, EngineEvent

PAUSE = 0.2
"""Seconds between two requests."""


class SwarmEvents:
    """The changes of a stack's slots from now on; `close` ends the iteration."""

    def __init__(self, look: Callable[[], Sequence[Container]]) -> None:
        self._look = look
        self._closed = threading.Event()
        self._before = {container.id: container for container in look()}

    def __iter__(self) -> Iterator[EngineEvent]:
        """Events until `close` ends the stream."""
        while not self._closed.wait(PAUSE):
            now = {container.id: container for container in self._look()}
            yield from changes(self._before, now)
            self._before = now

    def close(self) -> None:
        """End the stream."""
        self._closed.set()


def changes(before: Mapping[str, Container], now: Mapping[str, Container]) -> Iterator[EngineEvent]:
    """The events that explain the difference between two lists of slots."""
    for id_, container in now.items():
        old = before.get(id_)
        if old is None or (old.state, old.error) != (container.state, container.error):
            action = "die" if container.error else _ACTIONS.get(container.state, "die")
            yield _event(action, container)
        elif old.started_at != container.started_at and container.is_running:
            yield _event("start", container)
        if container.health and (old is None or old.health != container.health):
            yield _event("health_status", container, health=container.health)
    for id_ in before.keys() - now.keys():
        yield _event("destroy", before[id_])


# Private

_ACTIONS = {"created": "create", "running": "start"}


def _event(action: str, container: Container, health: str = "") -> EngineEvent:
    return EngineEvent(
        action=action,
        container=container.id,
        service=container.service,
        exit_code=container.exit_code if action == "die" else None,
        health=health,
    )
