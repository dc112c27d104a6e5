"""Guards for Traefik's middlewares, which may answer before a request reaches its service."""

import re
from collections.abc import Callable, Iterator, Mapping

from stacktest.adapters.routes.traefik.configuration import Section
from stacktest.adapters.routes.upstream import route_to
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import ANY_STATUS, NOT_2XX, Route

MAX_DEPTH = 20
"""The depth of nested chains above which they are treated as a cycle."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""The statuses of a redirect."""
_SILENT = frozenset(
    [
        *("addprefix", "compress", "contenttype", "grpcweb", "passtlsclientcert", "replacepath"),
        *("replacepathregex", "retry", "stripprefix", "stripprefixregex"),
    ]
)
_OWN = {
    "basicauth": frozenset({401}),
    "digestauth": frozenset({401}),
    "buffering": frozenset({413}),
    "inflightreq": frozenset({429}),
    "ratelimit": frozenset({429}),
}
_ALWAYS_ASKED = frozenset({"basicauth", "digestauth"})


def guards_of(
    name: str,
    middleware: Section | None,
    *,
    stack: Stack,
    find: Callable[[str], Section | None],
    is_plain: bool,
    where: str,
    depth: int = 0,
) -> Iterator[Route]:
    """The guards of one middleware; `find` looks up the members of a chain by name.

    `is_plain`: the router answers plain HTTP only, so that a redirect to HTTPS always happens.
    """
    guard = Route(host="", where=where, is_final=False, is_guard=True, is_hidden=True)
    if middleware is None or depth > MAX_DEPTH:
        yield replace(guard, unknown=f"what the middleware {name} answers")
        return
    for kind, options in middleware.items():
        section = options if isinstance(options, Mapping) else {}
        if kind in _SILENT:
            continue
        if kind == "chain":
            for inner in members(name, section):
                yield from guards_of(
                    inner,
                    find(inner),
                    stack=stack,
                    find=find,
                    is_plain=is_plain,
                    where=where,
                    depth=depth + 1,
                )
        elif kind == "forwardauth":
            sign_in = route_to(
                stack, host="", upstream=str(section.get("address", "")), where=where
            )
            yield replace(sign_in, statuses=NOT_2XX, is_final=False, is_guard=True)
        elif kind == "redirectscheme" and is_plain and section.get("scheme") == "https":
            yield Route(host="", where=where, statuses=REDIRECTS, is_guard=True)
        elif kind == "headers":
            yield from _headers(section, guard)
        else:
            statuses = _statuses(kind, section)
            is_hidden = kind not in _ALWAYS_ASKED
            unknown = "" if statuses != ANY_STATUS else f"what the middleware {name} answers"
            yield replace(guard, statuses=statuses, is_hidden=is_hidden, unknown=unknown)


def members(chain: str, section: Section) -> Iterator[str]:
    """The members of a chain; one without a provider has that of the chain, not the router's."""
    _, at, provider = chain.partition("@")
    for name in listed(section.get("middlewares")):
        yield name if "@" in name else f"{name}{at}{provider}"


def listed(value: Json) -> tuple[str, ...]:
    """The items of a list, or the words of a comma-separated text."""
    words = value if isinstance(value, list) else str(value or "").split(",")
    return tuple(str(word).strip() for word in words if str(word).strip())


# Private


def _statuses(kind: str, section: Section) -> frozenset[int]:
    if kind in {"redirectscheme", "redirectregex"}:
        return REDIRECTS
    if kind in {"ipwhitelist", "ipallowlist"}:
        code = str(section.get("rejectstatuscode", ""))
        return frozenset({whole_number(code) or 403})
    if kind == "errors":
        rewrites = section.get("statusrewrites")
        changed = map(str, rewrites.values()) if isinstance(rewrites, Mapping) else ()
        texts = (*listed(section.get("status")), *changed)
        return frozenset(code for text in texts for code in _range(text))
    if kind == "circuitbreaker":
        return frozenset({whole_number(str(section.get("responsecode", ""))) or 503})
    return _OWN.get(kind, ANY_STATUS)


def _range(text: str) -> range:
    ends = re.fullmatch(r"(\d{3})(?:-(\d{3}))?", text)
    return range(int(ends[1]), int(ends[2] or ends[1]) + 1) if ends else range(0)


def _headers(section: Section, guard: Route) -> Iterator[Route]:
    if any(name.startswith("accesscontrolallow") for name in section):
        yield replace(guard, statuses=frozenset({200, 204}), methods=frozenset({"OPTIONS"}))
    if any(name.startswith("sslredirect") or name == "sslhost" for name in section):
        yield replace(guard, statuses=REDIRECTS)
