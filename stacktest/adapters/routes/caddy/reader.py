"""Host names of a Caddyfile and the service behind each, with the line that says so.

`caddy adapt` would be the authority, but it needs a running image, forgets line numbers and cannot
be asked before the stack is up; `docs/decisions` tells the choice. A test holds this reading
against `caddy adapt` where a Caddy is at hand.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stacktest.adapters.routes.caddy.imports import MAX_DEPTH, CaddySource, broken
from stacktest.adapters.routes.caddy.lexer import Line, Token
from stacktest.adapters.routes.upstream import main_first, route_to
from stacktest.core.model import Route, Stack

PROXIES = {"reverse_proxy", "php_fastcgi"}
"""Directives that hand the request to an upstream."""
ANSWERS = {"respond", "redir", "file_server", "abort", "error", "metrics", "acme_server"}
"""Directives with which Caddy answers by itself."""
GROUPS = {"handle", "handle_path", "route"}
"""Directives whose block may hold the above. `handle_errors` and the like answer failures only."""


def read_caddyfile(path: Path, stack: Stack) -> tuple[Route, ...]:
    """Routes of every site in the file, its imports and snippets."""
    source = CaddySource(stack=stack)
    lines = source.read(path)
    reader = _Reader(stack=stack, named_routes=source.named_routes)
    named = [(site, _hosts(site, lines, stack)) for site in _sites(lines)]
    # A site without a name answers for every other name: a route only where nothing is named.
    is_named = any(host for _, hosts in named for host in hosts)
    rest = "" if is_named else stack.domain or "localhost"
    return main_first(
        [
            route
            for site, hosts in named
            for route in reader.routes(site, [host or rest for host in hosts if host or rest])
        ]
    )


# Private

_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[0-9a-fA-F:]+\]|[^:/]*)(?::(?P<port>\d+))?(?:/.*)?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Site:
    addresses: tuple[str, ...]
    lines: tuple[Line, ...]
    opened: Line


@dataclass(frozen=True, kw_only=True, slots=True)
class _Condition:
    """What a named matcher asks for: hosts, paths, or something that no address shows."""

    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    opaque: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    hosts: tuple[str, ...]
    match: str
    upstream: str
    line: Line


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reader:
    stack: Stack
    named_routes: Mapping[str, tuple[Line, ...]]

    def routes(self, site: _Site, names: Iterable[str]) -> Iterator[Route]:
        conditions = dict(_conditions(site.lines))
        found = tuple(self._found(site.lines, (), "", conditions, 0))
        hosts = dict.fromkeys(names)
        # Names that a matcher singles out below a wildcard site are routes of their own.
        for host in (name for item in found for name in item.hosts):
            if any(_covers(pattern, host) for pattern in hosts):
                hosts.setdefault(host)
        for host in hosts:
            mine = [item for item in found if not item.hosts or host in item.hosts]
            if "*" in host and not any(not item.hosts and not item.match for item in mine):
                continue
            if not mine:
                yield Route(host=host, where=site.opened.where)
            for item in mine:
                yield route_to(
                    self.stack,
                    host=host,
                    upstream=item.upstream,
                    match=item.match,
                    where=item.line.where,
                )

    def _found(
        self,
        lines: tuple[Line, ...],
        hosts: tuple[str, ...],
        match: str,
        conditions: Mapping[str, _Condition],
        depth: int,
    ) -> Iterator[_Found]:
        if depth > MAX_DEPTH:
            raise broken("`invoke` goes round in a circle", lines[0])
        for line in lines:
            if line.name == "invoke" and line.words:
                body = self.named_routes.get(line.words[-1])
                if body is None:
                    raise broken(f"`invoke {line.words[-1]}`: no such named route", line)
                yield from self._found(body, hosts, match, conditions, depth + 1)
            if line.name not in PROXIES | ANSWERS | GROUPS:
                continue
            narrowed, condition, words = _matcher(line, hosts, match, conditions)
            if line.name in GROUPS:
                scope = {**conditions, **dict(_conditions(line.block or ()))}
                yield from self._found(line.block or (), narrowed, condition, scope, depth + 1)
            elif line.name in PROXIES:
                for upstream in _upstreams(line, words):
                    yield _Found(hosts=narrowed, match=condition, upstream=upstream, line=line)
            else:
                yield _Found(hosts=narrowed, match=condition, upstream="", line=line)


def _sites(lines: tuple[Line, ...]) -> Iterator[_Site]:
    for index, line in enumerate(lines):
        if line.block is None:
            if index != 0 and not (index == 1 and not lines[0].tokens):
                raise broken(f"'{line.name}' stands outside of any site", line)
            # A file with one site may leave the braces out.
            yield _Site(addresses=_addresses(line), lines=lines[index + 1 :], opened=line)
            return
        if line.tokens:
            yield _Site(addresses=_addresses(line), lines=line.block, opened=line)
        elif index != 0:
            raise broken("the block of global options must come first", line)


def _hosts(site: _Site, lines: tuple[Line, ...], stack: Stack) -> tuple[str, ...]:
    """Names of the site on ports that the front door publishes; empty for "any name".

    A site that only other containers reach, such as one for metrics, is nobody's host name.
    """
    door = stack.services.get(stack.front_door)
    published = {port.target for port in door.ports} if door else set()
    secure, plain = _default_ports(lines)
    hosts: list[str] = []
    for address in site.addresses:
        parts = _ADDRESS.fullmatch(address)
        if not parts or "{" in address:
            raise broken(f"the address '{address}' is not known before Caddy runs", site.opened)
        ports = (
            {int(parts["port"])}
            if parts["port"]
            else {"http": {plain}, "https": {secure}}.get(parts["scheme"] or "", {secure, plain})
        )
        if not published or ports & published:
            hosts.append((parts["host"] or "").lower())
    return tuple(hosts)


def _default_ports(lines: tuple[Line, ...]) -> tuple[int, int]:
    options = lines[0].block or () if lines and not lines[0].tokens else ()
    said = {line.name: line.words[0] for line in options if line.words}
    return int(said.get("https_port", "443")), int(said.get("http_port", "80"))


def _addresses(line: Line) -> tuple[str, ...]:
    words = [word for token in line.tokens for word in token.text.split(",") if word]
    if line.tokens[-1].text.endswith(","):
        raise broken("an address must follow the comma", line)
    return tuple(words)


def _conditions(lines: tuple[Line, ...]) -> Iterator[tuple[str, _Condition]]:
    for line in lines:
        if not line.name.startswith("@") or line.tokens[0].quoted:
            continue
        rules = list(line.block or ())
        if line.words:
            rules.append(replace(line, tokens=line.tokens[1:]))
        hosts = tuple(word.lower() for rule in rules if rule.name == "host" for word in rule.words)
        paths = tuple(word for rule in rules if rule.name == "path" for word in rule.words)
        opaque = any(rule.name not in {"host", "path"} for rule in rules)
        yield line.name, _Condition(hosts=hosts, paths=paths, opaque=opaque)


def _matcher(
    line: Line, hosts: tuple[str, ...], match: str, conditions: Mapping[str, _Condition]
) -> tuple[tuple[str, ...], str, tuple[Token, ...]]:
    """Hosts and condition under which the directive acts, and its remaining words."""
    rest = line.tokens[1:]
    if not rest or rest[0].quoted:
        return hosts, match, rest
    first = rest[0].text
    # `redir /` and `respond /` without a second word mean a target or a body, not a matcher.
    if first.startswith("/") and (len(rest) > 1 or line.name not in {"redir", "respond", "error"}):
        return hosts, first if first != "/*" else match, rest[1:]
    if first == "*":
        return hosts, match, rest[1:]
    if not first.startswith("@"):
        return hosts, match, rest
    if first not in conditions:
        raise broken(f"matcher {first} is not defined in this site", line)
    condition = conditions[first]
    narrowed = condition.hosts or hosts
    if condition.opaque or (condition.paths and len(condition.paths) > 1):
        return narrowed, first, rest[1:]
    return narrowed, condition.paths[0] if condition.paths else match, rest[1:]


def _upstreams(line: Line, words: tuple[Token, ...]) -> tuple[str, ...]:
    named = [word.text for word in words]
    for inner in line.block or ():
        if inner.name == "to":
            named += inner.words
        elif inner.name == "dynamic":
            names = [rule.words[0] for rule in inner.block or () if rule.name == "name"]
            ports = [rule.words[0] for rule in inner.block or () if rule.name == "port"]
            host = (*inner.words[1:2], *names)[:1]
            port = (*inner.words[2:3], *ports)[:1]
            named += [":".join((*host, *port))]
    if not named:
        raise broken(f"`{line.name}` has no upstream", line)
    return tuple(named)


def _covers(pattern: str, host: str) -> bool:
    return pattern.startswith("*.") and host.split(".", 1)[-1] == pattern[2:]
