"""Which service an answer came from: by host name, port, path, method and status, or not known.

A wrong result would give a service credit for another's answer, so every doubt is "not known".
All routes of the host are walked in order, and every one that may have given the status is noted:

    a route does not hold               passed over
    a route may hold                    noted, and the walk goes on
    a route holds and is final          noted, and the walk ends

The answer is a service's when the walk notes routes of that service only.
"""

import itertools
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import Enum
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.hostnames import before_port, to_ascii
from stacktest.core.model import Stack
from stacktest.core.route import Listener, PathCondition, Route, compiled

HTTPS, HTTP = 443, 80
TLS_PORTS = frozenset({443, 8443, 9443})
"""Container ports that are assumed to use TLS; `base_url=` overrides that."""
DOOR_FAILURES = frozenset({413, 414, 417, 421, 431, 494, 495, 496, 497, 499, 502, 503, 504, 505})
"""Statuses that any front door may answer itself: no upstream, or a request it does not accept."""
REFUSALS = frozenset({400, 405, 501})
"""Statuses of a front door for a request that it does not pass on; applications use them, too."""
NOT_PASSED_ON = frozenset({"CONNECT", "TRACE"})
"""Methods that a front door may refuse for every application: nginx does."""
LONGEST_HEAD = 8000
"""Bytes of headers that front doors accept: nginx and HAProxy answer 400 to longer lines."""
NOT_FOUND = "404 page not found\n"
"""The body of Go's standard 404 answer, which front doors written in Go give, too."""

FileKind = Callable[[str, str], str]
"""(folder of this machine, path such as `/style.css`) → `file`, `folder` or empty."""


class Request(Struct, frozen=True, kw_only=True):
    """The known facts of a request that was answered, and the length of its answer."""

    host: str
    path: str = "/"
    port: int | None = None
    """The port of the front door's container; None when it is not known."""
    method: str | None = None
    tls: bool | None = None
    """Whether the request used TLS; None when that is not known."""
    length: int | None = None
    """The `Content-Length` of its answer, 0 without one; None when that is not known."""
    head: int = 0
    """The bytes of its headers; 0 when that is not known."""


def request_of(url: str) -> Request:
    """The request for this URL; the front door's port is not known."""
    parts = urlsplit(url)
    return Request(host=to_ascii(parts.hostname or ""), path=parts.path or "/")


def covers(pattern: str, host: str) -> bool:
    """Whether a route's host matches `host`: `*.name` (one label), `name.*`, `~regex`, or exact."""
    if pattern.startswith("~"):
        expression = compiled(f"(?i){pattern[1:]}")
        return expression is not None and expression.search(host) is not None
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    if pattern.endswith(".*"):
        return host.startswith(pattern[:-1]) and len(host) > len(pattern) - 1
    return pattern == host


def answerers(
    routes: Iterable[Route], request: Request, status: int, *, file_kind: FileKind | None = None
) -> frozenset[str | None]:
    """The services that may have given this answer; None stands for the front door or not known."""
    routes = tuple(routes)
    if _is_refusal(request, status) or _is_misspoken(routes, request, status):
        return frozenset({None})
    reached, has_ended = _reached(routes, request, file_kind)
    services = {route.service for route in reached if status in route.statuses}
    return frozenset(services if has_ended else {*services, None})


def doubts(
    routes: Iterable[Route], request: Request, status: int, *, file_kind: FileKind | None = None
) -> dict[str, str]:
    """Service that may have given this answer → where the rule is that makes another possible."""
    routes = tuple(routes)
    if _is_refusal(request, status) or _is_misspoken(routes, request, status):
        return {}
    reached, has_ended = _reached(routes, request, file_kind)
    noted = [route for route in reached if status in route.statuses]
    if not noted:
        # No route can give this status: name the services' own routes.
        return {r.service: r.where for r in reached if r.service and not r.is_guard}
    if has_ended and len({route.service for route in noted}) == 1:
        return {}
    return {
        route.service: next((r.where for r in noted if r.service != route.service), "")
        for route in noted
        if route.service
    }


def may_be_left_out(routes: Iterable[Route], request: Request) -> bool:
    """Whether the front door drops the route of a service that is not healthy.

    Then the next matching route answers the request, or the front door with a page of its own.
    """
    reached, _ = _reached(routes, replace(request, length=None), None)
    return any(route.is_missing_page for route in reached)


def is_usual(request: Request) -> bool:
    """False for long headers, and for a path that leaves the root or is not text."""
    names = unquote(request.path, errors="replace").split("/")
    depths = itertools.accumulate(_DEPTHS.get(name, 1) for name in names[1:])
    is_text = all(name.isprintable() for name in names) and not _BAD_ESCAPE.search(request.path)
    is_passed_on = (request.method or "").upper() not in NOT_PASSED_ON
    is_short = request.head <= LONGEST_HEAD
    return is_passed_on and is_text and is_short and min(depths, default=0) >= 0


def routes_taken(routes: Iterable[Route], request: Request) -> tuple[Route, ...]:
    """The routes to an upstream by which a request may have gone; guards are left out."""
    taken: list[Route] = []
    for route, match in _walk(routes, request, None):
        if route.upstream and not route.is_guard:
            taken.append(route)
        if match is Match.YES and route.is_final:
            break
    return tuple(taken)


def rivals(routes: Iterable[Route], request: Request, service: str) -> tuple[Route, ...]:
    """Routes by which others may answer the request on a healthy stack, in their order."""
    reached, _ = _reached(routes, request, None)
    others = (route for route in reached if route.is_guard or route.service != service)
    return tuple(route for route in others if not route.is_missing_page)


def origin(
    ports: Collection[int], host: str, routes: Iterable[Route] = (), service: str | None = None
) -> str:
    """`https://host`, or plain HTTP where the front door publishes no port 443.

    `ports` maps the front door's ports to addresses where they are published elsewhere; the
    listeners of the routes, if known, decide which port leads to `service`, and whether by TLS.
    `localhost` is the name of other services of this machine, too: there the published port counts.
    """
    own = [
        route
        for route in routes
        if route.host == host and not route.is_guard and service in {None, route.service}
    ]
    listeners = [
        listener
        for route in [route for route in own if route.is_main] or own
        for listener in route.listeners
        if not ports or listener.port in ports
    ]
    if best := asked_at(listeners):
        port = _outer(ports, best.port, always=host == "localhost")
        return _url("https" if best.tls else "http", host, port)
    outer = {_outer(ports, port) for port in ports}
    if HTTPS in outer or not ports:
        return _url("https", host, HTTPS)
    return _url("http", host, HTTP if HTTP in outer else min(ports))


def asked_at(listeners: Iterable[Listener]) -> Listener | None:
    """The listener that a client prefers: with TLS first, then a usual port."""
    return min(
        listeners, key=lambda item: (not item.tls, item.port not in {HTTPS, HTTP}), default=None
    )


def usual_port(scheme: str) -> int:
    """The port of a URL without a port number."""
    return HTTPS if scheme == "https" else HTTP


def published_url(inner: int, address: tuple[str, int]) -> str:
    """The URL of a published address, with the scheme that is usual for its container port."""
    host, outer = address
    scheme = "https" if inner in TLS_PORTS else "http"
    return f"{scheme}://{before_port(host)}:{outer}"


def inner_port(doors: Mapping[int, tuple[str, int]], port: int) -> int | None:
    """The front door's container port that the port of a URL leads to, or None."""
    if port in doors:
        return port
    return next((inner for inner, address in doors.items() if address[1] == port), None)


def route_rows(stack: Stack, service: str) -> Mapping[str, str]:
    """Host name of `service` → the routes and the front door's configuration for that name.

    The text is compared to detect a changed route: where the name leads, and the configuration
    that applies to it. It may contain secrets: sign it, never show it.
    """
    hosts = {route.host for route in stack.routes_of(service)}
    rows: dict[str, dict[str, None]] = {host: {} for host in sorted(hosts)}
    for route in stack.routes:
        if route.host in rows:
            rows[route.host] |= {f"{route.match}|{target_of(route)}": None, route.basis: None}
    return {host: "\n".join(lines) for host, lines in rows.items()}


def route_targets(stack: Stack) -> Mapping[str, str]:
    """Host name → where it leads by default; used by reasons that name the former target."""
    targets: dict[str, str] = {}
    for route in stack.routes:
        targets.setdefault(route.host, target_of(route) or "not known")
    return targets


def target_of(route: Route) -> str:
    """Where a route leads, as people read it: `cal:5232`, or the upstream as it is written."""
    if route.service:
        return f"{route.service}:{route.port}" if route.port else route.service
    return route.upstream or ("" if route.unknown else "the front door itself")


# Private

_DEPTHS = {"..": -1, ".": 0, "": 0}
"""Part of a path → what it adds to the depth; every other part adds 1."""
_SUCCESS = range(200, 300)
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def _is_refusal(request: Request, status: int) -> bool:
    """Whether the front door may have answered with the status before it chose a route."""
    # nginx's `error_page 405 =200` gives its refusal of such a method any status.
    is_refused = (request.method or "").upper() in NOT_PASSED_ON
    return is_refused or status in DOOR_FAILURES or (status in REFUSALS and not is_usual(request))


def _is_misspoken(routes: tuple[Route, ...], request: Request, status: int) -> bool:
    """Whether the front door may have refused plain HTTP at a port where it speaks TLS alone.

    A success contradicts what was read of the port, so that it counts as if nothing were read.
    """
    if request.tls is not False or status in _SUCCESS:
        return False
    host = _best_pattern(routes, request.host)
    there = [r for r in routes if r.pattern == host and r.is_final and _listens(r, request.port)]
    return bool(there) and all(_speaks_other(route, request) for route in there)


class Match(Enum):
    """Whether a route holds for a request."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


def _walk(
    routes: Iterable[Route], request: Request, file_kind: FileKind | None
) -> Iterator[tuple[Route, Match]]:
    """The routes of the host that hold or may hold, in order, with rewritten paths considered."""
    rewritten: int | None = None
    for route in _of_request(tuple(routes), request):
        match = _match(route, request, rewritten=rewritten, file_kind=file_kind)
        if match is Match.NO:
            continue
        if route.rewrites is not None:
            levels = (route.rewrites, rewritten)
            rewritten = min(level for level in levels if level is not None)
            continue
        yield route, match


def _reached(
    routes: Iterable[Route], request: Request, file_kind: FileKind | None
) -> tuple[list[Route], bool]:
    """The routes that a request may reach, and whether the last of them certainly answers."""
    reached: list[Route] = []
    for route, match in _walk(routes, request, file_kind):
        reached.append(route)
        if match is Match.YES and route.is_final:
            return reached, True
    return reached, False


def _of_request(routes: tuple[Route, ...], request: Request) -> list[Route]:
    host = _best_pattern(routes, request.host)
    there = [r for r in routes if r.pattern == host and _listens(r, request.port)]
    # Of two routes at one port, with TLS and without, the request reached the one of its protocol.
    speaking = [route for route in there if not _speaks_other(route, request)]
    is_told_apart = any(route.listeners and route.is_final for route in speaking)
    return sorted(speaking if is_told_apart else there, key=lambda route: route.order)


def _best_pattern(routes: tuple[Route, ...], host: str) -> str | None:
    patterns = dict.fromkeys(route.pattern for route in routes)
    if host in patterns:
        return host
    if _is_address(host):
        return next((route.pattern for route in routes if route.holds_for_addresses), None)
    fitting = [pattern for pattern in patterns if covers(pattern, host)]
    # Wildcards win over expressions, the longest first; expressions keep their order.
    return min(fitting, key=_rank, default=None)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _rank(pattern: str) -> tuple[bool, int]:
    if pattern.startswith("~^.+\\."):
        return False, -len(pattern)
    return (True, 0) if pattern.startswith("~") else (False, -len(pattern))


def _listens(route: Route, port: int | None) -> bool:
    ports = [listener.port for listener in route.listeners]
    return not ports or port is None or port in ports


def _speaks_other(route: Route, request: Request) -> bool:
    places = [item for item in route.listeners if item.port == request.port]
    return request.tls is not None and bool(places) and request.tls not in {p.tls for p in places}


def _match(
    route: Route, request: Request, *, rewritten: int | None, file_kind: FileKind | None
) -> Match:
    answers = [_path(condition, request.path, rewritten) for condition in route.conditions]
    if route.methods:
        answers.append(_method(route.methods, request.method))
    if route.files is not None:
        kind = None if rewritten is not None else file_kind
        answers.append(_file(route.files, route.index, request.path, kind))
    is_other = route.length is not None and request.length not in {None, route.length}
    if is_other or Match.NO in answers:
        return Match.NO
    return Match.MAYBE if route.is_hidden or Match.MAYBE in answers else Match.YES


def _path(condition: PathCondition, path: str, rewritten: int | None) -> Match:
    if rewritten is not None and condition.level >= rewritten:
        return Match.MAYBE
    results = {condition.holds(reading) for reading in (path, _decoded(path))}
    if len(results) > 1 or None in results:
        return Match.MAYBE
    return Match.YES if True in results else Match.NO


def _method(methods: frozenset[str], method: str | None) -> Match:
    if method is None:
        return Match.MAYBE
    return Match.YES if method.upper() in methods else Match.NO


def _file(folder: str, index: str | None, path: str, file_kind: FileKind | None) -> Match:
    if not folder or file_kind is None:
        return Match.MAYBE
    kind = file_kind(folder, _decoded(path))
    if index is None:
        return Match.YES if kind == "file" else Match.NO
    if kind != "folder":
        return Match.NO
    matches = not index or file_kind(folder, f"{_decoded(path).rstrip('/')}/{index}") == "file"
    return Match.YES if matches else Match.NO


def _decoded(path: str) -> str:
    """The path in the form that front doors compare: decoded, without `//`, `/./` and `/../`."""
    plain = unquote(path)
    cleaned = posixpath.normpath(f"/{plain.lstrip('/')}")
    return f"{cleaned}/" if plain.endswith("/") and cleaned != "/" else cleaned


def _outer(ports: Collection[int], port: int, *, always: bool = False) -> int:
    address = ports.get(port) if isinstance(ports, Mapping) else None
    return address[1] if address and (always or address[1] in {HTTPS, HTTP}) else port


def _url(scheme: str, host: str, port: int) -> str:
    usual = {"https": HTTPS, "http": HTTP}[scheme]
    name = before_port(host)
    return f"{scheme}://{name}" if port == usual else f"{scheme}://{name}:{port}"
