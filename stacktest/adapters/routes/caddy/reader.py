"""Routes of a Caddyfile: its host names and the service that answers each, with file and line.

`caddy adapt` would be authoritative, but it needs a running image, loses line numbers and cannot
run before the stack is up; `docs/decisions` records the choice. Tests compare this reader with
`caddy adapt` and with the answers of a running Caddy.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.routes.blank_names import door_environment
from stacktest.adapters.routes.caddy.directives import Block, steps_of
from stacktest.adapters.routes.caddy.imports import CaddySource
from stacktest.adapters.routes.caddy.labels import base_file, label_lines, merged, unread_label
from stacktest.adapters.routes.caddy.lexer import Line
from stacktest.adapters.routes.caddy.matchers import named_matchers
from stacktest.adapters.routes.caddy.sites import (
    Address,
    Options,
    Site,
    fingerprint_text,
    handed_on,
    read_options,
    read_sites,
)
from stacktest.adapters.routes.mounts import files_behind
from stacktest.adapters.routes.ordered import for_people, of_any_name, ordered
from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.route import Listener, Route
from stacktest.core.routing import covers
from stacktest.errors import UsageError


def read_caddyfile(path: Path, stack: Stack) -> tuple[Route, ...]:
    """Routes of every site in the file, its imports and snippets."""
    source = CaddySource(stack=stack)
    return for_people(_routes(source.read(path), source))


def read_caddy_labels(stack: Stack) -> tuple[Route, ...]:
    """Routes of caddy-docker-proxy: its base Caddyfile, and the labels of every service.

    The program leaves out a site that cannot be read; here such a site becomes an unknown route.
    """
    source = CaddySource(stack=stack)
    target = base_file(stack)
    files = files_behind(stack, stack.root, target) if target else ()
    base = tuple(line for path in files for line in source.read(path))
    lines, left_out = label_lines(stack, door_environment(stack))
    unread = [*left_out, *(_absent(target) if target and not files else ())]
    snippets = [line for line in lines if line.name.startswith(("(", "&("))]
    for line in snippets:
        try:
            source.remember_snippets((line,))
        except UsageError as error:
            unread += _unread(line, error)
    plain: list[Line] = []
    for line in lines:
        try:
            site = source.expand_line(line)
            list(_routes(merged(_options(base), site), source))
        except UsageError as error:
            unread += _unread(line, error)
        else:
            plain += site
    ordered_lines = sorted(merged(base, plain), key=lambda line: bool(line.tokens))
    return for_people([*_routes(tuple(ordered_lines), source), *unread])


# Private

_PERMANENT_REDIRECT = frozenset({308})
_EMPTY = frozenset({200})
"""The status of the empty answer that Caddy gives where no site matches."""
_Sites = list[tuple[Site, Address]]
"""Sites, each with the address by which it answers."""


def _routes(lines: tuple[Line, ...], source: CaddySource) -> Iterator[Route]:
    options = read_options(lines)
    sites = read_sites(lines, options, source.stack)
    return _Reader(stack=source.stack, source=source, options=options, sites=sites).routes()


def _options(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The block of global options alone."""
    return lines[:1] if lines and not lines[0].tokens else ()


def _absent(target: str) -> Iterator[Route]:
    why = "caddy-docker-proxy begins with it, and no mount shows it"
    yield Route(host=f"{target}@", unknown=why, where=target, upstream="?")


def _unread(line: Line, error: UsageError) -> Iterator[Route]:
    """Unknown routes for the addresses of an unreadable site; for its label if it has none."""
    for word in [token.text.strip(",") for token in line.tokens] or [f"{line.where}@"]:
        host = word.partition("://")[2] or word
        yield unread_label(host.partition("/")[0].partition(":")[0].lower(), error)


class _Reader(Struct, frozen=True, kw_only=True):
    stack: Stack
    source: CaddySource
    options: Options
    sites: tuple[Site, ...]

    def routes(self) -> Iterator[Route]:
        hosts = self._hosts()
        # A site without a name answers every other name: it gets a route only if no host is named.
        for host in hosts:
            yield from self._routes_of(host)
        if not hosts:
            yield from of_any_name(self.stack.domain or "localhost", self._routes_of)
        for site in self.sites:
            for address, why in site.unknown:
                if address in hosts:
                    continue  # Another address has routes for the host.
                yield Route(
                    host=address,
                    unknown=why,
                    where=site.opened.where,
                    upstream=address,
                    basis=fingerprint_text(site.lines, self.stack),
                )

    def _hosts(self) -> list[str]:
        """Hosts of all addresses, and hosts in a site's matchers that its addresses cover."""
        hosts: dict[str, None] = {}
        for site in self.sites:
            patterns = [address.host for address in site.addresses]
            hosts.update(dict.fromkeys(host for host in patterns if host))
            for host in _matched_hosts(site.lines):
                if any(not pattern or covers(pattern, host) for pattern in patterns):
                    hosts.setdefault(host)
        return [host for host in hosts if "*" not in host or host.startswith("*.")]

    def _routes_of(self, host: str) -> Iterator[Route]:
        ports = {item for site in self.sites for a in site.addresses for item in a.listeners}
        groups: dict[tuple[tuple[int, ...], ...], tuple[list[_Sites], list[Listener]]] = {}
        for listener in sorted(
            ports, key=lambda item: (not item.tls, item.port != self.options.https_port, item.port)
        ):
            several = [self._answering(host, listener, bound) for bound in self._bound(listener)]
            unique = {tuple(id(address) for _, address in sites): sites for sites in several}
            if any(unique):
                # The last is shown as the default: the sites that have the name itself.
                ranked = sorted(unique.values(), key=lambda sites: (bool(sites), _has(sites, host)))
                groups.setdefault(tuple(unique), (ranked, []))[1].append(listener)
        start = 0
        redirected: Listener | None = None
        listened = {item.port for _, listeners in groups.values() for item in listeners}
        for (*others, sites), listeners in groups.values():
            if "*" in host and not _has(sites, host):
                continue
            for other in others:
                routes = self._at_some_address(host, other, tuple(listeners), start)
                yield from routes
                start += len(routes)
            routes = self._of_sites(host, sites, tuple(listeners), start)
            yield from routes
            start += len(routes)
            if _has(sites, host) and listeners[0].tls:
                redirected = listeners[0]
        if redirected and self.options.redirects and self.options.http_port not in listened:
            yield from self._redirect(host, start)

    def _at_some_address(
        self, host: str, sites: "_Sites", listeners: tuple[Listener, ...], start: int
    ) -> list[Route]:
        """What answers if the connection came to another address of the machine, by `bind`."""
        if sites:
            routes = self._of_sites(host, sites, listeners, start)
            return [replace(r, is_hidden=True, match=r.match or "@bind") for r in routes]
        bound = next(s for s in self.sites if any(a.bound != ("",) for a in s.addresses))
        empty = Route(
            host=host,
            where=bound.opened.where,
            match="@bind",
            statuses=_EMPTY,
            length=0,
            is_hidden=True,
            is_guard=True,
        )
        return [replace(empty, is_final=False, listeners=listeners, order=start)]

    def _bound(self, listener: Listener) -> list[str]:
        """The addresses at which Caddy has a server of its own for the listener."""
        addresses = (address for site in self.sites for address in site.addresses)
        return sorted({word for a in addresses if listener in a.listeners for word in a.bound})

    def _answering(self, host: str, listener: Listener, bound: str) -> "_Sites":
        """The sites that answer `host` at `listener`, by which address, in Caddy's order."""
        there = [
            (s, [a for a in s.addresses if listener in a.listeners and bound in a.bound])
            for s in self.sites
        ]
        needs_name = self._leads_to_https(host, listener)
        return [
            (site, address)
            for site, addresses in sorted(there, key=lambda item: _rank(item[1]))
            for address in sorted(addresses, key=lambda item: -len(item.path.path))
            if _fits(address, host) and (address.host or not needs_name)
        ]

    def _leads_to_https(self, host: str, listener: Listener) -> bool:
        """Whether Caddy redirects `host` at `listener` to HTTPS before it tries unnamed sites."""
        is_plain = not listener.tls and listener.port == self.options.http_port
        named = (a for site in self.sites for a in site.addresses if a.host and _fits(a, host))
        has_tls = any(item.tls for address in named for item in address.listeners)
        return is_plain and self.options.redirects and has_tls

    def _of_sites(
        self,
        host: str,
        sites: list[tuple[Site, Address]],
        listeners: tuple[Listener, ...],
        start: int,
    ) -> list[Route]:
        steps = list(handed_on(self.options, listeners))
        texts = [fingerprint_text(self.options.lines, self.stack)]
        for site, address in sites:
            texts.append(fingerprint_text(site.lines, self.stack))
            inner = [
                *steps_of(site.lines, self._block(host)),
                Route(host=host, where=site.opened.where),
            ]
            steps += [address.path.narrow(step) for step in inner]
            if not address.path.is_present:
                break
        texts += [
            fingerprint_text(lines, self.stack) for lines in self.source.named_routes.values()
        ]
        return ordered(
            steps,
            host=host,
            listeners=listeners,
            where=sites[0][0].opened.where,
            basis="\n".join(texts),
            start=start,
        )

    def _block(self, host: str) -> Block:
        return Block(
            stack=self.stack,
            host=host,
            named_routes=self.source.named_routes,
            order=self.options.order,
            level=1,
        )

    def _redirect(self, host: str, start: int) -> Iterator[Route]:
        door = self.stack.services.get(self.stack.front_door)
        ports = {port.target for port in door.ports} if door else set()
        port = self.options.http_port
        site = next(s for s in self.sites if any(_fits(a, host) for a in s.addresses))
        if port in ports or not ports:
            yield Route(
                host=host,
                where=site.opened.where,
                match="http",
                statuses=_PERMANENT_REDIRECT,
                listeners=(Listener(port=port, tls=False),),
                order=start,
            )


def _rank(addresses: list[Address]) -> tuple[bool, bool, int, int]:
    """The sort key of a site among the sites of a port: the longest of its names there decides.

    A site without a name comes last; sites with a star in a name come after those without.
    """
    name = max((_length(address.host) for address in addresses), default=0)
    path = max((_length(address.path.path) for address in addresses), default=0)
    has_star = any("*" in address.host or not address.host for address in addresses)
    return not name, has_star, -name, -path


def _has(sites: _Sites, host: str) -> bool:
    """Whether one of the addresses is the host itself, or the same pattern."""
    return any(address.host == host for _, address in sites)


def _length(text: str) -> int:
    return len(text) - text.count("*")


def _fits(address: Address, host: str) -> bool:
    """Whether the address matches the host; a star matches exactly one label, at any position."""
    if address.host in {"", host}:
        return True
    labels, others = address.host.split("."), host.split(".")
    pairs = zip(labels, others, strict=False)
    return len(labels) == len(others) and all(label in {"*", other} for label, other in pairs)


def _matched_hosts(lines: tuple[Line, ...]) -> Iterator[str]:
    for _, matcher in named_matchers(lines, 0):
        yield from (host for host in matcher.hosts if "{" not in host)
    for line in lines:
        if not line.name.startswith("@"):
            yield from _matched_hosts(line.block or ())
