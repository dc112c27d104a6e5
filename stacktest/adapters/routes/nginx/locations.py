"""Which `location` nginx selects for a path, as conditions that are tried in order.

1. `= /path`
2. regular expressions within the longest other location
3. the longest `^~ /path`, unless a longer plain one matches
4. regular expressions in the order of the file
5. the longest plain `/path`
6. none: the directives of the `server` block itself
"""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from stacktest.adapters.routes.nginx.source import Directive
from stacktest.core.route import PathCondition
from stacktest.core.unknown import Unknown

PASSES = frozenset({"proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass"})
"""Directives that hand the request to an upstream."""


class Location(Struct, frozen=True, kw_only=True):
    """A `location` with the blocks around it, and the paths for which nginx selects it."""

    kind: str
    """`=`, `^~`, `~` or empty."""
    path: str
    conditions: tuple[PathCondition, ...]
    chain: tuple[Directive, ...]
    """The location itself, then the blocks around it, from inner to outer."""

    @property
    def text(self) -> str:
        """The condition as shown in messages."""
        if self.kind in {"=", "~"}:
            return self.path if self.kind == "=" else f"@{self.path}"
        return "" if self.path == "/" else f"{self.path}*"

    def fits(self, path: str) -> bool | None:
        """Whether nginx selects it for `path`; None: one of its expressions cannot be read."""
        results = [condition.holds(path) for condition in self.conditions]
        return False if False in results else None if None in results else True


def locations_of(chain: tuple[Directive, ...]) -> tuple[Location, ...]:
    """The locations of a server, in the order in which they are tried."""
    collected = tuple(_collected(chain, ()))
    exact = [item for item in collected if item.kind == "="]
    strong = [item for item in collected if item.kind == "^~"]
    plain = [item for item in collected if not item.kind]
    expressions = [item for item in collected if item.kind == "~"]
    longest_first = sorted(strong, key=lambda item: -len(item.path))
    nested = [item for item in expressions if len(item.conditions) > 1]
    return (
        *exact,
        *(_unless_longer(item, _words(item.chain[1])[1], (*strong, *plain)) for item in nested),
        *(_unless_longer(item, item.path, plain) for item in longest_first),
        *(item for item in expressions if item not in nested),
        *sorted(plain, key=lambda item: -len(item.path)),
    )


def named_location(chain: tuple[Directive, ...], name: str) -> Location | None:
    """The location `@name` of a server."""
    for item in chain[0].all("location"):
        if item.words == (name,):
            return Location(kind="@", path=name, conditions=(), chain=(item, *chain))
    return None


def location_for(chain: tuple[Directive, ...], path: str) -> Location | Unknown | None:
    """The location that a server selects for a path; None: the `server` block itself answers."""
    for item in locations_of(chain):
        fits = item.fits(path)
        if fits is None:
            return Unknown(f"whether location {item.path} is taken")
        if fits:
            return item
    return None


def path_of(block: Directive) -> str:
    """The path prefix of a location, ending in a slash; `/` for a server or an expression."""
    kind, path = _words(block) if block.name == "location" else ("", "/")
    return f"{path.rstrip('/')}/" if kind in {"", "^~"} and path.startswith("/") else "/"


def prefix(path: str) -> tuple[PathCondition, ...]:
    """The condition that a request's path starts with `path`; no condition for `/`."""
    return () if path == "/" else (PathCondition(patterns=(f"^{re.escape(path)}",)),)


# Private

_KINDS = frozenset({"=", "^~", "~", "~*"})


def _collected(
    chain: tuple[Directive, ...], outer: tuple[PathCondition, ...]
) -> Iterator[Location]:
    """Every location, nested ones included: nesting makes no difference for plain locations."""
    for item in chain[0].all("location"):
        kind, path = _words(item)
        if path.startswith("@") or not path:
            continue
        inner = (item, *chain)
        if kind in {"~", "~*"}:
            expression = f"(?i){path}" if kind == "~*" else path
            conditions = (*outer, PathCondition(patterns=(expression,)))
            yield Location(kind="~", path=path, conditions=conditions, chain=inner)
            yield from _collected(inner, conditions)
        elif kind == "=":
            whole = PathCondition(patterns=(rf"^{re.escape(path)}\Z",))
            yield Location(kind=kind, path=path, conditions=(whole,), chain=inner)
        else:
            yield Location(kind=kind, path=path, conditions=prefix(path), chain=inner)
            yield from _collected(inner, prefix(path))


def _words(item: Directive) -> tuple[str, str]:
    if not item.words:
        return "", ""
    if item.words[0] in _KINDS and len(item.words) > 1:
        return item.words[0], item.words[1]
    # `=/path` and `~expression` may be written as one word.
    glued = re.match(r"(=|\^~|~\*|~)(.+)", item.words[0])
    return (glued[1], glued[2]) if glued else ("", item.words[0])


def _unless_longer(item: Location, path: str, others: Iterable[Location]) -> Location:
    longer = tuple(
        f"^{re.escape(other.path)}"
        for other in others
        if other.path.startswith(path) and len(other.path) > len(path)
    )
    if not longer:
        return item
    conditions = (*item.conditions, PathCondition(patterns=longer, negated=True))
    return Location(kind=item.kind, path=item.path, conditions=conditions, chain=item.chain)
