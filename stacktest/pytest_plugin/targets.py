"""Maps a target that a test names for a client to its URL.

"app.home.lan"             the host name
"app", as a service        its host name; with one route only, for a prefix, that host and prefix;
                           without a route, its published port
"app", as first label      the host name that begins with it
the front door             the host that it answers by itself, else the domain, else its first host
any of these, "/prefix"    the URL below that path
with port=                 the published address of that port, by its number inside or outside
"""

import re

from stacktest.application.running_stack import RunningStack
from stacktest.core.hostnames import to_ascii
from stacktest.core.model import Stack
from stacktest.core.route import Route
from stacktest.core.routing import TLS_PORTS, published_url
from stacktest.errors import UsageError
from stacktest.pytest_plugin.answers import UNREAD_CODE, url_of


def base_url(stack: RunningStack, target: str, port: int | None = None) -> str:
    """The URL of a target; UsageError if the target does not exist in this stack."""
    _refuse_address(target)
    name, slash, prefix = to_ascii(target).partition("/")
    if slash:
        return f"{_origin(stack, name, port)}/{prefix}"
    url = _origin(stack, name, port)
    own = stack.model.named_routes_of(name)
    if len(own) == 1 and port is None and (below := _prefix(own[0])):
        return f"{url}{below}/"
    return url


def first_url(stack: RunningStack) -> str | None:
    """The base URL of relative addresses: the domain, else the first host name, else a door.

    A door is a published address of the front door, or, without a front door, of the first service
    that has one; of several addresses that with the lowest port in the container.
    """
    hosts = [stack.model.domain, *(route.host for route in stack.model.routes if route.is_exact)]
    if host := next((host for host in hosts if host), None):
        return url_of(stack, host)
    doors = [stack.model.front_door] if stack.model.front_door else [*stack.model.services]
    published = next((known for door in doors if (known := stack.names.addresses(door))), None)
    return published_url(*min(published.items())) if published else None


# Private


_WITH_PORT = re.compile(r"[^/:]*:\d+(/|$)")


def _refuse_address(target: object) -> None:
    """Raise a `UsageError` for a URL, a name with a port, and a value that is not a string."""
    if not isinstance(target, str) or "://" in target or _WITH_PORT.match(target):
        raise UsageError(
            f"{target!r} is not the name of a service or of a host",
            where="fixture api",
            hint='write the name alone, and its port beside it: api("app", port=8080)',
        )


def _origin(stack: RunningStack, name: str, port: int | None) -> str:
    if name in stack.model.services and (port is not None or not _has_host(stack.model, name)):
        return _published(stack, name, port)
    if port is None:
        return url_of(stack, name)
    scheme = "https" if port in TLS_PORTS else "http"
    return f"{scheme}://{url_of(stack, name).partition('://')[2].partition(':')[0]}:{port}"


def _has_host(model: Stack, service: str) -> bool:
    if service == model.front_door:
        return bool(model.domain or any(route.is_exact for route in model.routes))
    return bool(model.named_routes_of(service))


def _prefix(route: Route) -> str:
    """The path prefix that a route matches; empty if the route's match is not a plain prefix."""
    path = route.match.rstrip("*").rstrip("/")
    is_prefix = route.match.startswith("/") and route.match.endswith("*") and "*" not in path
    return path if is_prefix else ""


def _published(stack: RunningStack, service: str, port: int | None) -> str:
    addresses = stack.names.addresses(service)
    chosen = {
        inner: address
        for inner, address in addresses.items()
        if port is None or str(port) in {str(inner), str(address[1])}
    }
    if not chosen:
        what, unread = f"does not publish port {port}", ""
        if port is None:
            unread = "; ".join(stack.model.unread_routes)
            known = f" that is known ({unread})" if unread else ""
            what = f"has no host name{known}, and publishes no port"
        raise UsageError(
            f"service '{service}' {what}",
            where="fixture api",
            code=UNREAD_CODE if unread else "",
            hint=f'reach it with the fixture `inside`: inside("{service}").http({port or "PORT"})',
        )
    if len(chosen) > 1:
        ports = ", ".join(str(inner) for inner in sorted(chosen))
        raise UsageError(
            f"service '{service}' publishes several ports ({ports})",
            where="fixture api",
            hint=f'choose one: api("{service}", port={min(chosen)})',
        )
    return published_url(*chosen.popitem())
