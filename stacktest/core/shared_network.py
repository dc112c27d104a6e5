"""Services that run in another service's network, and which of them listens at a port.

`network_mode: service:vpn` puts a service into the network of `vpn`, `host` into that of the
machine. All of them answer at one address, so only the port tells which service answered. The
ports are those that a service declares: `expose`, `PORT` variables, health check, command, label.
"""

import re
from collections.abc import Mapping

from stacktest.core.model import Service, Stack
from stacktest.core.numbers import whole_number


def network_owner(stack: Stack, name: str) -> str:
    """The service in whose network `name` runs: itself, unless `network_mode` says another."""
    visited = [name]
    while (owner := _next_owner(stack, visited[-1])) and owner not in visited:
        visited.append(owner)
    return visited[-1]


def tenants_of(stack: Stack, owner: str) -> tuple[str, ...]:
    """Services that run in the network of `owner`."""
    return tuple(n for n in stack.services if n != owner and network_owner(stack, n) == owner)


def service_at(stack: Stack, owner: str, port: int | None) -> str:
    """The service that listens at `port` in the network of `owner`; empty if nothing declares it.

    A single tenant need not declare its port: `owner` publishes the port for it.
    """
    owner = network_owner(stack, owner)
    tenants = tenants_of(stack, owner)
    if not tenants:
        return owner
    declaring = [name for name in (owner, *tenants) if port in _declared_ports(stack, name)]
    if len(declaring) == 1:
        return declaring[0]
    return tenants[0] if len(tenants) == 1 and owner not in declaring else ""


def answering_service(stack: Stack, name: str, port: int) -> str:
    """The service that answered at `port` of `name`, the name that a test used; empty if in doubt.

    If others share its network, the test's name is believed unless declared ports contradict it.
    """
    others = neighbours_of(stack, name)
    declaring = [other for other in others if port in _declared_ports(stack, other)]
    if network_mode(stack.services[name]) == "host":
        declaring += [s.name for s in stack.services.values() if _publishes(s, port)]
    own = _declared_ports(stack, name) if others or declaring else frozenset({port})
    if port in own or not (own or declaring):
        return "" if declaring else name
    return declaring[0] if len(declaring) == 1 else ""


def answers_itself(stack: Stack, name: str, port: int) -> bool:
    """Whether `name` answers at its `port`, by `answering_service` and by `service_at` alike."""
    return answering_service(stack, name, port) == name == service_at(stack, name, port)


def neighbours_of(stack: Stack, name: str) -> tuple[str, ...]:
    """Other services that are reached at the same address as this one, sorted."""
    owner = network_owner(stack, name)
    members = {owner, *tenants_of(stack, owner)}
    if network_mode(stack.services[owner]) == "host":
        members |= {s.name for s in stack.services.values() if network_mode(s) == "host"}
    return tuple(sorted(members - {name}))


def in_host_network(stack: Stack, port: int | None = None) -> tuple[str, ...]:
    """Services in the network of the machine itself; with `port` only those that declare it."""
    return tuple(
        name
        for name in stack.services
        if network_mode(stack.services[network_owner(stack, name)]) == "host"
        and (port is None or port in _declared_ports(stack, name))
    )


def network_mode(service: Service) -> str:
    """`host`, `none`, `service:NAME`, `container:NAME`, or empty."""
    definition = service.definition if isinstance(service.definition, dict) else {}
    return str(definition.get("network_mode") or "")


def joined_containers(service: Service) -> tuple[str, ...]:
    """Names of the containers whose network, processes, memory or volumes it shares."""
    definition = service.definition if isinstance(service.definition, dict) else {}
    values = [definition.get(key) for key in ("network_mode", "pid", "ipc")]
    values += definition.get("volumes_from") or ()
    parts = (str(value).split(":") for value in values)
    return tuple(
        name for kind, name, *_ in (part for part in parts if len(part) > 1) if kind == "container"
    )


def container_name(project: str, service: Service) -> str:
    """The name of its only container: the one that it sets, else the one that Compose gives it."""
    return service.container_name or f"{project}-{service.name}-1"


# Private


def _publishes(service: Service, port: int) -> bool:
    return any(p.published == port and p.protocol == "tcp" for p in service.ports)


def _declared_ports(stack: Stack, name: str) -> frozenset[int]:
    """Ports at which a service listens according to its own definition."""
    service = stack.services[name]
    definition = service.definition if isinstance(service.definition, dict) else {}
    check = (definition.get("healthcheck") or {}).get("test") or ()
    texts = [str(port).partition("/")[0] for port in definition.get("expose") or ()]
    texts += [v or "" for k, v in service.environment.items() if k.upper().endswith("PORT")]
    texts += re.findall(r":(\d{2,5})\b", " ".join(map(str, check)))
    texts += re.findall(r"(?:^|[:=\s])(\d{2,5})\b", " ".join(service.command or ()))
    # Labels of the network's owner name ports of its tenants, too.
    labels: Mapping[str, str] = service.labels if network_owner(stack, name) != name else {}
    texts += [v for k, v in labels.items() if k.lower().endswith(".server.port")]
    return frozenset(number for text in texts if (number := whole_number(text)) is not None)


def _next_owner(stack: Stack, name: str) -> str:
    service = stack.services.get(name)
    kind, _, other = network_mode(service).partition(":") if service else ("", "", "")
    if kind == "service":
        return other if other in stack.services else ""
    if kind == "container":
        named = (s.name for s in stack.services.values() if other == container_name(stack.name, s))
        return next(named, "")
    return ""
