"""Implements `EnginePort` by a manager of a swarm: a slot of a service stands for a container.

    containers, state, ports    from `/services`, `/tasks` and `/nodes`; those of this node also
                                from its own containers
    start, stop                 set the service's number of tasks, or set it to 0
    remove                      removes the service, and waits until its tasks have ended
    commands, files             in the container of the slot's newest task; on another node only if
                                a docker context with the node's name connects to its engine
    logs                        from the managers, or this node
    everything else             as of any engine

Only services with a label of stacktest are ever removed: `cleanup` lists them by that label.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from stacktest.adapters.engine.attached import Attached
from stacktest.adapters.engine.client import LONGEST_SILENCE, LONGEST_STOP, STANDSTILL, Engine
from stacktest.adapters.engine.connection import SWARM, Connection, context_connection
from stacktest.adapters.engine.documents import PROJECT, inspected_container, understood
from stacktest.adapters.engine.log_end import read_end
from stacktest.adapters.engine.swarm.events import PAUSE, SwarmEvents
from stacktest.adapters.engine.swarm.services import PATIENCE, SwarmServices, pairs, service_of
from stacktest.adapters.engine.swarm.slots import (
    ENDED,
    NAMESPACE,
    REPLICAS,
    Slot,
    container_of,
    is_down,
    labels_of,
    node_name,
    remote_document,
    replicas_of,
    service_name,
    with_replicas,
)
from stacktest.adapters.engine.swarm.spec import PARTS, service_digests, service_drift
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import canonical
from stacktest.core.json_data import Json
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolFailedError, ToolMissingError

_SERVICE_OF_TASK = "com.docker.swarm.service.id"
_TASK = "com.docker.swarm.task.id"
_NAME_OF_TASK = "com.docker.swarm.task.name"


class SwarmEngine(Engine):
    """A manager of a swarm; ids of slots (`SERVICE.SLOT`) are used as ids of containers."""

    def __init__(self, address: str | Connection = "") -> None:
        super().__init__(address)
        self._waiting_since: dict[str, float] = {}

    @cached_property
    def services(self) -> SwarmServices:
        """The services, tasks and nodes of the swarm."""
        return SwarmServices(self.socket)

    @property
    def connection(self) -> Connection:
        """The address and certificates of the manager."""
        return replace(super().connection, orchestrator=SWARM)

    def ping(self) -> None:
        """Return if a manager answers; raise ToolMissingError if none does."""
        super().ping()
        swarm = self.info().get("Swarm") or {}
        if not swarm.get("ControlAvailable"):
            raise ToolMissingError(
                "the engine is not a manager of a swarm",
                where=self.connection.address,
                hint="docker swarm init --advertise-addr 127.0.0.1, or name a manager: DOCKER_HOST",
            )

    def containers(
        self, project: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Container, ...]:
        """Every slot of the stack (or with these labels), and containers with these labels.

        With neither argument: the containers of this node, by their own ids.
        """
        if not project and not labels:
            return super().containers()
        slots = self.services.slots(project, _own_words(labels or {}))
        own = self._own(slots)
        containers = [self._as_container(slot, own.get(slot.container_id)) for slot in slots]
        if labels:
            plain = super().containers(labels=labels)
            containers += [item for item in plain if _SERVICE_OF_TASK not in item.labels]
        return tuple(sorted(containers, key=lambda item: (item.service, item.name)))

    def container(self, id: str) -> Container | None:  # noqa: A002 - the engine's own word
        """One slot with all details, or None if its service no longer exists."""
        if not _is_slot(id):
            return super().container(id)
        slot = self.services.slot(id)
        if slot is None:
            return None
        document = super().inspect(slot.container_id) if slot.container_id else None
        own = (
            understood(inspected_container, document, "a container")
            if isinstance(document, dict)
            else None
        )
        return self._as_container(slot, own)

    def inspect(self, id: str) -> Json | Unknown:  # noqa: A002 - the engine's own word
        """The document of the newest task's container, or one made from the managers' data."""
        if not _is_slot(id):
            return super().inspect(id)
        slot = self.services.slot(id)
        if slot is None:
            return Unknown(f"slot {id}: its service is gone")
        document = super().inspect(slot.container_id) if slot.container_id else None
        if not isinstance(document, dict) or slot.lost_node:
            return remote_document(slot, self.image(slot.image))
        policy = slot.service["Spec"]["TaskTemplate"].get("RestartPolicy") or {}
        name = _POLICIES.get(str(policy.get("Condition")), "always")
        document["HostConfig"]["RestartPolicy"] = {"Name": name}
        return document

    def networks(self, labels: Mapping[str, str]) -> tuple[Json, ...]:
        """Networks with these labels."""
        return super().networks(_own_words(labels))

    def volumes(self, labels: Mapping[str, str]) -> tuple[Json, ...]:
        """Volumes of this node with these labels."""
        return super().volumes(_own_words(labels))

    def events(self, project: str, since: float | None = None) -> SwarmEvents:  # type: ignore[override]
        """The events of the stack's slots from now on; earlier events are not available."""
        del since
        return SwarmEvents(lambda: self.containers(project))

    def start(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Set the number of tasks of the slot's service; empty, or why the managers refused."""
        if not _is_slot(id):
            return super().start(id)

        def scaled(spec: Json) -> Json:
            labels = labels_of({"Spec": spec})
            count = int(labels.get(REPLICAS, 1))
            parts = {PARTS: canonical(service_digests(spec)).decode()}
            spec["Labels"] = {**labels, **(parts if REPLICAS in labels else {})}
            return with_replicas(spec, count)

        service = service_of(id)
        before = {task["ID"] for task in self.services.tasks(service)}
        reply = self.services.update(service, scaled)
        if reply is None:
            return ""
        if not reply.ok:
            return reply.message
        return self.services.wait_until_begun(service, before) or self._wait_until_runs(service)

    def stop(self, id: str, *, grace: float | None = None) -> None:  # noqa: A002
        """Set the service's number of tasks to 0 and wait until they have ended."""
        if not _is_slot(id):
            super().stop(id, grace=grace)
            return
        service = service_of(id)

        def stopped(spec: Json) -> Json:
            count = replicas_of({"Spec": spec})
            if count:
                spec["Labels"] = {REPLICAS: str(count), **labels_of({"Spec": spec})}
            return with_replicas(spec, 0)

        self.services.update(service, stopped)
        self._wait_until_ended(service, LONGEST_STOP)

    def remove(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Remove the slot's service and wait until its tasks have ended; empty, or why not."""
        if not _is_slot(id):
            return super().remove(id)
        service = service_of(id)
        reply = self.socket.call("DELETE", f"/services/{service}")
        if not reply.ok and reply.status != _NOT_FOUND:
            return reply.message
        return self._wait_until_ended(service, LONGEST_STOP, removed=True)

    def remove_network(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Remove a network and wait until its name is free; empty, or why it failed."""
        why = super().remove_network(id)
        if why:
            return why
        deadline = time.monotonic() + STANDSTILL
        while not isinstance(self.network(id), Unknown):
            if time.monotonic() > deadline:
                return "the managers have not removed it"
            time.sleep(PAUSE)
        return ""

    def remove_stored(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Remove the `configs:` and `secrets:` with these labels; name → why a removal failed."""
        left: dict[str, str] = {}
        filters = {"filters": {"label": pairs(labels)}}
        for kind in ("configs", "secrets"):
            for row in self.socket.get(f"/{kind}", filters) or ():
                reply = self.socket.call("DELETE", f"/{kind}/{row['ID']}")
                if not reply.ok and reply.status != _NOT_FOUND:
                    left[str(row["Spec"]["Name"])] = reply.message
        return left

    def logs(
        self,
        id: str,  # noqa: A002 - the engine's own word
        tail: int | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> str | Unknown:
        """The end of the log of the slot's newest task, on any node."""
        if not _is_slot(id):
            return super().logs(id, tail, since, until)
        slot = self.services.slot(id)
        if slot is None or not slot.task.get("NodeID"):
            return Unknown("its logs cannot be read: no node has a task of it")
        if slot.container_id and isinstance(super().inspect(slot.container_id), dict):
            return super().logs(slot.container_id, tail, since, until)
        query: dict[str, Json] = {"stdout": 1, "stderr": 1, "tail": tail or "all"}
        path = f"/tasks/{slot.task['ID']}/logs"
        end = self.socket.read(path, query, lambda source: read_end(source, framed=True))
        if isinstance(end, Unknown):
            return Unknown(f"its logs cannot be read: {end.why}")
        return end.decode(errors="replace")

    def file(self, id: str, path: str) -> bytes | None:  # noqa: A002 - the engine's own word
        """The content of one file in the slot's container; None if it does not exist."""
        if not _is_slot(id):
            return super().file(id, path)
        engine, container = self._place(id)
        return engine.file(container, path)

    def stats(self, id: str, *, twice: bool = False) -> Json | Unknown:  # noqa: A002
        """The current resource use of the slot's container."""
        if not _is_slot(id):
            return super().stats(id, twice=twice)
        engine, container = self._place(id)
        return engine.stats(container, twice=twice)

    def execute(
        self,
        id: str,  # noqa: A002
        argv: Sequence[str],
        *,
        user: str = "",
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        silence: float = LONGEST_SILENCE,
    ) -> tuple[int, str, str]:
        """Run a command in the slot's container; returns exit code, standard output and error."""
        if not _is_slot(id):
            return super().execute(id, argv, user=user, env=env, stdin=stdin, silence=silence)
        engine, container = self._place(id)
        return engine.execute(container, argv, user=user, env=env, stdin=stdin, silence=silence)

    def attach(self, id: str, argv: Sequence[str]) -> Attached:  # noqa: A002
        """Start a command in the slot's container and keep its input and output open."""
        if not _is_slot(id):
            return super().attach(id, argv)
        engine, container = self._place(id)
        return engine.attach(container, argv)

    def lasting_id(self, container: Container) -> str:
        """The slot of a container of this node: the container's own id changes at a restart."""
        service = container.labels.get(_SERVICE_OF_TASK)
        name = container.labels.get(_NAME_OF_TASK, "")
        return f"{service}.{name.rsplit('.', 2)[1]}" if service else container.id

    def elsewhere(self, project: str) -> Mapping[str, str]:
        """Service of a stack with a task on another node than this one -> the node's name."""
        here = self.info()["Swarm"]["NodeID"]
        nodes = self.services.nodes()
        return {
            slot.name: node_name(nodes[id_])
            for slot in self.services.slots(project, {})
            if (id_ := slot.task.get("NodeID")) in nodes and id_ != here
        }

    def foreign_services(self, project: str, label: tuple[str, str]) -> tuple[str, ...]:
        """The names of a stack's services that do not carry this label."""
        name, value = label
        services = self.services.listed({NAMESPACE: project})
        return tuple(service_name(row) for row in services if labels_of(row).get(name) != value)

    def drift_of(self, project: str, deployed: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
        """Service → the differences between its running tasks and the files, by its specification.

        `deployed`: service → digest of its current definition in the files.
        """
        by_service: dict[str, list[Slot]] = {}
        for slot in self.services.slots(project, {}):
            by_service.setdefault(slot.name, []).append(slot)
        return {
            name: service_drift(slots[0].service, slots, deployed.get(name, ""))
            for name, slots in by_service.items()
        }

    # Private

    def _own(self, slots: Iterable[Slot]) -> dict[str, Container]:
        """The containers of these slots on this node, by their ids."""
        own: dict[str, Container] = {}
        for name in {slot.namespace for slot in slots}:
            own |= {row.id: row for row in super().containers(labels={NAMESPACE: name})}
        return own

    def _as_container(self, slot: Slot, own: Container | None) -> Container:
        container = container_of(slot, own)
        status = slot.status
        if status["State"] != "pending" or not status.get("Err"):
            self._waiting_since.pop(slot.id, None)
            return container
        since = self._waiting_since.setdefault(slot.id, time.monotonic())
        # Reported only after `PATIENCE` seconds: a port or a node may become free at any moment.
        is_late = time.monotonic() - since >= PATIENCE
        return replace(container, error=str(status["Err"])) if is_late else container

    def _place(self, id_: str) -> tuple[Engine, str]:
        """The engine of the slot's node, and its container; StacktestError: no access to one."""
        slot = self.services.slot(id_)
        if slot is None or not slot.container_id:
            raise ToolFailedError(f"slot {id_} has no container now", where="swarm")
        if not isinstance(super().inspect(slot.container_id), Unknown):
            return self, slot.container_id
        node = self.services.nodes().get(str(slot.task.get("NodeID")), {})
        name = node_name(node)
        try:
            return Engine(context_connection(name)), slot.container_id
        except ToolMissingError as error:
            address = (node.get("Status") or {}).get("Addr", name)
            raise ToolFailedError(
                f"{slot.name}.{slot.key} runs on node {name}, and no docker context leads there",
                where=self.connection.address,
                hint=f"docker context create {name} --docker host=ssh://root@{address}",
            ) from error

    def _wait_until_runs(self, service: str) -> str:
        """Wait until this node's engine has started the tasks' containers; empty, or which not."""
        deadline = time.monotonic() + STANDSTILL
        while True:
            tasks = self.services.tasks(service)
            starting = {task["ID"] for task in tasks if task["Status"]["State"] == "starting"}
            rows = super().containers(labels={_SERVICE_OF_TASK: service})
            late = [r for r in rows if r.state == "created" and r.labels.get(_TASK) in starting]
            if not late:
                return ""
            if time.monotonic() > deadline:
                return f"the engine has not started {late[0].name}"
            time.sleep(PAUSE)

    def _wait_until_ended(self, service: str, seconds: float, *, removed: bool = False) -> str:
        """Wait until all tasks of a service have ended; empty, or which have not."""
        deadline = time.monotonic() + seconds
        while names := list(self._unended(service, removed=removed)):
            if time.monotonic() > deadline:
                return f"has not ended: {', '.join(names)}"
            time.sleep(PAUSE)
        return ""

    def _unended(self, service: str, *, removed: bool) -> Iterator[str]:
        rows = super().containers(labels={_SERVICE_OF_TASK: service})
        for row in rows:
            if removed or row.is_running:
                yield row.name
        lost = {id_ for id_, node in self.services.nodes().items() if is_down(node)}
        for task in self.socket.get("/tasks") or ():
            # The state of tasks on a node that does not answer is out of date: ignore them.
            is_active = task["Status"]["State"] not in ENDED and task.get("NodeID") not in lost
            if task["ServiceID"] == service and is_active:
                yield f"task {task['ID']}"


# Private

_NOT_FOUND = 404
_POLICIES = {"none": "no", "on-failure": "on-failure"}


def _is_slot(id_: str) -> bool:
    return "." in id_


def _own_words(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels with the project's label renamed to that of `docker stack`."""
    return {NAMESPACE if name == PROJECT else name: value for name, value in labels.items()}
