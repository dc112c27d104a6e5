"""The servers that a router leads to, as Traefik's providers define its service.

labels          every container with labels of the service, at the port or URL in the labels; a
                container without such labels has one service, named after the container
a file          the servers of `loadBalancer`, or of the services in `weighted`, `failover` or
                `mirroring`
NAME@internal   Traefik itself
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from stacktest.adapters.routes.ordered import shared
from stacktest.adapters.routes.traefik.configuration import (
    DOCKER,
    Origin,
    Section,
    section,
    split_name,
)
from stacktest.adapters.routes.traefik.default_rule import own_name
from stacktest.adapters.routes.upstream import route_to
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import Route
from stacktest.core.routing import NOT_FOUND


class Services(Struct, frozen=True, kw_only=True):
    """Every service that Traefik's providers define."""

    stack: Stack
    origins: tuple[Origin, ...]
    """The origins that Traefik does not ignore."""
    kind: str
    """`http` or `tcp`."""

    def targets(self, router: Section, origin: Origin, where: str) -> list[Route]:
        """Routes to the servers that Traefik uses in turn for a router, or why they are unknown."""
        name = self.name(router, origin)
        if name.endswith("@internal"):
            return [Route(host="", where=where)]
        if not name:
            return [_not_known("", where, "it has several services and names none of them")]
        targets = shared(list(self._servers(name, origin.provider, where, frozenset())))
        is_of_labels = DOCKER in {origin.provider, split_name(name, origin.provider)[1]}
        return [_left_out(where), *targets] if is_of_labels and self.kind == "http" else targets

    def name(self, router: Section, origin: Origin) -> str:
        """The service of a router; empty if there are several and the router names none of them."""
        name = str(router.get("service") or "").lower()
        if name or origin.provider != DOCKER:
            return name
        own = self._defined(origin) or {own_name(origin.service, self.stack).lower(): {}}
        return next(iter(own)) if len(own) == 1 else ""

    # Private

    def _servers(
        self, name: str, provider: str, where: str, above: frozenset[str]
    ) -> Iterator[Route]:
        plain, provider = split_name(name, provider)
        full = f"{plain}@{provider}"
        definitions = [] if full in above else list(self._definitions(plain, provider))
        if not definitions:
            yield _not_known(name, where, f"the service {name} is not defined")
        for origin, definition in definitions:
            if provider == DOCKER:
                yield self._of_container(origin, definition, where)
            else:
                yield from self._of_file(definition, provider, where, above | {full})

    def _definitions(self, name: str, provider: str) -> Iterator[tuple[Origin, Section]]:
        """The definitions of a service: of all containers, which Traefik merges; of one file."""
        for origin in (item for item in self.origins if item.provider == provider):
            own = self._defined(origin)
            if provider == DOCKER and not own:
                own = {own_name(origin.service, self.stack).lower(): {}}
            if name in own:
                yield origin, own[name]
                if provider != DOCKER:
                    return

    def _defined(self, origin: Origin) -> Mapping[str, Section]:
        services = section((origin.http if self.kind == "http" else origin.tcp).get("services"))
        return {name: item for name, item in services.items() if isinstance(item, Mapping)}

    def _of_container(self, origin: Origin, definition: Section, where: str) -> Route:
        server = section(section(definition.get("loadbalancer")).get("server"))
        if url := str(server.get("url") or ""):
            return route_to(self.stack, host="", upstream=url, where=where)
        port = str(server.get("port") or "")
        if port and whole_number(port) is None:
            return _not_known(port, where, f"'{port}' is not a port number")
        upstream = f"{origin.service}:{port}" if port else origin.service
        route = route_to(self.stack, host="", upstream=upstream, where=where)
        return route if port else replace(route, port=None)

    def _of_file(
        self, definition: Section, provider: str, where: str, above: frozenset[str]
    ) -> Iterator[Route]:
        balanced = section(definition.get("loadbalancer"))
        servers = [section(server) for server in _items(balanced.get("servers"))]
        urls = [str(server.get("url") or server.get("address") or "") for server in servers]
        names = [
            str(item.get("name", "") if isinstance(item, Mapping) else item)
            for kind in ("weighted", "failover", "mirroring")
            for item in _members(section(definition.get(kind)))
        ]
        for url in urls:
            yield route_to(self.stack, host="", upstream=url, where=where)
        for name in names:
            yield from self._servers(name, provider, where, above)
        if not urls and not names:
            yield _not_known("?", where, "which servers it leads to")


# Private


def _not_known(upstream: str, where: str, why: str) -> Route:
    return Route(host="", where=where, unknown=why, upstream=upstream or "?")


def _left_out(where: str) -> Route:
    """The guard for Traefik's own 404 while a container is unhealthy, starting or stopped."""
    return Route(
        host="",
        where=where,
        statuses=frozenset({404}),
        length=len(NOT_FOUND),
        is_final=False,
        is_guard=True,
        is_hidden=True,
        is_missing_page=True,
    )


def _members(definition: Section) -> Iterator[Json]:
    """The services that may answer: those of `weighted`, else the main one and its fallback."""
    yield from _items(definition.get("services"))
    for key in ("service", "fallback"):
        if definition.get(key):
            yield definition[key]


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
