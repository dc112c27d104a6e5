"""Routes that `stacktest.toml` itself declares, for front doors that cannot be read.

Such a front door may itself redirect or refuse a request; every other answer is the service's.
"""

import re
from collections.abc import Mapping

from stacktest.adapters.routes.container_names import services_named
from stacktest.core.model import Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import ANY_STATUS, Route
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError


def read_configured(hosts: Mapping[str, str], stack: Stack) -> tuple[Route, ...]:
    """Routes of `[stack.hosts]`: host name → `service` or `service:port`."""
    return tuple(_route(host.lower(), target, stack) for host, target in hosts.items())


# Private

_MAY_BE_THE_DOORS = frozenset({301, 302, 303, 307, 308, 401, 403})
_HAPROXY = re.compile(r"(?:^|/)haproxy[^/]*$")
"""The image of HAProxy, which exits at start if a server in its configuration has no address."""


def _route(host: str, target: str, stack: Stack) -> Route:
    where = f"stack.hosts.{host}"
    name, _, port = target.partition(":")
    number = whole_number(port)
    if port and number is None:
        raise UsageError(
            f"'{port}' is not a port number", where=where, hint="write service or service:port"
        )
    services = (name,) if name in stack.services else services_named(stack, name.lower())
    if len(services) != 1:
        raise UsageError(
            f"'{name}' is not a service of this stack",
            where=where,
            hint=did_you_mean(name, stack.services) or "name a service",
        )
    door = stack.services.get(stack.front_door)
    return Route(
        host=host,
        service=services[0],
        port=number,
        where=where,
        upstream=target,
        statuses=ANY_STATUS - _MAY_BE_THE_DOORS,
        is_looked_up_at_start=door is not None and _HAPROXY.search(door.image) is not None,
    )
