"""Looks at a running stack: asks every service over HTTP, every store by its client, and networks.

where a service is asked                                       as the test writes it
each of its host names, and each path that leads to it         `api("wiki.home.lan")`
where none of these is its own: a port that it publishes       `api("wiki", port=8080)`
where it publishes none: a port at which it listens            `inside("wiki").http(8080)`
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from stacktest.adapters.engine.labels import holder_labels
from stacktest.adapters.names import http_client, inner_http_client
from stacktest.adapters.network import OPEN, Connector, ProbeContainers, ServiceAccess, reach
from stacktest.adapters.routes.served_files import file_kind
from stacktest.adapters.tls import client_context
from stacktest.bootstrap.context import Project
from stacktest.bootstrap.start import new_run_id
from stacktest.bootstrap.visits import Address, visit
from stacktest.core.model import Service
from stacktest.core.route import Route
from stacktest.core.routing import Request, answerers, inner_port, origin
from stacktest.core.secrets import secrets_of
from stacktest.core.shared_network import answering, network_owner
from stacktest.errors import StacktestError
from stacktest.init.look.findings import findings
from stacktest.init.look.look import DOOR, Boundary, Look, Visit
from stacktest.init.look.paths import listening_ports, paths_to_ask
from stacktest.init.programs import Program, recognise
from stacktest.init.render import quoted
from stacktest.init.stores import STORES, client_of
from stacktest.init.suites import NOT_HTTP, is_one_shot, prefix_of

if TYPE_CHECKING:
    import ssl

    import httpx

AT_ONCE = 4
"""Services that are asked at the same time."""
PAUSE = 0.5
"""Seconds between two attempts."""
TLS_PORTS = frozenset({443, 8443, 9443})
"""Ports in containers behind which TLS is spoken."""


def look_at(project: Project, patience: float = 0.0) -> Look:
    """What the running services of a stack answer; nothing of it is changed.

    `patience` are the seconds that a service without a health check has to begin to answer, where
    it was only just started.
    """
    labels = holder_labels(project.stack, new_run_id(), str(os.getpid()))
    image = project.config.stack.probe_image
    with closing(ProbeContainers(project.stack, project.engine, image=image, labels=labels)) as p:
        return _Looker(project, p, patience).look()


def running_services(project: Project) -> frozenset[str]:
    """Services of the stack with a container that runs."""
    return frozenset(
        container.service
        for container in project.engine.containers(project.stack.name)
        if container.is_running and not container.one_off
    )


# Private


class _Looker:
    """Asks the services of one stack."""

    def __init__(self, project: Project, probes: ProbeContainers, patience: float) -> None:
        self._project, self._stack = project, project.stack
        self._deadline = time.monotonic() + patience
        self._names, self._probes = project.names, probes
        self._programs = {s.name: recognise(s) for s in self._stack.services.values()}
        self._running = running_services(project)

    def look(self) -> Look:
        """Everything that can be seen."""
        paths, visits, unanswered = paths_to_ask(self._stack), list[Visit](), dict[str, str]()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            names = [name for name in sorted(self._stack.services) if not self._is_quiet(name)]
            results = pool.map(partial(self._patient_visits, paths), names)
            for name, (seen, why) in zip(names, results, strict=True):
                visits += seen
                if not any(item.credited for item in seen):
                    unanswered[name] = why
            visits += filter(None, pool.map(partial(self._own, paths), self._own_hosts()))
        look = Look(visits=tuple(visits), secrets=secrets_of(self._stack))
        return replace(
            look,
            visits=(*visits, *self._closer(look, paths)),
            store_errors={name: self._patient_store_error(name) for name in self._stores()},
            store_ports=dict(self._store_ports()),
            boundaries=tuple(self._boundaries()),
            unanswered=unanswered,
        )

    def _closer(self, look: Look, paths: Iterable[str]) -> Iterator[Visit]:
        """Within its network, a service that nothing tells from others through the front door."""
        routed = {item.service for item in look.visits if item.host and item.credited} - {DOOR}
        for name in sorted(routed - findings(look).keys()):
            for address in self._inner(name):
                if isinstance(result := visit(address, paths), Visit):
                    yield result

    # Services

    def _is_quiet(self, name: str) -> bool:
        """Nothing that it answers over HTTP is of interest."""
        program = self._programs[name]
        is_store = program is not None and program.store in STORES
        is_door = name == self._stack.front_door and bool(self._stack.routes)
        return (
            is_store
            or is_door
            or is_one_shot(self._stack, name, program)
            or bool(self._stack.services[name].unreadable)
        )

    def _patient_visits(self, paths: Iterable[str], name: str) -> tuple[list[Visit], str]:
        """The same once it answers, or when it has had its time."""
        while True:
            visits, why = self._visits(paths, name)
            is_late = time.monotonic() > self._deadline or name not in self._running
            if any(item.credited for item in visits) or is_late:
                return visits, why
            time.sleep(PAUSE)

    def _visits(self, paths: Iterable[str], name: str) -> tuple[list[Visit], str]:
        """What its addresses answer, and why the last that was tried does not."""
        if name not in self._running:
            return [], "it does not run"
        visits, why = list[Visit](), "it answers nothing over HTTP"
        for addresses in (self._by_host, self._published, self._inner):
            for address in addresses(name):
                result = visit(address, paths)
                if isinstance(result, Visit):
                    visits.append(result)
                elif address.host:
                    why = f"{address.host} {result}"
            if any(item.credited for item in visits):
                break
        return visits, why

    def _by_host(self, name: str) -> Iterator[Address]:
        seen = set()
        routes = sorted(self._stack.named_routes_of(name), key=lambda route: bool(route.match))
        for route in routes:
            prefix = prefix_of(route)
            if prefix is not None and (route.host, prefix) not in seen and not route.is_hidden:
                seen.add((route.host, prefix))
                yield self._door_address(name, route, prefix)

    def _own_hosts(self) -> list[Route]:
        """Routes of host names at which the front door answers by itself."""
        exact = [route for route in self._stack.routes if route.is_exact]
        return [
            route
            for route in {route.host: route for route in reversed(exact) if route.is_main}.values()
            if not route.service and not route.upstream and not route.unknown
        ]

    def _own(self, paths: Iterable[str], route: Route) -> Visit | None:
        result = visit(self._door_address(DOOR, route, ""), paths)
        return result if isinstance(result, Visit) else None

    def _door_address(self, name: str, route: Route, prefix: str) -> Address:
        url = origin(self._names.doors, route.host, self._stack.routes)
        return Address(
            service=name,
            client=f"api({quoted(route.host)})",
            connect=partial(http_client, self._names, self._context, url),
            is_own=partial(self._answers, name, url),
            host=route.host,
            prefix=prefix,
        )

    def _answers(self, name: str, url: str, path: str, status: int) -> bool:
        """Whether an answer through the front door counts as the service's own."""
        import httpx

        parts = httpx.URL(url)
        port = inner_port(self._names.doors, parts.port or _usual(parts.scheme))
        request = Request(host=parts.host, path=path, port=port, method="GET")
        services = answerers(self._stack.routes, request, status, file_kind=file_kind)
        return services == {name or None} or (not name and services <= {None, self._door})

    @property
    def _door(self) -> str:
        return self._stack.front_door

    def _published(self, name: str) -> Iterator[Address]:
        for port, (host, outer) in sorted(self._names.addresses(name).items()):
            if port not in NOT_HTTP:
                shown = f"[{host}]" if ":" in host else host
                url = f"{'https' if port in TLS_PORTS else 'http'}://{shown}:{outer}"
                yield Address(
                    service=name,
                    client=f"api({quoted(name)}, port={port})",
                    connect=partial(http_client, self._names, self._context, url),
                    is_own=lambda _path, _status: True,
                    port=port,
                )

    def _inner(self, name: str) -> Iterator[Address]:
        for port in sorted(self._listening(name) - NOT_HTTP):
            if answering(self._stack, name, port) == name:
                yield Address(
                    service=name,
                    client=f"inside({quoted(name)}).http({port})",
                    connect=partial(self._inner_client, name, port),
                    is_own=lambda _path, _status: True,
                    port=port,
                )

    def _inner_client(self, name: str, port: int, **options: Any) -> "httpx.Client":
        host = self._access(name).address(port)
        return inner_http_client(name, port, host, **options)

    def _listening(self, name: str) -> frozenset[int]:
        """Ports at which the container listens, else those that the model names."""
        service = self._stack.services[name]
        done = self._access(name).run("cat", "/proc/net/tcp", "/proc/net/tcp6")
        if ports := listening_ports(done.out):
            return ports
        program = self._programs[name]
        routed = {route.port for route in self._stack.routes_of(name) if route.port}
        exposed = (service.definition or {}).get("expose") or ()
        named = {int(port) for port in map(str, exposed) if port.isdecimal()}
        return frozenset(routed | named | ({program.port} if program and program.port else set()))

    def _access(self, name: str) -> ServiceAccess:
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
    def _accesses(self) -> dict[str, ServiceAccess]:
        return {}

    @cached_property
    def _connector(self) -> Connector:
        return Connector(self._project.engine, self._probes)

    @cached_property
    def _context(self) -> "ssl.SSLContext":
        return client_context(self._project.readable_ca)

    # Stores

    def _stores(self) -> Iterator[str]:
        for name, program in self._programs.items():
            if program and program.store in STORES and name in self._running:
                yield name

    def _store_ports(self) -> Iterator[tuple[str, int]]:
        for name in self._stores():
            port = STORES[_kind(self._programs[name])]
            if port in self._listening(name):
                yield name, port

    def _patient_store_error(self, name: str) -> str:
        """The same once it answers, or when it has had its time."""
        while (error := self._store_error(name)) and time.monotonic() < self._deadline:
            time.sleep(PAUSE)
        return error

    def _store_error(self, name: str) -> str:
        """Why the client in its container cannot ask it; empty where it can."""
        service, program = self._stack.services[name], self._programs[name]
        client = client_of(service, program.store) if program else None
        if client is None:
            return ""
        try:
            done = self._access(name).run(*client.argv, env=client.variables)
        except StacktestError as error:
            return error.what
        return "" if done.code == 0 else (done.err or done.out).strip().partition("\n")[0]

    # Networks

    def _boundaries(self) -> Iterator[Boundary]:
        """Stores that are asked on a network of their own, and not known on the front door's."""
        door = self._stack.services.get(self._door)
        if door is None or self._stack.denies_egress:
            return
        for name in self._stores():
            store = self._stack.services[name]
            port = STORES[_kind(self._programs[name])]
            for inner, outer in _pairs(store, door):
                if network_owner(self._stack, name) == name and self._divides(
                    name, port, inner, outer
                ):
                    yield Boundary(service=name, port=port, inner=inner, outer=outer)
                    break

    def _divides(self, name: str, port: int, inner: str, outer: str) -> bool:
        ask: Callable[..., str] = partial(
            reach, self._stack, self._project.engine, self._probes, host=name, port=port
        )
        with suppress(StacktestError):
            # Where nothing there can open a connection, it is not known.
            return ask(network=inner) == OPEN and ask(network=outer) == "unresolved"
        return False


def _kind(program: Program | None) -> str:
    return program.store if program else ""


def _pairs(store: Service, door: Service) -> Iterator[tuple[str, str]]:
    if set(store.networks) & set(door.networks):
        return
    for inner in store.networks:
        for outer in door.networks:
            yield inner, outer


def _usual(scheme: str) -> int:
    return 443 if scheme == "https" else 80
