"""What the matchers of a rule mean for a route's step: host names, paths and methods."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from stacktest.adapters.routes.traefik.rule import Alternative, Literal
from stacktest.core.route import PathCondition, Route
from stacktest.core.routing import covers


def host_patterns(literal: Literal) -> tuple[str, ...] | None:
    """Names and expressions of a matcher by host; None for another matcher."""
    if literal.name in {"host", "hostheader"}:
        return tuple(_host(value.lower()) for value in literal.values)
    if literal.name == "hostregexp":
        return tuple(f"~{_expression(value)}" for value in literal.values)
    return None


def hosts_of(part: Alternative) -> tuple[str, ...] | None:
    """Host names of an alternative, none where any name may fit; None where none can."""
    named = [host_patterns(literal) for literal in part if not literal.negated]
    known = [patterns for patterns in named if patterns is not None]
    if not known:
        return ()
    first, *others = known
    hosts = tuple(h for h in first if all(any(covers(p, h) for p in item) for item in others))
    return hosts or None


def by_greeting(step: Route, part: Alternative, hosts: Iterable[str]) -> Iterator[Route]:
    """The step for names in the greeting of TLS, among them those of `hosts` that fit.

    `HostSNI(`*`)` stands behind what HTTP has for a name, so that it takes none of them.
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
    """The step for the requests that an alternative of the router `name` takes."""
    conditions: list[PathCondition] = []
    methods: frozenset[str] = frozenset()
    is_hidden = False
    for literal in part:
        if host_patterns(literal) is not None:
            has_star = literal.name != "hostregexp" and any("*" in v for v in literal.values)
            is_hidden = is_hidden or (has_star and not takes_stars)
            continue
        patterns = _paths(literal)
        if patterns is not None:
            conditions += (
                [PathCondition(patterns=patterns, negated=literal.negated)] if patterns else []
            )
        elif literal.name == "method" and not literal.negated:
            methods = frozenset(value.upper() for value in literal.values)
        else:
            is_hidden = True
    paths = [item for item in part if item.name in {"path", "pathprefix"} and not item.negated]
    text = f"@{name}"
    if not is_hidden and not methods and len(conditions) == 1 and len(paths) == 1:
        text = ",".join(f"{v}*" if paths[0].name == "pathprefix" else v for v in paths[0].values)
    elif not is_hidden and not methods and all(condition.negated for condition in conditions):
        text = ""
    return replace(
        step,
        conditions=(*conditions, *step.conditions),
        methods=methods or step.methods,
        is_hidden=is_hidden or step.is_hidden,
        match=step.match or text,
    )


# Private

_GREETING = frozenset({"hostsni", "hostsniregexp"})


def _host(value: str) -> str:
    """`**.name` stands for names with any number of labels before it."""
    deep = value.startswith("**.")
    return f"~^.+{re.escape(value[2:])}$" if deep else value


def _expression(value: str) -> str:
    """Version 2 writes `{name:expression}.example.test`, version 3 an expression."""
    if not re.search(r"\{[A-Za-z]", value):
        return value
    parts = re.split(r"\{\w+(?::((?:[^{}]|\{[\d,]+\})*))?\}", value)
    texts = [
        re.escape(part) if place % 2 == 0 else (part or "[^.]+") for place, part in enumerate(parts)
    ]
    return f"^{''.join(texts)}$"


def _paths(literal: Literal) -> tuple[str, ...] | None:
    """Regular expressions of a matcher by path; empty for all paths; None for another matcher."""
    if literal.name == "pathregexp":
        return literal.values
    if literal.name not in {"path", "pathprefix"} or any("{" in v for v in literal.values):
        return None
    if literal.name == "pathprefix" and "/" in literal.values and not literal.negated:
        return ()
    end = "" if literal.name == "pathprefix" else r"\Z"
    return tuple(f"^{re.escape(value)}{end}" for value in literal.values)
