"""Applies the matchers of a rule to a route's step: host names, paths and methods."""

import re
from collections.abc import Iterable, Iterator

from stacktest.adapters.routes.traefik.rule import Alternative, Literal
from stacktest.core.changed_copy import replace
from stacktest.core.route import PathCondition, Route
from stacktest.core.routing import covers


def host_patterns(literal: Literal) -> tuple[str, ...] | None:
    """Names and expressions of a matcher on the host; None for any other matcher."""
    if literal.name in {"host", "hostheader"}:
        return tuple(_host(value.lower()) for value in literal.values)
    if literal.name == "hostregexp":
        return tuple(f"~{_expression(value)}" for value in literal.values)
    return None


def hosts_of(part: Alternative) -> tuple[str, ...] | None:
    """Host names of an alternative; empty: any name may match; None: no name can match."""
    named = [host_patterns(literal) for literal in part if not literal.negated]
    known = [patterns for patterns in named if patterns is not None]
    if not known:
        return ()
    first, *others = known
    hosts = tuple(h for h in first if all(any(covers(p, h) for p in item) for item in others))
    return hosts or None


def by_greeting(step: Route, part: Alternative, hosts: Iterable[str]) -> Iterator[Route]:
    """The step for each name in the TLS greeting, including those of `hosts` that match.

    `HostSNI(`*`)` comes after the HTTP routers of a name, so it takes none of `hosts`.
    """
    is_hidden = any(item.negated or item.name not in _GREETING for item in part)
    for item in (item for item in part if item.name in _GREETING and not item.negated):
        patterns = (_expression(v) if item.name == "hostsniregexp" else v for v in item.values)
        for value in patterns:
            pattern = f"~{value}" if item.name == "hostsniregexp" else value.lower()
            names = {pattern: None} if pattern != "*" else {}
            for host in names | dict.fromkeys(h for h in hosts if covers(pattern, h)):
                yield replace(
                    step,
                    host=host,
                    match=step.match or is_hidden * "@tcp",
                    is_hidden=is_hidden,
                    is_final=step.is_final and not is_hidden,
                )


def narrowed(step: Route, part: Alternative, name: str, *, takes_stars: bool) -> Route:
    """The step, restricted to requests that match an alternative of the router `name`."""
    conditions = tuple(condition for literal in part for condition in _conditions(literal))
    methods = next((methods for literal in reversed(part) if (methods := _methods(literal))), None)
    is_hidden = any(
        not takes_stars and _has_star(literal) if _is_by_host(literal) else _is_opaque(literal)
        for literal in part
    )
    text = f"@{name}" if is_hidden or methods else _text(part, conditions, name)
    return replace(
        step,
        conditions=(*conditions, *step.conditions),
        methods=methods or step.methods,
        is_hidden=is_hidden or step.is_hidden,
        match=step.match or text,
    )


# Private

_GREETING = frozenset({"hostsni", "hostsniregexp"})


def _text(part: Alternative, conditions: tuple[PathCondition, ...], name: str) -> str:
    """The condition as shown in messages: a path, empty for all requests, or the router's name."""
    paths = [item for item in part if item.name in {"path", "pathprefix"} and not item.negated]
    if len(conditions) == 1 and len(paths) == 1:
        star = "*" if paths[0].name == "pathprefix" else ""
        return ",".join(f"{value}{star}" for value in paths[0].values)
    return "" if all(condition.negated for condition in conditions) else f"@{name}"


def _conditions(literal: Literal) -> Iterator[PathCondition]:
    if patterns := _paths(literal):
        yield PathCondition(patterns=patterns, negated=literal.negated)


def _methods(literal: Literal) -> frozenset[str]:
    """The methods of a method matcher; empty for any other matcher."""
    is_known = literal.name == "method" and not literal.negated
    return frozenset(value.upper() for value in literal.values if is_known)


def _is_by_host(literal: Literal) -> bool:
    return host_patterns(literal) is not None


def _has_star(literal: Literal) -> bool:
    return literal.name != "hostregexp" and any("*" in value for value in literal.values)


def _is_opaque(literal: Literal) -> bool:
    """Whether a matcher depends on more of a request than its path and method."""
    return _paths(literal) is None and not _methods(literal)


def _host(value: str) -> str:
    """The pattern of a host; `**.name` matches names with any number of labels before it."""
    deep = value.startswith("**.")
    return f"~^.+{re.escape(value[2:])}$" if deep else value


def _expression(value: str) -> str:
    """The regular expression of a value: version 2 writes `{name:expression}.example.test`."""
    if not re.search(r"\{[A-Za-z]", value):
        return value
    parts = re.split(r"\{\w+(?::((?:[^{}]|\{[\d,]+\})*))?\}", value)
    texts = [
        re.escape(part) if place % 2 == 0 else (part or "[^.]+") for place, part in enumerate(parts)
    ]
    return f"^{''.join(texts)}$"


def _paths(literal: Literal) -> tuple[str, ...] | None:
    """Regular expressions of a matcher on the path; empty: all paths; None: another matcher."""
    if literal.name == "pathregexp":
        return literal.values
    if literal.name not in {"path", "pathprefix"} or any("{" in v for v in literal.values):
        return None
    if literal.name == "pathprefix" and "/" in literal.values and not literal.negated:
        return ()
    end = "" if literal.name == "pathprefix" else r"\Z"
    return tuple(f"^{re.escape(value)}{end}" for value in literal.values)
