"""Host names that Traefik's routers ask for, and the service behind each."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stacktest.adapters.routes.blank_names import BlankName, blank_names
from stacktest.adapters.routes.ordered import for_people, of_any_name, ordered, shared
from stacktest.adapters.routes.traefik.configuration import (
    Origin,
    Section,
    Static,
    file_origins,
    label_origins,
    read_static,
    section,
)
from stacktest.adapters.routes.traefik.matchers import host_patterns, hosts_of, narrowed
from stacktest.adapters.routes.traefik.middlewares import MAX_DEPTH, REDIRECTS, guards_of, listed
from stacktest.adapters.routes.traefik.rule import RuleError, alternatives
from stacktest.adapters.routes.upstream import route_to
from stacktest.core.model import Json, Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import Listener, Route
from stacktest.core.routing import covers, target_of
from stacktest.core.unknown import Unknown


def read_traefik(stack: Stack, files: tuple[Path, ...] = ()) -> tuple[Route, ...]:
    """Routes that labels declare, files that are named, and those of the file provider."""
    static = read_static(stack)
    sources = [*label_origins(stack), *file_origins(stack, static, files)]
    origins = tuple(item for item in sources if isinstance(item, Origin))
    reader = _Reader(stack=stack, static=static, origins=origins)
    unread = [
        Route(
            host=item.why.partition(":")[0],
            unknown=item.why,
            upstream="?",
            where=item.why.partition(": ")[0],
        )
        for item in sources
        if isinstance(item, Unknown)
    ]
    return for_people([*reader.routes(), *unread])


# Private


@dataclass(frozen=True, kw_only=True, slots=True)
class _Choice:
    """One alternative of a router's rule: which requests it takes, and what happens to them."""

    hosts: tuple[str, ...]
    """Names or expressions; empty: every name."""
    other_hosts: tuple[str, ...]
    steps: tuple[Route, ...]
    listeners: tuple[Listener, ...]
    priority: int
    basis: str

    def fits(self, host: str) -> bool:
        """Whether a request for the host, a name or an expression, can be for it."""
        if any(covers(pattern, host) for pattern in self.other_hosts):
            return False
        return not self.hosts or any(p == host or covers(p, host) for p in self.hosts)


@dataclass(frozen=True, kw_only=True)
class _Reader:
    stack: Stack
    static: Static
    origins: tuple[Origin, ...]
    unknown: list[Route] = field(default_factory=list)
    """Routers of which it is not known what they ask for."""

    def routes(self) -> Iterator[Route]:
        """The routes of every host name, then the routers that cannot be told."""
        choices = sorted(
            (choice for origin in self.origins for choice in self._choices(origin)),
            key=lambda choice: -choice.priority,
        )
        hosts = dict.fromkeys(host for choice in choices for host in choice.hosts)
        if any(not choice.hosts for choice in choices):
            # A rule by path alone answers under every name.
            hosts.setdefault(self.stack.domain or "localhost")
        any_name = self.stack.domain or "localhost"

        def routes_of(host: str) -> Iterator[Route]:
            return self._routes_of(host, [choice for choice in choices if choice.fits(host)])

        for host in hosts:
            yield from of_any_name(host, routes_of) if host == any_name else routes_of(host)
        yield from self.unknown

    # Private

    def _routes_of(self, host: str, choices: list[_Choice]) -> Iterator[Route]:
        basis = "\n".join(
            [*(choice.basis for choice in choices), repr(sorted(self.static.values.items()))]
        )
        places = {item for choice in choices for item in choice.listeners}
        groups: dict[tuple[int, ...], list[Listener]] = {}
        for place in sorted(places, key=lambda item: (not item.tls, item.port)):
            there = tuple(
                i for i, c in enumerate(choices) if not c.listeners or place in c.listeners
            )
            groups.setdefault(there, []).append(place)
        if not groups:
            groups[tuple(range(len(choices)))] = []
        start = 0
        for group, listeners in groups.items():
            steps = [step for index in group for step in choices[index].steps]
            routes = ordered(
                steps,
                host=host,
                listeners=tuple(listeners),
                where=steps[0].where,
                basis=basis,
                start=start,
            )
            start += len(routes)
            yield from routes
        yield from self._redirects(host, {item.port for item in places}, start)

    def _redirects(self, host: str, ports: set[int], start: int) -> Iterator[Route]:
        """Entry points that lead to another one whatever is asked for."""
        for name, port in self.static.entrypoints().items():
            to_other = self.static.has(f"entrypoints.{name}.http.redirections")
            if to_other and port not in ports:
                yield Route(
                    host=host,
                    where=f"services.{self.static.service}",
                    match="http",
                    statuses=REDIRECTS,
                    listeners=(Listener(port=port, tls=False),),
                    order=start,
                )

    def _choices(self, origin: Origin) -> Iterator[_Choice]:
        routers = origin.http.get("routers")
        for name, router in routers.items() if isinstance(routers, Mapping) else ():
            if isinstance(router, Mapping):
                yield from self._choices_of(name, router, origin)

    def _choices_of(self, name: str, router: Section, origin: Origin) -> Iterator[_Choice]:
        where = origin.lines.get(name, origin.where)
        rule = str(router.get("rule", ""))
        if not self._is_exposed(origin):
            why = "Traefik does not expose the service: traefik.enable is not true"
            self.unknown.append(_not_known(name, where, why, rule))
            return
        try:
            parts = alternatives(rule)
        except RuleError as error:
            why = f"its rule cannot be read: {error}"
            self.unknown.append(_not_known(name, where, why + self._unset(where), rule))
            return
        targets = tuple(self._targets(router, origin, where))
        listeners = self._listeners(router)
        guards = tuple(self._guards(router, origin, listeners, where))
        basis = "\n".join(
            [
                name,
                repr(sorted(router.items(), key=str)),
                repr([target_of(target) for target in targets]),
                self._definitions(router, origin),
            ]
        )
        priority = str(router.get("priority", ""))
        find = blank_names(self.stack, origin.service, "labels")
        for part in parts:
            if any(literal.name == "hostsni" for literal in part):
                continue
            hosts = hosts_of(part)
            blanks = {host: blank for host in hosts or () if host and (blank := find(host))}
            self.unknown.extend(_not_whole(blank, where) for blank in blanks.values())
            if hosts and blanks:
                hosts = tuple(host for host in hosts if host not in blanks)
                if not hosts:
                    continue
            if hosts is None or "" in hosts:
                why = f"its rule names no host{self._unset(where)}"
                self.unknown.append(_not_known(name, where, why, rule))
                continue
            yield _Choice(
                hosts=hosts,
                other_hosts=tuple(
                    pattern
                    for item in part
                    if item.negated
                    for pattern in host_patterns(item) or ()
                ),
                steps=tuple(narrowed(step, part, name) for step in (*guards, *targets)),
                listeners=listeners,
                priority=whole_number(priority) or len(rule),
                basis=basis,
            )

    def _is_exposed(self, origin: Origin) -> bool:
        if origin.provider != "docker":
            return True
        labels = self.stack.services[origin.service].labels
        enabled = next((v for k, v in labels.items() if k.lower() == "traefik.enable"), "")
        default = self.static.values.get("providers.docker.exposedbydefault", "true")
        return (enabled or default).lower() != "false"

    def _unset(self, where: str) -> str:
        """The variable that stands in the label's line of a compose file, and is not set."""
        label = where.rpartition(".labels.")[2]
        for path in self.stack.compose_files:
            for line in _lines(path):
                variable = re.search(r"\$\{?([A-Za-z_]\w*)", line)
                if variable and label in line:
                    return f": {variable[1]} is not set"
        return ""

    def _listeners(self, router: Section) -> tuple[Listener, ...]:
        ports = self.static.entrypoints()
        names = [name.lower() for name in listed(router.get("entrypoints"))]
        known = [name for name in names or ports if name in ports]
        if len(known) < len(names):
            return ()
        has_tls = router.get("tls") not in (None, "false", False)
        listeners = (
            Listener(port=ports[n], tls=has_tls or self.static.has(f"entrypoints.{n}.http.tls"))
            for n in known
            if not self.static.has(f"entrypoints.{n}.http.redirections")
        )
        return tuple(listeners)

    def _guards(
        self, router: Section, origin: Origin, listeners: tuple[Listener, ...], where: str
    ) -> Iterator[Route]:
        names = list(listed(router.get("middlewares")))
        for entrypoint in listed(router.get("entrypoints")) or self.static.entrypoints():
            key = f"entrypoints.{entrypoint.lower()}.http.middlewares"
            names += listed(self.static.values.get(key))
        for name in dict.fromkeys(names):
            yield from guards_of(
                name,
                self._defined("middlewares", name, origin),
                stack=self.stack,
                find=lambda inner: self._defined("middlewares", inner, origin),
                is_plain=bool(listeners) and not any(item.tls for item in listeners),
                where=where,
            )

    def _defined(self, kind: str, name: str, origin: Origin) -> Section | None:
        plain, _, provider = name.lower().partition("@")
        for place in self.origins:
            items = place.http.get(kind)
            if place.provider != (provider or origin.provider) or not isinstance(items, Mapping):
                continue
            if isinstance(items.get(plain), Mapping):
                definition: Section = items[plain]
                return definition
        return None

    def _definitions(self, router: Section, origin: Origin) -> str:
        names = (*listed(router.get("middlewares")), *listed(router.get("service")))
        return repr(
            [
                (name, kind, self._defined(kind, name, origin))
                for name in names
                for kind in ("middlewares", "services")
            ]
        )

    def _targets(self, router: Section, origin: Origin, where: str) -> list[Route]:
        name = str(router.get("service", "") or "")
        if name.lower().endswith("@internal"):
            return [Route(host="", where=where)]
        if origin.provider == "docker" and "@file" not in name.lower():
            return [self._labelled(name, origin, where)]
        definition = self._defined("services", name, origin)
        if definition is None:
            why = f"the service {name} is not defined where it was looked for"
            return [Route(host="", where=where, unknown=why, upstream=name)]
        unknown = Route(host="", where=where, unknown="which servers it leads to", upstream="?")
        return shared(list(self._served(definition, origin, where)) or [unknown])

    def _served(
        self, definition: Section, origin: Origin, where: str, depth: int = 0
    ) -> Iterator[Route]:
        balanced = section(definition.get("loadbalancer"))
        servers = [section(server) for server in _items(balanced.get("servers"))]
        urls = [str(server.get("url") or server.get("address") or "") for server in servers]
        for url in urls:
            yield route_to(self.stack, host="", upstream=url, where=where)
        others = [
            str(item.get("name", "") if isinstance(item, Mapping) else item)
            for kind in ("weighted", "failover", "mirroring")
            for item in _others(section(definition.get(kind)))
        ]
        for other in others:
            inner = self._defined("services", other, origin)
            if inner is not None and depth < MAX_DEPTH:
                yield from self._served(inner, origin, where, depth + 1)

    def _labelled(self, name: str, origin: Origin, where: str) -> Route:
        """The container that bears the labels of Traefik's service, at the port that they name."""
        holder, sections = origin, _services(origin)
        plain = name.lower().partition("@")[0]
        if plain and plain not in sections:
            holder = next((o for o in self.origins if plain in _services(o)), origin)
            sections = _services(holder)
        definition = sections.get(plain) or (
            next(iter(sections.values())) if len(sections) == 1 else {}
        )
        server = section(section(definition.get("loadbalancer")).get("server"))
        port = str(server.get("port", ""))
        if port and whole_number(port) is None:
            return Route(
                host="", where=where, unknown=f"'{port}' is not a port number", upstream=port
            )
        upstream = f"{holder.service}:{port}" if port else holder.service
        route = route_to(self.stack, host="", upstream=upstream, where=where)
        return route if port else replace(route, port=None)


def _not_known(name: str, where: str, why: str, rule: str) -> Route:
    """A router of which one cannot say for which host it is: its name stands in for that."""
    hosts = re.findall(r"(?i)\bhost\(\s*[`\"]([^`\"]+)", rule)
    return Route(
        host=hosts[0].lower() if hosts else f"{name}@", unknown=why, where=where, upstream="?"
    )


def _not_whole(blank: BlankName, where: str) -> Route:
    return Route(host=blank.written, unknown=blank.why, where=where, upstream="?")


def _services(origin: Origin) -> Mapping[str, Section]:
    services = origin.http.get("services")
    items = services.items() if isinstance(services, Mapping) else ()
    return {name: item for name, item in items if isinstance(item, Mapping)}


def _others(definition: Section) -> Iterator[object]:
    yield from _items(definition.get("services"))
    for key in ("service", "fallback"):
        if definition.get(key):
            yield definition[key]


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
