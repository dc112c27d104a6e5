"""Whose container an upstream address means: by service, container name, alias or host name."""

import re
from collections.abc import Mapping

from stacktest.core.model import Route, Service, Stack

_ADDRESS = re.compile(
    r"^(?:(?P<scheme>[a-z0-9+]+)://)?(?P<host>\[[^\]]+\]|[^:/\s]+)?(?::(?P<port>\d+)(?:-\d+)?)?(?:/.*)?$"
)
_DEFAULT_PORTS = {"https": 443, "http": 80, "h2c": 80, "": 80}


def service_of(stack: Stack, host: str) -> str | None:
    """The service that a name means on the stack's networks, or None."""
    if host in stack.services:
        return host
    return _other_names(stack.services).get(host)


def route_to(stack: Stack, *, host: str, upstream: str, match: str, where: str) -> Route:
    """The route of `host` to an upstream as the front door's configuration writes it.

    An upstream that is no service of this stack keeps its text and has no service: whether that is
    a fault is for `check` and the tests to say, not a reason to give up on every other route.
    """
    parts = _ADDRESS.match(upstream)
    name = (parts["host"] or "") if parts else ""
    service = service_of(stack, name) if name else None
    port = None
    if service is not None and parts:
        port = int(parts["port"]) if parts["port"] else _DEFAULT_PORTS.get(parts["scheme"] or "")
    return Route(host=host, service=service, port=port, where=where, match=match, upstream=upstream)


def main_first(routes: list[Route]) -> tuple[Route, ...]:
    """Per host the route that answers by default first; each host once in the order of the file.

    Where everything has a condition, the front door itself answers the rest.
    """
    by_host: dict[str, list[Route]] = {}
    for route in routes:
        by_host.setdefault(route.host, []).append(route)
    ordered: list[Route] = []
    for host, group in by_host.items():
        if all(route.match for route in group):
            ordered.append(Route(host=host, where=group[0].where))
        if any(route.upstream and not route.match for route in group):
            # Beside an upstream without a condition, `respond` without one never speaks.
            group = [route for route in group if route.upstream or route.match]  # noqa: PLW2901
        ordered.extend(sorted(group, key=lambda route: bool(route.match)))
    return tuple(dict.fromkeys(ordered))


# Private


def _other_names(services: Mapping[str, Service]) -> dict[str, str]:
    names: dict[str, str] = {}
    for service in services.values():
        stanza = service.definition if isinstance(service.definition, dict) else {}
        aliases = [
            alias
            for network in (stanza.get("networks") or {}).values()
            for alias in (network or {}).get("aliases") or ()
        ]
        for name in (service.container_name, stanza.get("hostname", ""), *aliases):
            if name:
                names.setdefault(name, service.name)
    return names
