"""Turns the services, tasks and nodes of a swarm into the core's containers: one for each slot.

A slot is one replica of a service: `cache.1`. A slot has one task after another, as a container has
one start after another, so a start is followed by its slot and not by its task.

    state of the newest task                      state of the container
    new … assigned, preparing, ready              created, or restarting after a failed task
    starting, running                             running; healthy by its own check
    complete, failed, shutdown                    exited
    rejected                                      created, with the reason why it was not started
    any, on a node that does not answer           dead, with the name of the node
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stacktest.adapters.engine.documents import PROJECT, SERVICE
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Mount, Port
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown

NAMESPACE = "com.docker.stack.namespace"
IMAGE = "stacktest.image"
"""Label of a service: the reference of its image in the compose file."""
REPLICAS = "stacktest.replicas"
"""Label of a service: its number of tasks when it is started."""
ENDED = frozenset({"complete", "failed", "shutdown", "rejected", "remove", "orphaned"})


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One replica of a service with its tasks, the newest first."""

    service: Json = field(repr=False)
    key: str
    tasks: Sequence[Json] = field(default=(), repr=False)
    lost_node: str = ""
    """The name of the newest task's node, if that node does not answer."""

    @property
    def id(self) -> str:
        """The slot's id, used in place of a container's id."""
        return f"{self.service['ID']}.{self.key}"

    @property
    def task(self) -> Json:
        """The newest task; empty if there is none yet."""
        return self.tasks[0] if self.tasks else {}

    @property
    def status(self) -> Json:
        """The last status of the newest task that its node reported."""
        return self.task.get("Status") or {"State": "new"}

    @property
    def container_id(self) -> str:
        """The id of the newest task's container; empty if there is none."""
        return str((self.status.get("ContainerStatus") or {}).get("ContainerID") or "")

    @property
    def namespace(self) -> str:
        """The name of the stack that the slot belongs to."""
        return str(labels_of(self.service).get(NAMESPACE, ""))

    @property
    def name(self) -> str:
        """The service's name within its stack."""
        return service_name(self.service)

    @property
    def image(self) -> str:
        """The image of the newest task, else of the service."""
        spec = self.task.get("Spec") or self.service["Spec"]["TaskTemplate"]
        return str(spec["ContainerSpec"]["Image"])

    @property
    def failed_tasks(self) -> int:
        """Number of older tasks of the slot with the newest one's specification that failed."""
        return sum(
            task["Status"]["State"] in {"failed", "rejected"} and task["Spec"] == self.task["Spec"]
            for task in self.tasks[1:]
        )


def slots_of(service: Json, tasks: Iterable[Json], nodes: Mapping[str, Json]) -> tuple[Slot, ...]:
    """The slots of a service, also those that it will have when started; `nodes` by their id."""
    by_key: dict[str, list[Json]] = {}
    for task in tasks:
        if task["ServiceID"] == service["ID"]:
            by_key.setdefault(str(task.get("Slot") or task.get("NodeID")), []).append(task)
    count = max(replicas_of(service), int(labels_of(service).get(REPLICAS, 0)))
    keys = [str(number + 1) for number in range(count)]
    keys += sorted(key for key, rows in by_key.items() if key not in keys and _is_alive(rows))
    slots = []
    for key in keys:
        rows = sorted(by_key.get(key, ()), key=lambda task: str(task["CreatedAt"]), reverse=True)
        node = nodes.get(str(rows[0].get("NodeID"))) if rows else None
        lost = node_name(node) if node and is_down(node) else ""
        slots.append(Slot(service=service, key=key, tasks=tuple(rows), lost_node=lost))
    return tuple(slots)


def container_of(slot: Slot, own: Container | None = None) -> Container:
    """A slot as a container; `own` is its newest task's container if that is on this engine."""
    status = slot.status
    labels = {**labels_of(slot.service), PROJECT: slot.namespace, SERVICE: slot.name}
    base = own or _without_container(slot)
    container = replace(
        base,
        id=slot.id,
        name=f"{slot.service['Spec']['Name']}.{slot.key}",
        service=slot.name,
        project=slot.namespace,
        image_ref=labels.get(IMAGE, base.image_ref),
        labels=labels,
        one_off=False,
        restart_count=slot.failed_tasks,
    )
    if slot.lost_node:
        error = f"its node {slot.lost_node} does not answer"
        return replace(container, state="dead", error=error)
    state = status["State"]
    if state == "failed" and "unhealthy container" in status.get("Err", ""):
        return replace(container, state="running", health="unhealthy", exit_code=None)
    # A node knows of the end of a container before the managers do.
    has_ended = state in {"failed", "rejected", "complete"} or base.state == "exited"
    if has_ended and _comes_back(slot, base.exit_code):
        return replace(container, state="restarting")
    if state == "rejected" or (state == "failed" and own is None):
        return replace(container, error=status.get("Err", ""))
    return container


def remote_document(slot: Slot, image: Json | Unknown) -> Json:
    """A document like that of `docker inspect` for a slot's container, from the managers' data.

    `image` is this node's document about the image of the task.
    """
    container = _without_container(slot)
    addresses = container.networks.items()
    state = "dead" if slot.lost_node else container.state
    return {
        "Id": slot.container_id or str(slot.task.get("ID", slot.id)),
        "Name": f"/{slot.service['Spec']['Name']}.{slot.key}",
        "Image": slot.image if isinstance(image, Unknown) else image["Id"],
        "State": {
            "Status": state,
            "Running": state == "running",
            "ExitCode": container.exit_code or 0,
            "StartedAt": str(slot.status.get("Timestamp") or slot.service["UpdatedAt"]),
            "Health": {"Status": container.health},
        },
        "Config": {"Image": slot.image, "Labels": {}},
        "HostConfig": {},
        "Mounts": [],
        "NetworkSettings": {
            "Networks": {name: {"IPAddress": ip, "NetworkID": name} for name, ip in addresses}
        },
    }


def replicas_of(service: Json) -> int:
    """The number of tasks that a service should have now; 0 for a global service."""
    mode = service["Spec"].get("Mode") or {}
    return int((mode.get("Replicated") or {}).get("Replicas") or 0)


def with_replicas(spec: Json, count: int) -> Json:
    """A specification with another number of tasks."""
    return {**spec, "Mode": {"Replicated": {"Replicas": count}}}


def with_groups(groups: Sequence[str], spec: Json) -> Json:
    """A specification with additional groups for its programs."""
    template = spec["TaskTemplate"]
    container = {**template["ContainerSpec"], "Groups": list(groups)}
    return {**spec, "TaskTemplate": {**template, "ContainerSpec": container}}


def labels_of(service: Json) -> Mapping[str, str]:
    """The labels of a service itself, not of its containers."""
    return service["Spec"].get("Labels") or {}


def service_name(service: Json) -> str:
    """A service's name within its stack."""
    namespace = labels_of(service).get(NAMESPACE, "")
    return str(service["Spec"]["Name"]).removeprefix(f"{namespace}_")


def node_name(node: Json) -> str:
    """The host name of a node, else its id."""
    return str((node.get("Description") or {}).get("Hostname") or node["ID"])


def is_down(node: Json) -> bool:
    """Whether the managers have marked a node as down."""
    return bool((node.get("Status") or {}).get("State") == "down")


# Private

_STATES = {
    "starting": "running",
    "running": "running",
    "complete": "exited",
    "failed": "exited",
    "shutdown": "exited",
    "orphaned": "dead",
    "remove": "removing",
}


def _comes_back(slot: Slot, exit_code: int | None) -> bool:
    """Whether the managers will start another task in the slot, since its newest has ended."""
    policy = slot.service["Spec"]["TaskTemplate"].get("RestartPolicy") or {}
    condition, attempts = policy.get("Condition", "any"), int(policy.get("MaxAttempts") or 0)
    is_over = bool(attempts) and slot.failed_tasks >= attempts
    is_meant = condition == "any" or (condition == "on-failure" and exit_code != 0)
    return is_meant and not is_over and replicas_of(slot.service) > 0


def _is_alive(tasks: Iterable[Json]) -> bool:
    return any(task["Status"]["State"] in {"starting", "running"} for task in tasks)


def _without_container(slot: Slot) -> Container:
    """The managers' data about a slot whose container is on another node, or does not exist."""
    spec = slot.service["Spec"]["TaskTemplate"]["ContainerSpec"]
    state = str(slot.status["State"])
    has_check = bool((spec.get("Healthcheck") or {}).get("Test"))
    # The state `running` of a task means that its container is healthy.
    health = {"starting": "starting", "running": "healthy"}.get(state, "") if has_check else ""
    is_waiting = state not in _STATES and slot.failed_tasks > 0 and state != "rejected"
    code = (slot.status.get("ContainerStatus") or {}).get("ExitCode")
    return Container(
        id=slot.id,
        name="",
        service=slot.name,
        project=slot.namespace,
        # An image named by id is the container's: a node without it rejects the task.
        image_id=image if (image := str(spec.get("Image", ""))).startswith("sha256:") else "",
        image_ref=image,
        state="restarting" if is_waiting else _STATES.get(state, "created"),
        health=health,
        exit_code=int(code or 0) if _STATES.get(state) == "exited" else None,
        started_at=str(slot.status.get("Timestamp", "")),
        networks=_addresses(slot.task),
        mounts=_mounts(spec),
        ports=_ports(slot.status),
    )


def _addresses(task: Json) -> dict[str, str]:
    return {
        str(entry["Network"]["Spec"]["Name"]): str((entry.get("Addresses") or [""])[0]).split("/")[
            0
        ]
        for entry in task.get("NetworksAttachments") or ()
    }


def _mounts(spec: Json) -> tuple[Mount, ...]:
    return tuple(
        Mount(
            kind=str(mount.get("Type", "")),
            source=str(mount.get("Source", "")),
            target=str(mount.get("Target", "")),
            read_only=bool(mount.get("ReadOnly")),
        )
        for mount in spec.get("Mounts") or ()
    )


def _ports(status: Json) -> tuple[Port, ...]:
    rows = (status.get("PortStatus") or {}).get("Ports") or ()
    ports = {
        Port(
            target=int(row["TargetPort"]),
            published=int(row["PublishedPort"]),
            protocol=str(row.get("Protocol", "tcp")),
        )
        for row in rows
        if row.get("PublishedPort")
    }
    return tuple(sorted(ports, key=lambda port: (port.target, port.published or 0)))
