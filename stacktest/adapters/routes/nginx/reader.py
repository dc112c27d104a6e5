"""Routes of an nginx configuration: its host names and what answers each, with file and line."""

from collections.abc import Iterator
from pathlib import Path

from stacktest.adapters.routes.mounts import certificate_text
from stacktest.adapters.routes.nginx.phases import Phases
from stacktest.adapters.routes.nginx.servers import HttpBlock, Server, listened, read_http
from stacktest.adapters.routes.nginx.source import SILENT, Directive, read_directives
from stacktest.adapters.routes.nginx.variables import Variables, initial
from stacktest.adapters.routes.ordered import for_people, of_any_name, ordered
from stacktest.core.changed_copy import replace
from stacktest.core.interpolation import variables_of
from stacktest.core.model import Stack
from stacktest.core.route import Listener, Route
from stacktest.core.routing import HTTP, HTTPS


def read_nginx(paths: tuple[Path, ...], stack: Stack) -> tuple[Route, ...]:
    """Routes of every `server` in the files and in files that they include."""
    http = read_http(read_directives(paths, stack), stack)
    routes: list[Route] = []
    any_name = stack.domain or "localhost"
    for host, is_deep in _hosts(http, stack).items():
        if host == any_name:
            routes += of_any_name(host, lambda name: _routes(http, name, stack))
        else:
            routes += _routes(http, host, stack, is_deep=is_deep)
    for server in http.servers:
        routes += [_unset(server, name) for name in server.unset if server.block.is_named]
    routes += _unreachable(http, stack)
    return for_people([*routes, *_passed_through(http, stack)])


# Private


def _hosts(http: HttpBlock, stack: Stack) -> dict[str, bool]:
    """Host names of servers in the named files; the stack's domain for a server of any name."""
    hosts: dict[str, bool] = {}
    any_name = stack.domain or "localhost"
    for server in http.servers:
        if not server.block.is_named or not server.listeners:
            continue
        if server.is_catch_all or _is_default(http, server, any_name):
            hosts.setdefault(any_name, False)
        for host, is_deep in server.hosts():
            if stack.domain and host.endswith(".*"):
                # A name that can be requested, and its routes, which another server may have.
                hosts.setdefault(f"{host[:-1]}{stack.domain}", False)
            hosts.setdefault(host, is_deep)
    return hosts


def _is_default(http: HttpBlock, server: Server, any_name: str) -> bool:
    """Whether a server that is named by addresses only answers for every name, too."""
    return server.has_addresses_only and any(
        server in http.answering(any_name, listener.port) for listener in server.listeners
    )


def _routes(http: HttpBlock, host: str, stack: Stack, *, is_deep: bool = False) -> Iterator[Route]:
    listeners = {item for server in http.servers for item in server.listeners}
    by_servers: dict[tuple[int, ...], tuple[tuple[Server, ...], list[Listener]]] = {}
    for listener in sorted(listeners, key=lambda item: (not item.tls, item.port)):
        servers = http.answering(host, listener.port)
        by_servers.setdefault(tuple(map(id, servers)), (servers, []))[1].append(listener)
    start = 0
    for servers, places in by_servers.values():
        for server in servers:
            routes = _of_server(http, server, host, stack, places, start=start, is_deep=is_deep)
            start += len(routes)
            yield from routes if server is servers[-1] else map(_at_some_address, routes)


def _at_some_address(route: Route) -> Route:
    """The route, marked as uncertain: other addresses of the port belong to the next server."""
    return replace(route, is_hidden=True, match=route.match or "@listen")


def _of_server(
    http: HttpBlock,
    server: Server,
    host: str,
    stack: Stack,
    places: list[Listener],
    *,
    start: int,
    is_deep: bool,
) -> list[Route]:
    phases = Phases(
        stack=stack,
        server=(server.block, http.block),
        upstreams=http.upstreams,
        variables=initial(
            host,
            places[0],
            http.maps,
            server_name=server.primary_name,
            shows_port=_shows_port(places[0], stack),
        ),
    )
    return ordered(
        phases.steps(),
        host=host,
        listeners=tuple(places),
        where=server.block.where,
        basis=_basis(http, server, stack),
        start=start,
        is_deep=is_deep,
    )


def _shows_port(place: Listener, stack: Stack) -> bool:
    """Whether a client must write the port in the URL to reach the listener."""
    door = stack.services.get(stack.front_door)
    outer = {port.published for port in (door.ports if door else ()) if port.target == place.port}
    return not (outer or {place.port}) <= {HTTPS if place.tls else HTTP, None}


def _unset(server: Server, name: str) -> Route:
    variable = next(variables_of(name), name)
    why = f"the variable {variable} is not set in the front door's environment"
    return Route(host=name, unknown=why, upstream=name, where=server.block.where)


def _unreachable(http: HttpBlock, stack: Stack) -> Iterator[Route]:
    """Unknown routes for names that only servers without a published port have."""
    known = _hosts(http, stack)
    for server in http.servers:
        ports = sorted({place.port for place in listened(server.block) if not place.is_loopback})
        if server.listeners or not server.block.is_named or not ports:
            continue
        why = f"nginx has it at port {ports[0]}, which {stack.front_door} does not publish"
        for host, is_deep in server.hosts():
            if "." in host and host not in known:
                yield Route(
                    host=host, unknown=why, where=server.block.where, upstream="?", is_deep=is_deep
                )


def _passed_through(http: HttpBlock, stack: Stack) -> Iterator[Route]:
    """Routes of `stream`, which forwards TLS by the name in its greeting, without decrypting."""
    for server in http.passed_through:
        ports = [Listener(port=place.port, tls=True) for place in listened(server)]
        for item in server.all("proxy_pass"):
            block = http.stream_maps.get(item.words[0].lstrip("$")) if item.words else None
            if block is None or block.words[0] != "$ssl_preread_server_name":
                continue
            for entry in block.block:
                if entry.name in {"default", "hostnames"} or entry.name[:1] in {"~", ".", "*"}:
                    continue
                variables = Variables(maps=http.stream_maps)
                value = variables.expand(entry.words[0]) if entry.words else ""
                targets = http.stream_upstreams.routes(stack, value, entry.where, by_request=True)
                for target in targets:
                    yield replace(target, host=entry.name, listeners=tuple(ports))


def _basis(http: HttpBlock, server: Server, stack: Stack) -> str:
    around = [item for item in http.block.block if item.name != "server"]
    return "\n".join(_texts((*around, server.block), stack, 0))


def _texts(directives: tuple[Directive, ...], stack: Stack, depth: int) -> Iterator[str]:
    for item in (item for item in directives if item.name != SILENT):
        yield " " * depth + " ".join((item.name, *map(repr, item.words)))
        if item.name == "ssl_certificate" and item.words:
            yield certificate_text(stack, item.words[0])
        yield from _texts(item.block, stack, depth + 1)
