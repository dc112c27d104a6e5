"""Compares existing networks and volumes with their definitions.

Compose creates them once and, in many versions, never again: an edit of `internal` or of a subnet
has no effect until somebody removes the network.
"""

from collections.abc import Iterable, Iterator, Mapping

from stacktest.core.freshness.container.values import flag, options
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack

_FLAGS = {"internal": "Internal", "attachable": "Attachable", "enable_ipv6": "EnableIPv6"}
_POOL = {"subnet": "Subnet", "gateway": "Gateway", "ip_range": "IPRange"}


def shared_drift(
    stack: Stack, service: Service, networks: Mapping[str, Json], volumes: Mapping[str, Json]
) -> tuple[str, ...]:
    """`network:NAME` and `volume:NAME` for those of the service that differ from the files.

    `networks` and `volumes` are those that the engine lists, by their names on the engine.
    """
    mounted = [mount.source for mount in service.mounts if mount.kind == "volume"]
    reasons = [
        f"network:{name}"
        for name, definition, actual in _used(stack, service.networks, "networks", networks)
        if not _is_network(definition, actual)
    ]
    reasons += [
        f"volume:{name}"
        for name, definition, actual in _used(stack, mounted, "volumes", volumes)
        if not _has_driver(definition, actual)
    ]
    return tuple(dict.fromkeys(reasons))


def creation_times(
    stack: Stack, service: Service, volumes: Mapping[str, Json]
) -> Mapping[str, str]:
    """Volume that the service mounts → when the engine says that it was created, if it does."""
    mounted = [mount.source for mount in service.mounts if mount.kind == "volume"]
    return {
        name: str(actual["CreatedAt"])
        for name, _, actual in _used(stack, mounted, "volumes", volumes)
        if actual.get("CreatedAt")
    }


# Private


def _used(
    stack: Stack, names: Iterable[str], section: str, existing: Mapping[str, Json]
) -> Iterator[tuple[str, Mapping[str, Json], Json]]:
    for name in names:
        definition = (stack.definitions.get(section) or {}).get(name) or {}
        real = definition.get("name") or f"{stack.name}_{name}"
        if not definition.get("external") and real in existing:
            yield name, definition, existing[real]


def _is_network(definition: Mapping[str, Json], actual: Json) -> bool:
    is_same = all(flag(definition.get(key)) == flag(actual.get(n)) for key, n in _FLAGS.items())
    return is_same and _has_driver(definition, actual) and _has_pools(definition, actual)


def _has_driver(definition: Mapping[str, Json], actual: Json) -> bool:
    """Whether it has the definition's driver and options; further options are allowed."""
    existing = options(actual.get("Options"))
    return definition.get("driver") in (None, "", "default", actual.get("Driver")) and all(
        existing.get(name) == value
        for name, value in options(definition.get("driver_opts")).items()
    )


def _has_pools(definition: Mapping[str, Json], actual: Json) -> bool:
    pools = (definition.get("ipam") or {}).get("config") or ()
    existing = (actual.get("IPAM") or {}).get("Config") or ()
    return all(
        any(
            all(row.get(name) == pool[key] for key, name in _POOL.items() if pool.get(key))
            for row in existing
        )
        for pool in pools
    )
