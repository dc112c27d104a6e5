"""Lists the services, tasks and nodes of a swarm, and updates services, through a manager."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from stacktest.adapters.engine.client import STANDSTILL
from stacktest.adapters.engine.socket import EngineSocket, Reply
from stacktest.adapters.engine.swarm.slots import NAMESPACE, Slot, replicas_of, slots_of
from stacktest.core.json_data import Json

PATIENCE = 5.0
"""Seconds that a task may wait for a node before the wait counts as a failed start."""
WAITING = frozenset({"new", "allocated", "pending", "assigned", "accepted", "preparing", "ready"})
"""States of a task before its container is started."""
_PAUSE = 0.05


class SwarmServices:
    """Requests to a manager; threads may share the object."""

    def __init__(self, socket: EngineSocket) -> None:
        self._socket = socket
        self._updating = threading.Lock()

    def listed(self, labels: Mapping[str, str]) -> Sequence[Json]:
        """The services with these labels."""
        return self._socket.get("/services", {"filters": {"label": pairs(labels)}}) or ()

    def tasks(self, *services: str) -> Sequence[Json]:
        """The tasks of services, also those that have ended."""
        return self._socket.get("/tasks", {"filters": {"service": list(services)}}) or ()

    def nodes(self) -> dict[str, Json]:
        """The nodes of the swarm, by their ids."""
        return {str(node["ID"]): node for node in self._socket.get("/nodes") or ()}

    def slots(self, project: str, labels: Mapping[str, str]) -> list[Slot]:
        """The slots of a stack's services, or of those with these labels."""
        services = self.listed({**labels, **({NAMESPACE: project} if project else {})})
        if not services:
            return []
        tasks, nodes = self.tasks(*(service["ID"] for service in services)), self.nodes()
        return [slot for service in services for slot in slots_of(service, tasks, nodes)]

    def slot(self, id_: str) -> Slot | None:
        """One slot; None if its service no longer exists."""
        service = service_of(id_)
        reply = self._socket.call("GET", f"/services/{service}")
        if not reply.ok:
            return None
        slots = slots_of(reply.data, self.tasks(service), self.nodes())
        return next((slot for slot in slots if slot.id == id_), None)

    def update(self, service: str, change: Callable[[Json], Json]) -> Reply | None:
        """Update the specification of a service; None if `change` leaves it as it is."""
        with self._updating:
            while True:
                present = self._socket.call("GET", f"/services/{service}")
                if not present.ok:
                    return present
                before = present.data["Spec"]
                spec = change({**before})
                if spec == before:
                    return None
                version = {"version": present.data["Version"]["Index"]}
                reply = self._socket.call("POST", f"/services/{service}/update", version, spec)
                # Another client has changed it since it was read: repeat on the new version.
                if reply.ok or "out of sequence" not in reply.message:
                    return reply

    def wait_until_begun(self, service: str, before: Collection[str]) -> str:
        """Wait until the new tasks of a service have containers or failed; empty, or why not.

        `before` are ids of older tasks, which do not count: they may still be the newest of a slot.
        """
        count = replicas_of(self._socket.get(f"/services/{service}"))
        deadline = time.monotonic() + STANDSTILL
        pending_since = time.monotonic()
        while True:
            new = [task for task in self.tasks(service) if task["ID"] not in before]
            if sum(task["Status"]["State"] not in WAITING for task in new) >= count:
                return ""
            why = next(filter(None, map(_why_pending, new)), "")
            moment = time.monotonic()
            pending_since = pending_since if why else moment
            # A pending task is given `PATIENCE` seconds: a port or a node may become free.
            if moment > deadline or moment - pending_since > PATIENCE:
                return why or "the managers have not begun its tasks"
            time.sleep(_PAUSE)


def service_of(slot: str) -> str:
    """The id of the service of a slot."""
    return slot.partition(".")[0]


def pairs(labels: Mapping[str, str]) -> list[str]:
    """Labels in the form of the engine's filters."""
    return [f"{name}={value}" for name, value in labels.items()]


# Private


def _why_pending(task: Json) -> str:
    status = task["Status"]
    return str(status.get("Err") or "") if status["State"] == "pending" else ""
