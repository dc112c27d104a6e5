"""Routes of Traefik: the host names in its routers' rules, and the service behind each."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.routes.blank_names import BlankName, blank_names
from stacktest.adapters.routes.ordered import for_people, of_any_name, ordered
from stacktest.adapters.routes.traefik.choice import Choice, steps_of
from stacktest.adapters.routes.traefik.configuration import (
    Origin,
    Section,
    file_origins,
    label_origins,
    section,
    split_name,
)
from stacktest.adapters.routes.traefik.document import Unread
from stacktest.adapters.routes.traefik.matchers import (
    by_greeting,
    host_patterns,
    hosts_of,
    narrowed,
)
from stacktest.adapters.routes.traefik.middlewares import REDIRECTS, guards_of, listed, members
from stacktest.adapters.routes.traefik.routers import Routers, why_ignored
from stacktest.adapters.routes.traefik.rule import Alternative, RuleError, alternatives
from stacktest.adapters.routes.traefik.services import Services
from stacktest.adapters.routes.traefik.static import Static, as_bool, read_static
from stacktest.core.changed_copy import replace
from stacktest.core.interpolation import variables_of
from stacktest.core.model import Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import Listener, PathCondition, Route, unread_route
from stacktest.core.routing import target_of
from stacktest.core.unknown import Unknown


def read_traefik(stack: Stack, files: tuple[Path, ...] = ()) -> tuple[Route, ...]:
    """Routes from labels, from the named files, and from files of the file provider."""
    static = read_static(stack)
    sources = [*label_origins(stack, static), *file_origins(stack, static, files)]
    origins = tuple(item for item in sources if isinstance(item, Origin))
    heard = tuple(item for item in origins if not why_ignored(item, static, stack))
    http, tcp = (Services(stack=stack, origins=heard, kind=kind) for kind in ("http", "tcp"))
    reader = _Reader(
        stack=stack,
        static=static,
        origins=origins,
        routers=Routers(stack=stack, static=static, origins=origins, services=http),
        tcp=tcp,
    )
    unread = [_unread(item) for item in sources if isinstance(item, Unknown)]
    return for_people([*reader.routes(), *unread])


# Private


def _unread(item: Unknown) -> Route:
    """The route for a label or file that is not read; the text of `item` begins with its place."""
    if isinstance(item, Unread):
        return unread_route(item.place, item.reason)
    place, _, why = item.why.partition(": ")
    return Route(host=place, unknown=why, upstream="?", where=place)


class _Reader(Struct, frozen=True, kw_only=True):
    stack: Stack
    static: Static
    origins: tuple[Origin, ...]
    routers: Routers
    tcp: Services

    def routes(self) -> Iterator[Route]:
        """The routes of every host name, then the unknown and unreachable routers."""
        results = [item for origin in self.origins for item in self._results(origin)]
        choices = sorted(
            (item for item in results if isinstance(item, Choice)),
            key=lambda choice: -choice.priority,
        )
        hosts = dict.fromkeys(host for choice in choices for host in choice.hosts)
        if any(not choice.hosts and choice.asks_for_path for choice in choices):
            # A rule with only a path answers for every name.
            hosts.setdefault(self.stack.domain or "localhost")
        any_name = self.stack.domain or "localhost"

        def routes_of(host: str) -> Iterator[Route]:
            return self._routes_of(host, [choice for choice in choices if choice.fits(host)])

        for host in hosts:
            yield from of_any_name(host, routes_of) if host == any_name else routes_of(host)
        for origin in self.tcp.origins:
            yield from self._passed_through(origin, hosts)
        yield from (item for item in results if isinstance(item, Route))
        unreached = (item.route for item in results if isinstance(item, _Unreached))
        yield from (route for route in unreached if route.host not in hosts)

    # Private

    def _routes_of(self, host: str, choices: list[Choice]) -> Iterator[Route]:
        basis = "\n".join(
            [*(choice.basis for choice in choices), repr(sorted(self.static.values.items()))]
        )
        places = {item for choice in choices for item in choice.listeners or ()}
        groups: dict[tuple[int, ...], list[Listener]] = {}
        for place in sorted(places, key=lambda item: (not item.tls, item.port)):
            indexes = tuple(
                i for i, c in enumerate(choices) if c.listeners is None or place in c.listeners
            )
            groups.setdefault(indexes, []).append(place)
        anywhere = tuple(i for i, choice in enumerate(choices) if choice.listeners is None)
        if not groups and anywhere:
            groups[anywhere] = []
        start = 0
        for group, listeners in groups.items():
            there = [choices[index] for index in group]
            steps = list(steps_of(there))
            if any(host not in c.hosts and not c.asks_for_path for c in there[1:]):
                # A service answers every name: a 404 may be its own page, of any length.
                steps = [replace(step, length=None) for step in steps]
            routes = ordered(
                [*self._own_steps(listeners), *steps],
                host=host,
                listeners=tuple(listeners),
                where=steps[0].where,
                basis=basis,
                start=start,
            )
            start += len(routes)
            yield from routes
        yield from self._redirects(host, {item.port for item in places}, start)

    def _own_steps(self, listeners: list[Listener]) -> Iterator[Route]:
        """The steps with which Traefik itself answers before any router, at these listeners."""
        where = f"services.{self.static.service}"
        for path, port in self.static.own_paths():
            there = tuple(item for item in listeners if item.port == port)
            condition = PathCondition(patterns=(f"^{path}",))
            own = Route(host="", where=where, match=f"{path}*", conditions=(condition,))
            if there:
                yield replace(own, listeners=there)
        for name, port in self.static.entrypoints().items():
            there = tuple(item for item in listeners if item.port == port)
            if there and self.static.may_redirect(name):
                yield Route(
                    host="",
                    where=where,
                    statuses=REDIRECTS,
                    is_final=False,
                    is_guard=True,
                    is_hidden=True,
                    listeners=there,
                )

    def _redirects(self, host: str, ports: set[int], start: int) -> Iterator[Route]:
        """The routes of entry points that redirect every request to another entry point."""
        for name, port in self.static.entrypoints().items():
            if self.static.redirects(name) and port not in ports:
                yield Route(
                    host=host,
                    where=f"services.{self.static.service}",
                    match="http",
                    statuses=REDIRECTS,
                    listeners=(Listener(port=port, tls=False),),
                    order=start,
                )

    def _passed_through(self, origin: Origin, hosts: Iterable[str]) -> Iterator[Route]:
        """The routes of TCP routers, which Traefik matches by TLS greeting before HTTP routers."""
        for name, router in section(origin.tcp.get("routers")).items():
            where = origin.place("tcp", name)
            try:
                parts = alternatives(str(section(router).get("rule", "")))
            except RuleError:
                continue
            places = self._listeners(section(router)) or ()
            listeners = tuple(dict.fromkeys(replace(place, tls=True) for place in places))
            for target in self.tcp.targets(section(router), origin, where):
                step = replace(target, listeners=listeners, order=-1)
                for part in parts:
                    yield from by_greeting(step, part, hosts)

    def _results(self, origin: Origin) -> "Iterator[Choice | Route | _Unreached]":
        for name, router in self.routers.of(origin).items():
            parts = self._alternatives(name, router, origin)
            if isinstance(parts, Route):
                yield parts
            elif parts:
                yield from self._results_of(name, router, origin, parts)

    def _results_of(
        self, name: str, router: Section, origin: Origin, parts: tuple[Alternative, ...]
    ) -> "Iterator[Choice | Route | _Unreached]":
        """A choice for every alternative of a router's rule, and what is not known of it."""
        where = origin.place("http", name)
        targets = tuple(self.routers.services.targets(router, origin, where))
        places = self._listeners(router)
        listeners = self.static.published(places, self.stack)
        if places and not listeners:
            door = self.static.service
            why = f"Traefik has it at port {places[0].port}, which {door} does not publish"
            yield _Unreached(_not_known(name, where, why, _rule(router)))
            return
        guards = tuple(self._guards(router, origin, listeners, where))
        basis = "\n".join(
            [
                name,
                repr(sorted(router.items(), key=str)),
                repr([target_of(target) for target in targets if not target.is_guard]),
                self._definitions(router, origin),
            ]
        )
        for part in parts:
            hosts, unknown = self._hosts(part, name, origin)
            yield from unknown
            if hosts is None:
                continue
            yield Choice(
                hosts=hosts,
                other_hosts=tuple(_other_hosts(part)),
                asks_for_path=_asks_for_path(part),
                others=repr([item for item in part if host_patterns(item) is None]),
                steps=tuple(
                    narrowed(step, part, name, takes_stars=self.static.takes_stars)
                    for step in (*guards, *targets)
                ),
                listeners=listeners,
                priority=_signed(str(router.get("priority", ""))) or len(_rule(router)),
                basis=basis,
            )

    def _alternatives(
        self, name: str, router: Section, origin: Origin
    ) -> tuple[Alternative, ...] | Route:
        """The alternatives of a router's rule; an unknown route if it is left out or unreadable."""
        where, rule = origin.place("http", name), _rule(router)
        if why := self._why_left_out(name, router, origin):
            shown = "" if "{{" in rule else rule
            return _not_known(name, where, why, shown)
        try:
            return alternatives(rule)
        except RuleError as error:
            why = f"its rule cannot be read: {error}{self._unset(where)}"
            return _not_known(name, where, why, rule)

    def _hosts(
        self, part: Alternative, name: str, origin: Origin
    ) -> tuple[tuple[str, ...] | None, list[Route]]:
        """Complete host names of an alternative; empty: every name; None: it cannot be a choice.

        The unknown routes are for incomplete names, and for a rule that names no host.
        """
        if any(literal.name == "hostsni" for literal in part):
            return None, []
        where, hosts = origin.place("http", name), hosts_of(part)
        find = blank_names(self.stack, origin.service, "labels")
        blanks = {host: blank for host in hosts or () if host and (blank := find(host))}
        unknown = [_not_whole(blank, where) for blank in blanks.values()]
        whole = None if hosts is None else tuple(host for host in hosts if host not in blanks)
        if blanks and not whole:
            return None, unknown
        is_readable = whole is not None and "" not in whole
        if not is_readable or not (whole or _asks_for_path(part)):
            why = f"its rule names no host{self._unset(where)}"
            # The rule's text may name hosts, but excluded or contradictory ones: leave it out.
            unknown.append(_not_known(name, where, why, ""))
        return whole if is_readable else None, unknown

    def _unset(self, where: str) -> str:
        """`: NAME is not set` for a variable in the label's line of a compose file, or empty."""
        label = where.rpartition(".labels.")[2]
        lines = (line for path in self.stack.compose_files for line in _lines(path))
        names = [name for line in lines if label in line for name in variables_of(line)]
        unset = [name for name in names if name in self.stack.unset_variables]
        named = unset or (names if len({*names}) == 1 else [])
        return f": {' and '.join(dict.fromkeys(named))} is not set" if named else ""

    def _why_left_out(self, name: str, router: Section, origin: Origin) -> str:
        """Why Traefik ignores a router, or why its rule is not known; empty if neither."""
        if why := self.routers.why_not_taken(name, origin):
            return why
        if "{{" in _rule(router):
            return "Traefik makes its rule of a template"
        ports = self.static.entrypoints()
        named = listed(router.get("entrypoints"))
        if not named or not ports or any(entrypoint.lower() in ports for entrypoint in named):
            return ""
        return f"Traefik has no entry point {' or '.join(named)}"

    def _listeners(self, router: Section) -> tuple[Listener, ...] | None:
        """The listeners of a router; empty if its entry points redirect; None: not known."""
        ports = self.static.entrypoints()
        named = [name.lower() for name in listed(router.get("entrypoints"))]
        names = [name for name in named or self.static.usual_entrypoints() if name in ports]
        if not names:
            return None
        has_tls = router.get("tls") is not None and as_bool(router["tls"]) is not False
        listeners = (
            Listener(port=ports[n], tls=has_tls or self.static.has(f"entrypoints.{n}.http.tls"))
            for n in names
            if not self.static.redirects(n)
        )
        return tuple(listeners)

    def _guards(
        self, router: Section, origin: Origin, listeners: tuple[Listener, ...] | None, where: str
    ) -> Iterator[Route]:
        names = list(listed(router.get("middlewares")))
        for entrypoint in listed(router.get("entrypoints")) or self.static.usual_entrypoints():
            key = f"entrypoints.{entrypoint.lower()}.http.middlewares"
            names += listed(self.static.values.get(key))
        for name in dict.fromkeys(names):
            yield from guards_of(
                name,
                self._defined("middlewares", name, origin),
                stack=self.stack,
                find=lambda inner: self._defined("middlewares", inner, origin),
                is_plain=bool(listeners) and not any(item.tls for item in listeners or ()),
                where=where,
            )

    def _defined(self, kind: str, name: str, origin: Origin) -> Section | None:
        """A definition by name; None if there is none, or if containers define it differently."""
        plain, provider = split_name(name, origin.provider)
        places = (place for place in self.origins if place.provider == provider)
        named = (section(place.http.get(kind)).get(plain) for place in places)
        definitions = [item for item in named if isinstance(item, Mapping)]
        is_one = definitions and all(item == definitions[0] for item in definitions)
        return definitions[0] if is_one else None

    def _definitions(self, router: Section, origin: Origin) -> str:
        names = [*listed(router.get("middlewares")), *listed(router.get("service"))]
        for name in names:  # Grows by the members of chains.
            chain = section((self._defined("middlewares", name, origin) or {}).get("chain"))
            names += [inner for inner in members(name, chain) if inner not in names]
        return repr(
            [
                (name, kind, self._defined(kind, name, origin))
                for name in names
                for kind in ("middlewares", "services")
            ]
        )


class _Unreached(Struct, frozen=True):
    """The unknown route of a router that listens only at ports that are not published."""

    route: Route


def _rule(router: Section) -> str:
    return str(router.get("rule", ""))


def _other_hosts(part: Alternative) -> Iterator[str]:
    """Names and expressions that an alternative excludes."""
    for literal in part:
        if literal.negated:
            yield from host_patterns(literal) or ()


def _asks_for_path(part: Alternative) -> bool:
    return any(literal.name.startswith("path") for literal in part)


def _signed(text: str) -> int | None:
    """A priority as a number; it may be negative, below every default (the rule's length)."""
    number = whole_number(text.removeprefix("-"))
    return number if number is None or not text.startswith("-") else -number


def _not_known(name: str, where: str, why: str, rule: str) -> Route:
    """An unknown route; its host is the first one in the rule's text, else the router's name."""
    hosts = re.findall(r"(?i)\bhost\(\s*[`\"]([^`\"]+)", rule)
    return Route(
        host=hosts[0].lower() if hosts else f"{name}@", unknown=why, where=where, upstream="?"
    )


def _not_whole(blank: BlankName, where: str) -> Route:
    return Route(host=blank.written, unknown=blank.why, where=where, upstream="?")


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
