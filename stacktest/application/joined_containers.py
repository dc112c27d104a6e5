"""Containers that services join by their names: `network_mode: container:vpn`, of any project."""

from collections.abc import Callable, Iterable, Mapping

from stacktest.core.freshness import drift
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.shared_network import network_mode, network_owner
from stacktest.core.timestamps import parse
from stacktest.core.unknown import Unknown

_KEYS = ("network_mode", "pid", "ipc")


def joined_containers(
    stack: Stack, inspect: Callable[[str], Json | Unknown]
) -> Mapping[str, Json | Unknown]:
    """`container:NAME` → the engine's document of that container, for each that a service joins."""
    values = (
        str((service.definition or {}).get(key) or "")
        for service in stack.services.values()
        for key in _KEYS
    )
    wanted = dict.fromkeys(value for value in values if value.startswith("container:"))
    return {value: inspect(value.partition(":")[2]) for value in wanted}


def joined_ids(joined: Mapping[str, Json | Unknown]) -> Mapping[str, frozenset[str]]:
    """`container:NAME` → the id of the container that has the name now; empty if none has it."""
    return {
        value: frozenset() if isinstance(document, Unknown) else frozenset({str(document["Id"])})
        for value, document in joined.items()
    }


def joined_drift(
    stack: Stack,
    service: Service,
    containers: Iterable[Json],
    joined: Mapping[str, Json | Unknown],
) -> drift.Reasons:
    """Whether the container whose network the service joined was started later, or has ended."""
    mode = network_mode(service)
    owner = joined.get(mode)
    if (
        owner is None
        or isinstance(owner, Unknown)
        or network_owner(stack, service.name) != service.name
    ):
        # Without the container the definition differs; one of the stack is compared as a service.
        return ()
    name = mode.partition(":")[2]
    if owner["State"]["Status"] != "running":
        return (f"container:{name} does not run, whose network {service.name} joined",)
    moment = parse(owner["State"]["StartedAt"])
    return tuple(
        reason
        for document in containers
        if document["State"]["Status"] == "running"
        for reason in drift.network_drift(
            name, moment, service.name, parse(document["State"]["StartedAt"])
        )
    )
