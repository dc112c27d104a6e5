"""Services, tasks and nodes as the managers of a swarm list them, and how a service is changed."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from stacktest.adapters.engine.client import STANDSTILL
from stacktest.adapters.engine.socket import EngineSocket, Reply
from stacktest.adapters.engine.swarm.slots import NAMESPACE, Slot, replicas_of, slots_of
from stacktest.core.json_data import Json

PATIENCE = 5.0
"""Seconds that a task may wait for a node before that counts as why it does not start."""
WAITING = frozenset({"new", "allocated", "pending", "assigned", "accepted", "preparing", "ready"})
"""States of a task before its container was started."""
_PAUSE = 0.05


class SwarmServices:
    """What a manager answers; threads may share it."""

    def __init__(self, socket: EngineSocket) -> None:
        self._socket = socket
        self._updating = threading.Lock()

    def listed(self, labels: Mapping[str, str]) -> Sequence[Json]:
        """The services with these labels."""
        return self._socket.get("/services", {"filters": {"label": pairs(labels)}}) or ()

    def tasks(self, *services: str) -> Sequence[Json]:
        """The tasks of services, those that have ended too."""
        return self._socket.get("/tasks", {"filters": {"service": list(services)}}) or ()

    def nodes(self) -> dict[str, Json]:
        """The machines of the swarm, by their ids."""
        return {str(node["ID"]): node for node in self._socket.get("/nodes") or ()}

    def slots(self, project: str, labels: Mapping[str, str]) -> list[Slot]:
        """The slots of a stack's services, or of those with these labels."""
        services = self.listed({**labels, **({NAMESPACE: project} if project else {})})
        if not services:
            return []
        tasks, nodes = self.tasks(*(service["ID"] for service in services)), self.nodes()
        return [slot for service in services for slot in slots_of(service, tasks, nodes)]

    def slot(self, id_: str) -> Slot | None:
        """One slot; None when its service is gone."""
        service = service_of(id_)
        reply = self._socket.call("GET", f"/services/{service}")
        if not reply.ok:
            return None
        slots = slots_of(reply.data, self.tasks(service), self.nodes())
        return next((slot for slot in slots if slot.id == id_), None)

    def update(self, service: str, change: Callable[[Json], Json]) -> Reply | None:
        """Changes the specification of a service; None where it is that already."""
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
                # Somebody changed it since it was read: their change is read again, and kept.
                if reply.ok or "out of sequence" not in reply.message:
                    return reply

    def wait_until_begun(self, service: str, before: Collection[str]) -> str:
        """Empty once the tasks that a service was given have containers or failed; else why not.

        `before` are ids of older tasks: until then the newest of a slot may be one of them.
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
            # A port or a place may just be about to become free.
            if moment > deadline or moment - pending_since > PATIENCE:
                return why or "the managers have not begun its tasks"
            time.sleep(_PAUSE)


def service_of(slot: str) -> str:
    """The service of a slot, by their ids."""
    return slot.partition(".")[0]


def pairs(labels: Mapping[str, str]) -> list[str]:
    """Labels as the engine's filters write them."""
    return [f"{name}={value}" for name, value in labels.items()]


# Private


def _why_pending(task: Json) -> str:
    status = task["Status"]
    return str(status.get("Err") or "") if status["State"] == "pending" else ""
