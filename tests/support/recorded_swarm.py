"""A swarm that answers with recorded documents, and notes what it is told to do."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacktest.adapters.engine.connection import Connection
from stacktest.adapters.engine.socket import Reply
from stacktest.adapters.engine.swarm.client import SwarmEngine

RECORDED = Path(__file__).parents[1] / "adapters/engine/swarm/recorded.json"


def recorded() -> dict[str, Any]:
    """Seven services of the stack `shop` on one node, and one of them during an update."""
    document: dict[str, Any] = json.loads(RECORDED.read_text())
    return document


def swarm(document: Mapping[str, Any] | None = None) -> tuple[SwarmEngine, "RecordedSocket"]:
    """A manager that answers with these documents."""
    engine, socket = SwarmEngine(), RecordedSocket(document or recorded())
    engine._socket = socket  # type: ignore[assignment]
    return engine, socket


def service(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The service's own document, which may be changed."""
    rows = [row for row in document["services"] if row["Spec"]["Name"] == f"shop_{name}"]
    found: dict[str, Any] = rows[0]
    return found


def tasks(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The tasks of a service, which may be changed, the oldest first."""
    id_ = service(document, name)["ID"]
    rows = [task for task in document["tasks"] if task["ServiceID"] == id_]
    return sorted(rows, key=lambda task: str(task["CreatedAt"]))


def during_update(document: dict[str, Any]) -> dict[str, Any]:
    """The same swarm a moment after `docker service update --env-add` of the cache."""
    updating = document["updating"]
    id_ = updating["service"]["ID"]
    others = [row for row in document["services"] if row["ID"] != id_]
    document["services"] = [*others, updating["service"]]
    rest = [task for task in document["tasks"] if task["ServiceID"] != id_]
    document["tasks"] = [*rest, *updating["tasks"]]
    return document


class RecordedSocket:
    """The part of `EngineSocket` that a manager is asked by."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = copy.deepcopy(dict(document))
        self.connection = Connection(address="unix:///recorded")
        self.requests: list[tuple[str, str]] = []
        self.posted: list[Any] = []
        self.conflicts = 0
        """How many updates are refused first, since somebody else was quicker."""

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The document at a path, by the filters that a manager knows."""
        reply = self.call("GET", path, query)
        assert reply.ok, reply.message
        return reply.data

    def ask(self, path: str, query: Mapping[str, Any] | None = None) -> Reply:
        """The whole answer."""
        return self.call("GET", path, query)

    def call(
        self, method: str, path: str, query: Any = None, document: Any = None, **options: Any
    ) -> Reply:
        """The answer to a request; what changes something is noted."""
        del options
        kind, *rest = path.strip("/").split("/")
        if method != "GET":
            self.requests.append((method, path))
        if method == "POST":
            return self._post(rest[0], document)
        if method == "DELETE":
            rows = self.document[kind]
            self.document[kind] = [row for row in rows if row["ID"] != rest[0]]
            self.document["tasks"] = [
                task for task in self.document["tasks"] if task["ServiceID"] != rest[0]
            ]
            return _reply(None)
        if kind == "volumes":
            return _reply({"Volumes": []})
        rows = self.document.get(kind, [])
        if rest and rest[0] != "json":
            row = next((r for r in rows if rest[0] in (r.get("ID"), r.get("Id"))), None)
            return _reply(row) if row and kind != "containers" else _reply({"message": "no"}, 404)
        return _reply([row for row in rows if _matches(row, (query or {}).get("filters") or {})])

    def _post(self, id_: str, spec: Any) -> Reply:
        if self.conflicts:
            self.conflicts -= 1
            return _reply({"message": "update out of sequence"}, 500)
        self.posted.append(spec)
        service_row = next(row for row in self.document["services"] if row["ID"] == id_)
        service_row["Spec"] = spec
        self._give_tasks(service_row)
        return _reply(None)

    def _give_tasks(self, service_row: Any) -> None:
        """As many new tasks as a service that had none is to have."""
        own = [task for task in self.document["tasks"] if task["ServiceID"] == service_row["ID"]]
        count = service_row["Spec"]["Mode"]["Replicated"]["Replicas"]
        for slot in range(1, 1 + count * (not own)):
            task = {"ID": f"new{slot}", "ServiceID": service_row["ID"], "Slot": slot}
            spec = service_row["Spec"]["TaskTemplate"]
            born = {"CreatedAt": "2026-11-29T00:00:00Z", "Status": {"State": "running"}}
            self.document["tasks"].append({**task, **born, "Spec": spec})


def _matches(row: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    labels = (row.get("Spec") or {}).get("Labels") or row.get("Labels") or {}
    pairs = {f"{name}={value}" for name, value in labels.items()}
    if not pairs >= set(filters.get("label", ())):
        return False
    return "service" not in filters or row["ServiceID"] in filters["service"]


def _reply(document: Any, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode())
