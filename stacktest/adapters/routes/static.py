"""Host names that `stacktest.toml` itself declares, for front doors that cannot be read."""

from collections.abc import Mapping
from difflib import get_close_matches

from stacktest.adapters.routes.upstream import service_of
from stacktest.core.model import Route, Stack
from stacktest.errors import UsageError


def read_configured(hosts: Mapping[str, str], stack: Stack) -> tuple[Route, ...]:
    """Routes of `[stack.hosts]`: host name → `service` or `service:port`."""
    return tuple(_route(host.lower(), target, stack) for host, target in hosts.items())


# Private


def _route(host: str, target: str, stack: Stack) -> Route:
    where = f"stack.hosts.{host}"
    name, _, port = target.partition(":")
    if port and not port.isdecimal():
        raise UsageError(
            f"'{port}' is no port number", where=where, hint="write service or service:port"
        )
    service = service_of(stack, name)
    if service is None:
        near = get_close_matches(name, list(stack.services), n=3)
        raise UsageError(
            f"'{name}' is no service of this stack",
            where=where,
            hint=f"did you mean {' or '.join(near)}?" if near else "name a service",
        )
    number = int(port) if port else None
    return Route(host=host, service=service, port=number, where=where, upstream=target)
