"""Lists the addresses of a running service, each with the call that a test writes for it.

where                                                          as the test writes it
each of its host names, and each path that leads to it         `api("wiki.home.lan")`
a port that it publishes                                       `api("wiki", port=8080)`
a port at which it listens                                     `inside("wiki").http(8080)`
"""

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from stacktest.adapters.diagnosis.open_ports import TABLES, read_table
from stacktest.adapters.names import http_client, inner_http_client
from stacktest.adapters.network import Connector, ProbeContainers, ServiceAccess
from stacktest.adapters.routes.served_files import file_kind
from stacktest.adapters.tls import client_context
from stacktest.bootstrap.context import Project
from stacktest.bootstrap.visits import Address
from stacktest.core.route import Route
from stacktest.core.routing import Request, answerers, inner_port, origin, published_url, usual_port
from stacktest.core.shared_network import answers_itself
from stacktest.init.programs import Program
from stacktest.init.render import quoted
from stacktest.init.suites import NOT_HTTP, prefix_of

if TYPE_CHECKING:
    import ssl

    import httpx


class ServiceAddresses:
    """The addresses of the services of one running stack."""

    def __init__(
        self, project: Project, probes: ProbeContainers, programs: Mapping[str, Program | None]
    ) -> None:
        self._project, self._stack = project, project.stack
        self._names, self._programs = project.names, programs
        self._connector = Connector(project.engine, probes)
        self._accesses = dict[str, ServiceAccess]()

    def by_host(self, name: str) -> Iterator[Address]:
        """Addresses at the front door: each host name of the service, and each path to it."""
        seen = set()
        routes = sorted(self._stack.named_routes_of(name), key=lambda route: bool(route.match))
        for route in routes:
            prefix = prefix_of(route)
            if prefix is not None and (route.host, prefix) not in seen and not route.is_hidden:
                seen.add((route.host, prefix))
                yield self.at_door(name, route, prefix)

    def at_door(self, name: str, route: Route, prefix: str) -> Address:
        """The address at the front door by the route's host name; `name` may be the door itself."""
        url = origin(self._names.doors, route.host, self._stack.routes)
        return Address(
            service=name,
            client=f"api({quoted(route.host)})",
            connect=partial(http_client, self._names, self._context, url),
            is_own=partial(self._answers, name, url),
            host=route.host,
            prefix=prefix,
        )

    def published(self, name: str) -> Iterator[Address]:
        """Addresses at the ports that the service publishes on this machine."""
        for port, address in sorted(self._names.addresses(name).items()):
            if port not in NOT_HTTP:
                url = published_url(port, address)
                yield Address(
                    service=name,
                    client=f"api({quoted(name)}, port={port})",
                    connect=partial(http_client, self._names, self._context, url),
                    is_own=lambda _path, _status: True,
                    port=port,
                )

    def inner(self, name: str) -> Iterator[Address]:
        """Addresses in its container, at ports where it, and no service of its network, listens."""
        for port in sorted(self.open_ports(name) - NOT_HTTP):
            if answers_itself(self._stack, name, port):
                yield Address(
                    service=name,
                    client=f"inside({quoted(name)}).http({port})",
                    connect=partial(self._inner_client, name, port),
                    is_own=lambda _path, _status: True,
                    port=port,
                )

    def open_ports(self, name: str) -> frozenset[int]:
        """Ports at which the container listens, else those that the model names."""
        service = self._stack.services[name]
        done = self.access(name).run("cat", *TABLES)
        if ports := read_table(done.out).for_others:
            return ports
        program = self._programs[name]
        routed = {route.port for route in self._stack.routes_of(name) if route.port}
        exposed = (service.definition or {}).get("expose") or ()
        named = {int(port) for port in map(str, exposed) if port.isdecimal()}
        return frozenset(routed | named | ({program.port} if program and program.port else set()))

    def access(self, name: str) -> ServiceAccess:
        """The access to the service's container; made once."""
        return self._accesses.setdefault(
            name,
            ServiceAccess(
                self._stack,
                self._project.engine,
                self._connector,
                name,
                on_answer=lambda _port: None,
                client=inner_http_client,
            ),
        )

    @cached_property
    def _context(self) -> "ssl.SSLContext":
        return client_context(self._project.readable_ca)

    def _answers(self, name: str, url: str, path: str, status: int) -> bool:
        """Whether an answer through the front door counts as the service's own."""
        import httpx

        parts = httpx.URL(url)
        port = inner_port(self._names.doors, parts.port or usual_port(parts.scheme))
        tls = parts.scheme == "https"
        request = Request(host=parts.host, path=path, port=port, method="GET", tls=tls)
        services = answerers(self._stack.routes, request, status, file_kind=file_kind)
        return services == {name or None} or (
            not name and services <= {None, self._stack.front_door}
        )

    def _inner_client(self, name: str, port: int, **options: Any) -> "httpx.Client":
        host = self.access(name).address(port)
        return inner_http_client(name, port, host, **options)
