"""Matchers of a Caddyfile: the requests that a directive acts on (`/path*`, `@name`, or all)."""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from stacktest.adapters.routes.caddy.imports import broken
from stacktest.adapters.routes.caddy.lexer import Line, Token
from stacktest.core.changed_copy import replace
from stacktest.core.route import PathCondition, Route
from stacktest.core.routing import covers

_TARGETS = frozenset({"redir", "respond", "error"})
"""Directives whose only word is never a matcher, even if it starts with `/`: target or text."""


class Matcher(Struct, frozen=True, kw_only=True):
    """The conditions on a request; an empty matcher matches every request."""

    hosts: tuple[str, ...] = ()
    other_hosts: tuple[str, ...] = ()
    """Hosts that the request must not be for."""
    conditions: tuple[PathCondition, ...] = ()
    methods: frozenset[str] = frozenset()
    is_hidden: bool = False
    text: str = ""
    """The condition as shown in messages: a path, or the name of the matcher."""
    path: str = ""
    """The path, if there is exactly one: Caddy sorts directives by its length."""
    is_present: bool = False

    def fits_host(self, host: str) -> bool:
        """Whether a request for `host`, a name or a pattern of names, can match."""
        if any(covers(pattern, host) for pattern in self.other_hosts):
            return False
        return not self.hosts or any(covers(pattern, host) for pattern in self.hosts)

    def narrow(self, step: Route) -> Route:
        """The step, restricted to requests that match."""
        both = self.methods & step.methods if self.methods and step.methods else frozenset()
        is_hidden = self.is_hidden or step.is_hidden
        # An inner path alone would be taken for the path of a request, which it may not be.
        texts = (self.text, step.match) if is_hidden else (step.match or self.text,)
        return replace(
            step,
            conditions=(*self.conditions, *step.conditions),
            methods=both or self.methods or step.methods,
            is_hidden=is_hidden,
            match=" ".join(filter(None, texts)),
        )

    def exclude(self, step: Route) -> Route:
        """The step, restricted to requests that do not match; hidden if more than a path counts."""
        if self.is_hidden or self.methods or len(self.conditions) != 1:
            return replace(step, is_hidden=True)
        (condition,) = self.conditions
        other = replace(condition, negated=not condition.negated)
        return replace(step, conditions=(*step.conditions, other))


def named_matchers(lines: Iterable[Line], level: int) -> Iterator[tuple[str, Matcher]]:
    """The matchers that the lines of one block define."""
    for line in lines:
        if line.name.startswith("@"):
            yield line.name, _named(line, level)


def split_matcher(
    line: Line, named: Mapping[str, Matcher], level: int
) -> tuple[Matcher, tuple[Token, ...]]:
    """The matcher of a directive, and the words that follow the matcher."""
    rest = line.tokens[1:]
    if not rest or line.name == "import":
        return Matcher(), rest
    first = rest[0].text
    if first == "*":
        # No matcher at all, also where directives are sorted.
        return Matcher(), rest[1:]
    if first.startswith("@"):
        if first not in named:
            raise broken(f"matcher {first} is not defined in this site", line)
        return named[first], rest[1:]
    if first.startswith("/") and (len(rest) > 1 or line.name not in _TARGETS):
        return path_matcher(first, level), rest[1:]
    return Matcher(), rest


def path_matcher(path: str, level: int) -> Matcher:
    """The matcher of one path, as written after a directive or in the address of a site."""
    if path in {"/*", "*"}:
        return Matcher(path=path, is_present=True)
    expression = path_expression(path)
    if expression is None:
        return Matcher(is_hidden=True, text=path, path=path, is_present=True)
    condition = PathCondition(patterns=(expression,), level=level)
    return Matcher(conditions=(condition,), text=path, path=path, is_present=True)


def path_expression(path: str) -> str | None:
    """The regular expression of a Caddy path matcher; None if it depends on the request."""
    if "{" in path or "%" in path:
        return None
    stars, inner = path.count("*"), re.escape(path.strip("*"))
    if path.startswith("*") and path.endswith("*") and stars == _BOTH_ENDS:
        return f"(?is){inner}"
    if path.endswith("*") and stars == 1:
        return f"(?is)^{inner}"
    if path.startswith("*") and stars == 1:
        return rf"(?is){inner}\Z"
    return rf"(?is)^{_glob(path)}\Z"


# Private

_BOTH_ENDS = 2
_WITHOUT_PATH = frozenset({"host", "method", "path", "path_regexp", "not"})


def _glob(path: str) -> str:
    escaped = re.escape(path).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return escaped.replace(r"\[", "[").replace(r"\]", "]").replace(r"\-", "-").replace(r"\^", "^")


def _rules(line: Line) -> list[Line]:
    """The matchers of a named set: the one on its own line, else those in its block."""
    if len(line.tokens) > 1:
        return [replace(line, tokens=line.tokens[1:])]
    return list(line.block or ())


def _named(line: Line, level: int) -> Matcher:
    rules = _rules(line)
    paths, hosts, methods = (_words(rules, name) for name in ("path", "host", "method"))
    expressions = [path_expression(path) for path in paths]
    negations = [_negated(rule, level) for rule in rules if rule.name == "not"]
    known = [negation for negation in negations if negation is not None]
    conditions = (
        *_conditions(rules, expressions, level),
        *(condition for matcher in known for condition in matcher.conditions),
    )
    is_hidden = (
        not {rule.name for rule in rules} <= _WITHOUT_PATH
        or None in expressions
        or None in negations
        or any("{" in host for host in hosts)
    )
    path = paths[0] if len(paths) == 1 else ""
    only_hosts = not conditions and not methods and not is_hidden
    text = path if path and len(rules) == 1 else line.name
    return Matcher(
        hosts=tuple(host.lower() for host in hosts),
        other_hosts=tuple(host for matcher in known for host in matcher.other_hosts),
        conditions=conditions,
        methods=frozenset(method.upper() for method in methods),
        is_hidden=is_hidden,
        text="" if only_hosts else text,
        path=path,
        is_present=True,
    )


def _words(rules: Iterable[Line], name: str) -> list[str]:
    """The words of all matchers of one name."""
    return [word for rule in rules if rule.name == name for word in rule.words]


def _conditions(
    rules: list[Line], expressions: list[str | None], level: int
) -> Iterator[PathCondition]:
    known = tuple(expression for expression in expressions if expression is not None)
    if known and len(known) == len(expressions):
        yield PathCondition(patterns=known, level=level)
    for rule in rules:
        if rule.name == "path_regexp" and rule.words:
            yield PathCondition(patterns=(rule.words[-1],), level=level)


def _negated(rule: Line, level: int) -> Matcher | None:
    """The matcher of `not path …` or `not host …`; None for any other `not`."""
    inner = _rules(rule)
    names = {line.name for line in inner}
    words = [word for line in inner for word in line.words]
    if names == {"host"}:
        return Matcher(other_hosts=tuple(word.lower() for word in words))
    expressions = [path_expression(word) for word in words]
    if names != {"path"} or None in expressions:
        return None
    patterns = tuple(expression for expression in expressions if expression is not None)
    return Matcher(conditions=(PathCondition(patterns=patterns, negated=True, level=level),))
