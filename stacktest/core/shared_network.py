"""Services that run in the network of another one: `network_mode: service:vpn`."""

from stacktest.core.model import Service, Stack


def network_owner(stack: Stack, name: str) -> str:
    """The service in whose network `name` runs: itself, unless `network_mode` says another."""
    visited = [name]
    while (owner := _next_owner(stack, visited[-1])) and owner not in visited:
        visited.append(owner)
    return visited[-1]


def tenants_of(stack: Stack, owner: str) -> tuple[str, ...]:
    """Services that run in the network of `owner`."""
    return tuple(n for n in stack.services if n != owner and network_owner(stack, n) == owner)


def network_mode(service: Service) -> str:
    """`host`, `none`, `service:NAME`, `container:NAME`, or empty."""
    definition = service.definition if isinstance(service.definition, dict) else {}
    return str(definition.get("network_mode") or "")


# Private


def _next_owner(stack: Stack, name: str) -> str:
    service = stack.services.get(name)
    kind, _, other = network_mode(service).partition(":") if service else ("", "", "")
    if kind == "service":
        return other if other in stack.services else ""
    if kind == "container":
        named = (s.name for s in stack.services.values() if other in {s.name, s.container_name})
        return next(named, "")
    return ""
