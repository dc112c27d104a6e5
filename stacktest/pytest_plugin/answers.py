"""Finds the URL of a service or host name, and notes which service gave an answer."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from stacktest.adapters.routes.served_files import file_kind
from stacktest.application.running_stack import RunningStack
from stacktest.core.hostnames import to_ascii
from stacktest.core.route import Route
from stacktest.core.routing import (
    Request,
    answerers,
    doubts,
    inner_port,
    may_be_left_out,
    origin,
    usual_port,
)
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError
from stacktest.pytest_plugin.contacts import note, note_doubt, touched
from stacktest.pytest_plugin.markers import services_of
from stacktest.pytest_plugin.seen_answers import remember_answer

UNREAD_CODE = "SK-ROUTES"
"""The code of an error whose cause is a file of the front door that could not be read."""


def url_of(stack: RunningStack, name: str) -> str:
    """The URL of a service, a host name, or a host name given by its first label."""
    host = _host(stack, name)
    service = name if name in stack.model.services and name != stack.model.front_door else None
    return origin(stack.names.doors, host, stack.model.routes, service)


def note_answer(
    node: pytest.Item,
    stack: RunningStack,
    url: str,
    status: int,
    *,
    method: str | None = None,
    host: str = "",
    door_port: int | None = None,
    length: int | None = None,
    head: int = 0,
    read_body: Callable[[], str] = str,
) -> None:
    """Note the front door, and the service that must have given this answer, if it is certain.

    An answer that the front door, or a sign-in before the service, may have given counts for the
    front door alone. `host` is the Host header that was sent if it differs from the URL's;
    `door_port` the front door's port in its container if the connection is known to end there,
    `length` the answer's `Content-Length`, `head` the bytes of the request's headers.
    """
    parts = urlsplit(url)
    name = (parts.hostname or "").lower()
    remember_answer(node, status, url, read_body)
    if door_port is None and not stack.names.is_ours(name):
        return
    if stack.model.front_door:
        note(node, stack.model.front_door)
    if host and not _HOST.fullmatch(host):
        # A front door refuses a malformed Host header, or passes it to its first route.
        return
    outer = parts.port or usual_port(parts.scheme)
    asked = _without_port(host) or name
    request = Request(
        host=to_ascii(asked),
        path=parts.path or "/",
        port=inner_port(stack.names.doors, outer) if door_port is None else door_port,
        method=method,
        tls=parts.scheme in {"https", "wss"},
        length=length,
        head=head,
    )
    routes = stack.model.routes
    services = answerers(routes, request, status, file_kind=file_kind)
    if asked.endswith("."):
        # For some front doors, Caddy among them, a name with a final dot is another name.
        for other in filter(None, services - {stack.model.front_door}):
            note_doubt(node, other, "a dot ends the host name")
        return
    _note_unread(node, stack, services)
    if len(services) > 1:
        for other, where in doubts(routes, request, status, file_kind=file_kind).items():
            note_doubt(node, other, where)
        return
    for service in filter(None, services - {stack.model.front_door}):
        is_first = service not in touched(node)
        if is_first and may_be_left_out(routes, request) and _is_out(stack, service):
            note_doubt(node, service, f"{stack.model.front_door} leaves it out: it is not healthy")
        else:
            note(node, service)


def is_unrouted(error: BaseException) -> bool:
    """Whether a test ended because a file of the front door could not be read."""
    return isinstance(error, UsageError) and error.code == UNREAD_CODE


# Private


def _note_unread(node: pytest.Item, stack: RunningStack, answered: frozenset[str | None]) -> None:
    """If a front door's file could not be read, any service may have given an unknown answer."""
    unread = "; ".join(stack.model.unread_routes) if answered == {None} else ""
    for service in set(services_of(node)[0]) - {*touched(node)} if unread else ():
        note_doubt(node, service, unread)


_HOST = re.compile(r"[^\s,/@?#:\\\[\]]+(:\d*)?|\[[0-9A-Fa-f:.]+\](:\d*)?")


def _is_out(stack: RunningStack, service: str) -> bool:
    """Whether every container of a service is unhealthy, starting or stopped."""
    containers = [c for c in stack.engine.containers(stack.model.name) if c.service == service]
    return bool(containers) and not any(
        container.is_running and container.health in {"", "healthy"} for container in containers
    )


def _without_port(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "") if host else ""


def _host(stack: RunningStack, name: str) -> str:
    routes = [route for route in stack.model.routes if route.is_exact]
    hosts = [route.host for route in routes]
    if name in hosts or stack.names.is_ours(name):
        return name
    if name == stack.model.front_door and (host := _door_host(stack, routes)):
        return host
    own = [route for route in routes if route.service == name and not route.is_guard]
    for candidates in (
        [route.host for route in own if not route.match],
        [host for host in hosts if host.partition(".")[0] == name],
        [route.host for route in own],
    ):
        if candidates:
            return candidates[0]
    unread = "; ".join(stack.model.unread_routes)
    where_known = f" that is known ({unread})" if unread else ""
    code = UNREAD_CODE if unread else ""
    if name in stack.model.services:
        raise UsageError(
            f"service '{name}' has no host name{where_known}",
            where="fixture api",
            code=code,
            hint=f'reach it with the fixture `inside`: inside("{name}").http(PORT)',
        )
    known = (*stack.model.services, *hosts)
    raise UsageError(
        f"'{name}' is neither a service nor a host name of this stack{where_known}",
        where="fixture api",
        code=code,
        hint=did_you_mean(name, known) or "stacktest names",
    )


def _door_host(stack: RunningStack, routes: list[Route]) -> str:
    """A host name that the front door answers by itself, else the domain, else its first name."""
    own = [r.host for r in routes if r.is_main and not r.service and not r.upstream]
    below = [host for host in (stack.model.domain,) if host]
    return next(iter((*own, *below, *(route.host for route in routes))), "")
