"""Starts containers while Compose still creates others: those whose services wait for none.

A container is whole when Compose has connected it to all of its networks. Older engines take one
network when a container is created, and no event says when Compose has connected the others.
"""

from collections.abc import Callable, Mapping
from threading import Event, Lock

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.start_queue import StartQueue
from stacktest.core.observed_state import EngineEvent
from stacktest.core.unknown import Unknown

PAUSE = 0.03
"""Seconds between two looks at the networks of a container."""


class EarlyStarts:
    """The early starts of one bring-up; `start` requests one from the engine and reports it."""

    def __init__(self, engine: EnginePort, queue: StartQueue, start: Callable[[str], None]) -> None:
        self._engine = engine
        self._queue = queue
        self._start = start
        self._networks: Mapping[str, int] = {}
        self._run_id = ""
        self._over = Event()
        self._lock = Lock()
        self._requested: set[str] = set()

    def begin(self, networks: Mapping[str, int], run_id: str) -> None:
        """Start the run's containers of these services, each given with its number of networks."""
        self._networks, self._run_id = networks, run_id

    def take(self, event: EngineEvent) -> None:
        """Take the engine's event that a container was created."""
        if event.run_id == self._run_id and event.service in self._networks:
            self._queue.submit(event.service, lambda: self._start_whole(event))

    def end(self) -> frozenset[str]:
        """Request no more starts; returns the ids of the containers whose start was requested."""
        with self._lock:
            self._over.set()
            return frozenset(self._requested)

    # Private

    def _start_whole(self, event: EngineEvent) -> None:
        while not self._is_whole(event):
            if self._over.wait(PAUSE):
                return
        with self._lock:
            if self._over.is_set():
                return
            self._requested.add(event.container)
        self._start(event.container)

    def _is_whole(self, event: EngineEvent) -> bool:
        networks = self._networks[event.service]
        if networks <= 1:
            return True
        document = self._engine.inspect(event.container)
        if isinstance(document, Unknown):
            return False
        return len(document["NetworkSettings"]["Networks"] or {}) >= networks
