"""Routes from `VIRTUAL_HOST` and related variables, from which nginx-proxy generates its files.

VIRTUAL_HOST, VIRTUAL_PORT, VIRTUAL_PATH     host names of a service, its port, its path prefix
VIRTUAL_HOST_MULTIPORTS                      the same for several ports, as YAML
HTTPS_METHOD, CERT_NAME, NETWORK_ACCESS      the answers of nginx-proxy itself
/etc/nginx/certs, htpasswd                   files of nginx-proxy, by host name
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from stacktest.adapters.compose.yaml import parse_yaml
from stacktest.adapters.routes.blank_names import blank_names
from stacktest.adapters.routes.mounts import folder_behind, mounted_files
from stacktest.adapters.routes.nginx_proxy.own_files import acting_lines
from stacktest.adapters.routes.ordered import for_people, ordered, shared
from stacktest.adapters.routes.upstream import route_to
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import Listener, PathCondition, Route
from stacktest.core.unknown import Unknown


def read_virtual_hosts(stack: Stack) -> tuple[Route, ...]:
    """The routes of every host name in the environment of a service."""
    claims = [claim for service in stack.services.values() for claim in _claims(service, stack)]
    known = [claim for claim in claims if not claim.unknown]
    by_host: dict[str, list[_Claim]] = {}
    for claim in known:
        by_host.setdefault(claim.host, []).append(claim)
    routes = [route for group in by_host.values() for route in _routes(group, stack)]
    unread = [
        Route(
            host=claim.host or f"{claim.service.name}@",
            unknown=claim.unknown,
            where=claim.where,
            upstream="?",
        )
        for claim in claims
        if claim.unknown
    ]
    return for_people([*routes, *unread])


# Private

_REDIRECTS = frozenset({301, 307, 308})
_PLAIN_PORT, _TLS_PORT = 80, 443
_CERTS, _PASSWORDS = "/etc/nginx/certs", "/etc/nginx/htpasswd"


class _Claim(Struct, frozen=True, kw_only=True):
    """One host name that a service requests, with the path below which it answers."""

    service: Service
    where: str
    host: str = ""
    path: str = "/"
    port: str = ""
    unknown: str = ""


class _Tls(Struct, frozen=True, kw_only=True):
    """How nginx-proxy serves a name; `has_certificate` is None where that is not known."""

    has_certificate: bool | None
    method: str
    ports: tuple[Listener, Listener]
    """Plain HTTP, and HTTPS."""

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The listeners at which the services answer; empty: at either port."""
        plain, secure = self.ports
        if self.has_certificate is None:
            return (plain,) if self.method == "nohttps" else ()
        if not self.has_certificate or self.method == "nohttps":
            return (plain,)
        return (plain, secure) if self.method == "noredirect" else (secure,)

    @property
    def redirects(self) -> bool:
        """Whether plain HTTP is, or may be, redirected to HTTPS."""
        return self.has_certificate is not False and self.method == "redirect"


def _claims(service: Service, stack: Stack) -> Iterator[_Claim]:
    find = blank_names(stack, service.name, "environment")
    environment = service.environment
    where = f"services.{service.name}.environment.VIRTUAL_HOST"
    several = environment.get("VIRTUAL_HOST_MULTIPORTS") or ""
    if several:
        yield from _several(service, several, f"{where}_MULTIPORTS")
        return
    hosts = environment.get("VIRTUAL_HOST")
    for host in hosts.split(",") if hosts is not None else ():
        if blank := find(host.strip()):
            yield _Claim(service=service, where=where, host=blank.written, unknown=blank.why)
        elif host.strip():
            yield _Claim(
                service=service,
                where=where,
                host=host.strip().lower(),
                path=(environment.get("VIRTUAL_PATH") or "/").strip(),
                port=(environment.get("VIRTUAL_PORT") or "").strip(),
            )


def _several(service: Service, text: str, where: str) -> Iterator[_Claim]:
    document = parse_yaml(text.encode(), where)
    if isinstance(document, Unknown) or not isinstance(document, Mapping):
        yield _Claim(service=service, where=where, unknown="it is not a mapping of host names")
        return
    for host, paths in document.items():
        inner = paths if isinstance(paths, Mapping) and paths else {"/": {}}
        for path, options in inner.items():
            port = options.get("port", "") if isinstance(options, Mapping) else ""
            yield _Claim(
                service=service,
                where=where,
                host=str(host).strip().lower(),
                path=str(path).strip(),
                port=str(port or ""),
            )


def _routes(claims: list[_Claim], stack: Stack) -> list[Route]:
    host, where = claims[0].host, claims[0].where
    tls = _tls(claims, stack)
    listeners = tls.listeners
    door = stack.services.get(stack.front_door)
    facts = [
        door.image if door else "",
        repr(tls),
        *(repr((c.service.name, c.path, c.port)) for c in claims),
    ]
    steps = [
        *_redirect(host, where, tls),
        *_guards(claims, stack),
        *_slash_redirects(claims),
        *_targets(claims, stack),
    ]
    routes = ordered(
        steps,
        host=host,
        listeners=listeners,
        where=where,
        basis="\n".join(facts),
        is_deep=host.startswith("*."),
    )
    if tls.redirects and tls.has_certificate:
        routes.append(
            Route(
                host=host,
                where=where,
                match="http",
                statuses=_REDIRECTS,
                listeners=tls.ports[:1],
                order=len(routes),
                is_deep=host.startswith("*."),
            )
        )
    return routes


def _targets(claims: list[_Claim], stack: Stack) -> Iterator[Route]:
    """The routes to services by path, in the order in which nginx tries the paths."""
    paths = dict.fromkeys(claim.path for claim in claims)
    for path in sorted(paths, key=_rank):
        steps = [_target(claim, stack) for claim in claims if claim.path == path]
        yield from (_narrowed(step, path) for step in shared(list(dict.fromkeys(steps))))


def _target(claim: _Claim, stack: Stack) -> Route:
    name, port = claim.service.name, claim.port
    if port and whole_number(port) is None:
        why = f"'{port}' is not a port number"
        return Route(host="", where=claim.where, unknown=why, upstream=port)
    route = route_to(stack, host="", upstream=f"{name}:{port}" if port else name, where=claim.where)
    return route if port else replace(route, port=None)


def _rank(path: str) -> tuple[int, int]:
    """The sort key of a path: exact paths, then expressions in their order, then long prefixes."""
    kind, text = _parts(path)
    if kind:
        return ("=", "~").index(kind), 0
    return 2, -len(text)


def _parts(path: str) -> tuple[str, str]:
    """The sign (`=`, `~` or empty) and the path or expression after it, as in `~* ^/(a|b)/`."""
    parts = re.fullmatch(r"(=|\^~|~\*|~)\s*(.*)", path)
    if parts is None:
        return "", path
    kind, text = parts.groups()
    if kind == "^~":
        return "", text
    return kind[0], f"(?i){text}" if kind == "~*" else text


def _narrowed(step: Route, path: str) -> Route:
    kind, text = _parts(path)
    if text in {"", "/"} and not kind:
        return step
    pattern = {"=": rf"^{re.escape(text)}\Z", "~": text, "": f"^{re.escape(text)}"}[kind]
    condition = PathCondition(patterns=(pattern,))
    match = f"@{path}" if kind else f"{text}*"
    return replace(step, conditions=(condition,), match=match)


def _tls(claims: list[_Claim], stack: Stack) -> _Tls:
    methods = [claim.service.environment.get("HTTPS_METHOD") or "" for claim in claims]
    names = [claim.service.environment.get("CERT_NAME") or "" for claim in claims]
    door = stack.services.get(stack.front_door)
    default = (door.environment.get("HTTPS_METHOD") or "" if door else "") or "redirect"
    host = claims[0].host
    parents = [host.split(".", n)[-1] for n in range(1, host.count(".") + 1)]
    candidates = [*filter(None, names), host, *parents]
    has_certificate = _has_file(stack, _CERTS, [f"{name}.crt" for name in candidates])
    if not has_certificate and _has_file(stack, _CERTS, ["default.crt"]):
        # Newer versions use the default certificate for every name, older versions do not.
        has_certificate = None
    return _Tls(
        has_certificate=has_certificate,
        method=next(filter(None, methods), default),
        ports=_ports(door),
    )


def _ports(door: Service | None) -> tuple[Listener, Listener]:
    """The ports at which nginx-proxy listens in its container: HTTP, HTTPS."""
    environment = door.environment if door else {}
    plain, secure = (environment.get(name) or "" for name in ("HTTP_PORT", "HTTPS_PORT"))
    return (
        Listener(port=int(plain) if plain.isdecimal() else _PLAIN_PORT, tls=False),
        Listener(port=int(secure) if secure.isdecimal() else _TLS_PORT, tls=True),
    )


def _redirect(host: str, where: str, tls: _Tls) -> Iterator[Route]:
    """The possible redirect to HTTPS at the plain port, if the certificate is not known."""
    if tls.redirects and tls.has_certificate is None:
        yield Route(
            host=host,
            where=where,
            match="http",
            statuses=_REDIRECTS,
            listeners=tls.ports[:1],
            is_hidden=True,
            is_final=False,
        )


def _guards(claims: list[_Claim], stack: Stack) -> Iterator[Route]:
    """The guards with which nginx-proxy may answer before it asks a service."""
    host, where = claims[0].host, claims[0].where
    guard = Route(host=host, where=where, is_guard=True, is_final=False, is_hidden=True)
    names = [host, *(f"{host}_{claim.path}" for claim in claims)]
    if _has_file(stack, _PASSWORDS, names) is not False and stack.front_door:
        yield replace(guard, statuses=frozenset({401}))
    if any(claim.service.environment.get("NETWORK_ACCESS") == "internal" for claim in claims):
        yield replace(guard, statuses=frozenset({403}))
    for place in acting_lines(stack, host):
        why = f"nginx-proxy also has {place}"
        yield replace(guard, unknown=why, where=place, upstream="?")


def _slash_redirects(claims: list[_Claim]) -> Iterator[Route]:
    """The redirect of nginx from `/app` to `/app/` if only the latter is passed to a service."""
    paths = {text for claim in claims for kind, text in [_parts(claim.path)] if not kind}
    for path in sorted(path for path in paths if path.endswith("/") and path != "/"):
        if path.rstrip("/") not in paths:
            yield Route(
                host="",
                where=claims[0].where,
                match=path.rstrip("/"),
                conditions=(PathCondition(patterns=(rf"^{re.escape(path.rstrip('/'))}\Z",)),),
                statuses=frozenset({301}),
                is_guard=True,
            )


def _has_file(stack: Stack, folder: str, names: Iterable[str]) -> bool | None:
    """Whether nginx-proxy has one of the files; None: the folder is not visible on this side."""
    files = {posixpath.basename(target) for target in mounted_files(stack, f"{folder}/*")}
    if not files.isdisjoint(names):
        return True
    door = stack.services.get(stack.front_door)
    if door is None:
        return None
    places = {mount.target.rstrip("/") for mount in door.mounts}
    is_hidden = any(folder == place or folder.startswith(f"{place}/") for place in places)
    return None if is_hidden and not folder_behind(stack, folder) else False
