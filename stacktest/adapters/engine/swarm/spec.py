"""Detects drift of a service on a swarm: by the parts of its specification, and task by task.

At its start a service gets a label with a digest for each part of its specification. A later change
by another client (`docker service update`) differs from that label; a task of an older
specification differs from the service. Digests are compared, never values.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from stacktest.adapters.engine.swarm.slots import Slot, labels_of
from stacktest.core.fingerprint.digest import digest
from stacktest.core.json_data import Json

DEPLOYED = "stacktest.deployed"
"""Label of a service: the digest of its definition in the compose file at the deployment."""
PARTS = "stacktest.parts"
"""Label of a service: the digest of each part of its specification at its start."""
FOREIGN = "definition:deployed by somebody else, so nothing tells whether it is what the files say"
_IN_PROGRESS = frozenset({"updating", "paused", "rollback_started", "rollback_paused"})
_CONTAINER = {
    "image": ("Image",),
    "command": ("Command", "Args"),
    "environment": ("Env",),
    "volumes": ("Mounts",),
    "files": ("Configs", "Secrets"),
    "healthcheck": ("Healthcheck",),
}
_TEMPLATE = {
    "networks": ("Networks",),
    "placement": ("Placement",),
    "resources": ("Resources",),
    "restart": ("RestartPolicy",),
}


def part_digests(template: Json, endpoint: Json = None) -> dict[str, str]:
    """Part → digest, of a task's specification and its service's ports."""
    container = dict(template.get("ContainerSpec") or {})
    # The engine sets this key in only one of the two documents that are compared.
    container.pop("Isolation", None)
    parts = {name: [container.pop(key, None) for key in keys] for name, keys in _CONTAINER.items()}
    parts |= {name: [template.get(key) for key in keys] for name, keys in _TEMPLATE.items()}
    parts["container"] = [container]
    if endpoint is not None:
        parts["ports"] = [endpoint]
    return {name: digest(_without_blanks(value)) for name, value in sorted(parts.items())}


def service_digests(spec: Json) -> dict[str, str]:
    """Part → digest, of a service's specification."""
    return part_digests(spec["TaskTemplate"], spec.get("EndpointSpec") or {})


def service_drift(service: Json, slots: Iterable[Slot], deployed: str) -> tuple[str, ...]:
    """The differences between a running service and the file, whose digest now is `deployed`."""
    labels, spec = labels_of(service), service["Spec"]
    if DEPLOYED not in labels:
        return (FOREIGN,)
    reasons = []
    if labels[DEPLOYED] != deployed:
        reasons.append("definition:changed in the files since it was deployed")
    recorded = json.loads(labels.get(PARTS) or "{}")
    reasons += [f"definition:{part}" for part in _differing(recorded, service_digests(spec))]
    if (update := service.get("UpdateStatus") or {}).get("State") in _IN_PROGRESS:
        reasons.append(f"container:an update is in progress ({update['State']})")
    for slot in slots:
        reasons += _slot_drift(slot, spec["TaskTemplate"])
    return tuple(reasons)


# Private


def _slot_drift(slot: Slot, template: Json) -> Iterator[str]:
    name = f"{slot.name}.{slot.key}"
    if slot.lost_node:
        yield f"container:{name} is on node {slot.lost_node}, which does not answer"
    if slot.status["State"] in {"failed", "rejected", "pending"} and slot.status.get("Err"):
        yield f"container:{name} {slot.status['State']}: {slot.status['Err']}"
    expected = part_digests(template)
    for task in _serving(slot.tasks):
        if parts := _differing(expected, part_digests(task["Spec"])):
            yield f"container:{name} runs an older definition: {', '.join(parts)}"
    if len(_serving(slot.tasks)) > 1:
        yield f"container:{name} has {len(_serving(slot.tasks))} tasks at once"


def _serving(tasks: Sequence[Json]) -> list[Json]:
    return [task for task in tasks if task["Status"]["State"] in {"starting", "running"}]


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | after if before.get(name) != after.get(name))


def _without_blanks(value: Json) -> Json:
    """The value without empty items, which the engine sometimes writes and sometimes omits."""
    if isinstance(value, dict):
        filled = {name: _without_blanks(item) for name, item in value.items()}
        return {name: item for name, item in filled.items() if item not in (None, {}, [], "", 0)}
    if isinstance(value, list):
        return [_without_blanks(item) for item in value]
    return value
