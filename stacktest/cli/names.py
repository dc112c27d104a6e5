"""The verb `names`: host names and the service behind each."""

import threading
from contextlib import suppress

import click

from stacktest.cli.options import json_option, stack_option
from stacktest.cli.output import print_json, say
from stacktest.core.hostnames import before_port, to_unicode
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.route import ANY_STATUS, Route
from stacktest.core.routing import target_of
from stacktest.core.shared_network import neighbours_of, service_at
from stacktest.errors import UsageError


@click.command()
@stack_option
@json_option
@click.option("--hosts", is_flag=True, help="Print lines for /etc/hosts.")
@click.option("--serve", is_flag=True, help="Run a small DNS server for the domain.")
@click.option("--address", default="127.0.0.1", help="Where --serve listens.")
@click.option("--port", type=int, default=5354, help="Port of --serve.")
def names(*, folder: str, as_json: bool, hosts: bool, serve: bool, address: str, port: int) -> None:
    """The host names of the stack, and the service behind each."""
    from stacktest.adapters.names import NameServer, name_map, resolve_hosts_lines
    from stacktest.bootstrap.context import find_project

    stack = find_project(folder).stack
    if as_json:
        print_json(_document(stack))
    elif hosts:
        for line in resolve_hosts_lines(name_map(stack)):
            say(line)
    elif serve:
        server = NameServer(name_map(stack), answer_with=address)
        host, number = server.start(address, port)
        say(f"serving  *.{stack.domain} on {host}:{number}, UDP and TCP  (Ctrl-C ends it)")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        server.stop()
    else:
        for line in _lines(_rows(stack)):
            say(line)
        if not stack.routes:
            say(_NO_NAMES, err=True)
    _refuse_unread(stack)


# Private

_NO_NAMES = (
    "not known: any host name; name what says them in `routes`, or write them into [stack.hosts] "
    "(stacktest.toml:stack.routes)"
)


Row = tuple[str, str, str, str]
"""Name or address, the target behind it, the path or condition, and the place that defines it."""


def _refuse_unread(stack: Stack) -> None:
    """A UsageError for the files of a front door that cannot be read: their names are missing."""
    unread = [route for route in stack.routes if route.is_unread]
    if unread:
        raise UsageError(
            "; ".join(route.unknown for route in unread),
            where=", ".join(route.where for route in unread),
            hint="correct that place, or use [stack.hosts] instead, then: stacktest names",
            code="SK-ROUTES",
        )


def _rows(stack: Stack) -> list[Row]:
    """Every row once: routes that differ only in hidden conditions look the same."""
    return [*dict.fromkeys([*map(_row, _shown(stack)), *_published(stack)])]


def _shown(stack: Stack) -> list[Route]:
    """Routes as written by people, without path rewrites and the front door's built-in pages."""
    return [
        route
        for route in stack.routes
        if route.rewrites is None and not route.is_missing_page and not route.is_unread
    ]


def _row(route: Route) -> Row:
    return to_unicode(route.host), _behind(route), route.match or "/*", route.where


def _published(stack: Stack) -> list[Row]:
    """Published addresses that bypass the front door; `?` for a port that the engine chooses."""
    reach = "for tests only" if stack.denies_egress else "published"
    return [
        (
            f"{before_port(port.host_ip or _ANYWHERE)}:{port.published or '?'}",
            f"{_listening(stack, name, port.target)}:{port.target}",
            reach,
            f"services.{name}.ports",
        )
        for name, service in sorted(stack.services.items())
        for port in service.ports
        if name != stack.front_door and port.protocol == "tcp"
    ]


def _listening(stack: Stack, name: str, port: int) -> str:
    """The service that listens at a port that `name` publishes; all candidates if not known."""
    return service_at(stack, name, port) or " or ".join((name, *neighbours_of(stack, name)))


def _lines(rows: list[Row]) -> list[str]:
    widths = [max((len(row[place]) for row in rows), default=0) for place in range(3)]
    return [
        f"{host:<{widths[0]}}  {behind:<{min(widths[1], 40)}}  {path:<{widths[2]}}  {where}"
        for host, behind, path, where in rows
    ]


def _behind(route: Route) -> str:
    if route.is_guard:
        first = route.unknown or route.service or route.upstream or _statuses(route)
        return f"may answer first: {first}"
    if route.unknown:
        return f"not known: {route.unknown}"
    if route.upstream and not route.service:
        return f"{route.upstream} (not of this stack)"
    is_plain = route.statuses == ANY_STATUS or bool(route.service)
    return target_of(route) if is_plain else f"{target_of(route)} ({_statuses(route)})"


def _statuses(route: Route) -> str:
    if len(route.statuses) > _MOST_STATUSES:
        return "any status" if route.statuses == ANY_STATUS else "any status but 2xx"
    return ", ".join(map(str, sorted(route.statuses))) or "no answer"


_MOST_STATUSES = 12
_ANYWHERE = "0.0.0.0"  # noqa: S104 - only shown


def _document(stack: Stack) -> Json:
    """Host name → service, as in earlier versions, with all details under the key `routes`."""
    services: dict[str, Json] = {}
    for route in stack.routes:
        if not route.is_unread:
            services.setdefault(to_unicode(route.host), route.service)
    published = [
        {"address": address, "service": behind.rpartition(":")[0], "where": where}
        for address, behind, _, where in _published(stack)
    ]
    routes = [_entry(route) for route in stack.routes]
    return {"routes": routes, "published": published, **services}


def _entry(route: Route) -> Json:
    return {
        "host": to_unicode(route.host),
        "path": route.match,
        "service": route.service,
        "port": route.port,
        "upstream": route.upstream,
        "unknown": route.unknown,
        "where": route.where,
        "listeners": [{"port": item.port, "tls": item.tls} for item in route.listeners],
        "first": route.is_guard,
        "statuses": None if route.statuses == ANY_STATUS else sorted(route.statuses),
    }
