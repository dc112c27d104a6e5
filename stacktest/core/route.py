"""The routes of a front door: who answers a request for a host name, under which conditions.

The routes of a host, in `order`, are the front door's decisions for it. A route says for which
requests it holds, who answers them, and with which statuses:

    final route                     answers; where it holds, later routes are not reached
    guard, not final                may answer first: a sign-in, a blocked path, a redirect
    rewrites                        does not answer, but changes the path for later routes

A route with a `service` leads to that service. A route without `service` is answered by the front
door itself (`upstream` is empty), by a program outside of the stack (`upstream` names it), or by an
unknown program (`unknown` says why).
"""

import re
import warnings
from functools import lru_cache

from msgspec import Struct

ANY_STATUS = frozenset(range(100, 600))
"""Every status of HTTP."""
NOT_2XX = ANY_STATUS - frozenset(range(200, 300))
"""Statuses that a sign-in which is asked first may answer; with 2xx it lets the request pass."""
STATIC_FILE = frozenset({200, 206, 301, 304, 403, 405, 412, 416})
"""Statuses of a front door that serves files from a folder."""

_POSIX_CLASS = re.compile(r"\[:(\w+):\]")
_POSIX_CLASSES = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "A-Za-z0-9",
    "lower": "a-z",
    "upper": "A-Z",
    "space": r"\s",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
_HOST_NAME = re.compile(r"[^\s{}()$/@~*?]+")


@lru_cache(maxsize=1024)
def compiled(expression: str) -> re.Pattern[str] | None:
    """Compiles a front door's regular expression, in Go's or PCRE's syntax; None: not supported."""
    text = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", expression)
    text = _POSIX_CLASS.sub(lambda match: _POSIX_CLASSES.get(match[1], match[0]), text)
    if _POSIX_CLASS.search(text):
        return None
    try:
        with warnings.catch_warnings():
            # Patterns that Python warns about mean something else in Go and PCRE: `[[`, `--`, `&&`.
            warnings.simplefilter("error", FutureWarning)
            return re.compile(text)
    except (re.error, FutureWarning):
        return None


class Listener(Struct, frozen=True, kw_only=True):
    """A port of the front door's container, and whether it uses TLS."""

    port: int
    tls: bool


class PathCondition(Struct, frozen=True, kw_only=True):
    """Regular expressions for the decoded path: at least one must match, or none if negated."""

    patterns: tuple[str, ...]
    negated: bool = False
    level: int = 0
    """Depth in the configuration; a path rewritten at this level or above is not known here."""

    def holds(self, path: str) -> bool | None:
        """Whether it holds for a path; None if an expression is not supported by Python."""
        expressions = [compiled(pattern) for pattern in self.patterns]
        matches = [e.search(path) is not None for e in expressions if e is not None]
        if len(matches) < len(expressions):
            return None
        return any(matches) is not self.negated


class Route(Struct, frozen=True, kw_only=True):
    """One decision of the front door for a host name."""

    host: str
    """`app.test`, `*.test`, `mail.*`, or `~` and a regular expression."""
    service: str | None = None
    port: int | None = None
    where: str = ""
    """`file:line` of the definition."""
    match: str = ""
    """What a request must also match, for people: a path (`/api/*`) or a condition (`@ws`)."""
    upstream: str = ""
    """The upstream as written; empty when the front door answers itself."""
    unknown: str = ""
    """Why it is not known which service answers."""
    is_looked_up_at_start: bool = False
    """The front door looks up the upstream's address when it starts, and exits if that fails."""
    holds_for_addresses: bool = False
    """It also holds for requests to an address instead of a name: `http://127.0.0.1:8000`."""
    is_deep: bool = False
    """The star of `*.test` stands for any number of labels, not for one."""
    listeners: tuple[Listener, ...] = ()
    """The ports at which the route holds; empty: all ports of the front door."""
    conditions: tuple[PathCondition, ...] = ()
    """Conditions for the path, which must all hold."""
    methods: frozenset[str] = frozenset()
    """Methods of requests that it holds for; empty: all."""
    is_hidden: bool = False
    """It also depends on facts outside of the URL: a header, a cookie, the client's address."""
    files: str | None = None
    """It holds for paths that are files below this folder; empty: a folder that cannot be seen."""
    index: str | None = None
    """With `files`: it holds for folders that hold this file; empty: for any folder."""
    statuses: frozenset[int] = ANY_STATUS
    """The statuses that this route can answer with."""
    length: int | None = None
    """The `Content-Length` of these answers, where all have the same."""
    is_final: bool = True
    is_guard: bool = False
    """It is asked or acts before the route that answers: a sign-in, a redirect."""
    is_missing_page: bool = False
    """The front door's page while the service is missing; in a healthy stack it never answers."""
    rewrites: int | None = None
    """The level from which on the path is rewritten; None: the route rewrites nothing."""
    order: int = 0
    """Position among the decisions for the host."""
    is_unread: bool = False
    """It stands for a file that could not be read, whose host names may lead anywhere."""
    basis: str = ""
    """The configuration that applies to the host, in a form that comments do not change."""

    def __repr__(self) -> str:
        """Host, match and target; never the configuration, which may contain a secret."""
        parts = (self.host, self.match, self.service or self.unknown or self.upstream or "door")
        return f"Route({' '.join(part for part in parts if part)!r} {self.where})"

    @property
    def is_exact(self) -> bool:
        """Whether the host is one exact name, which can be requested."""
        return _HOST_NAME.fullmatch(self.host) is not None

    @property
    def has_name(self) -> bool:
        """Whether the host is a name or a pattern of names, not a placeholder such as `{host}`."""
        return self.host.startswith("~") or _HOST_NAME.fullmatch(self.host.strip("*.")) is not None

    @property
    def pattern(self) -> str:
        """The host as `covers` reads it."""
        return f"~^.+{re.escape(self.host[1:])}$" if self.is_deep else self.host

    @property
    def is_main(self) -> bool:
        """Whether it answers every request for the host, without a condition."""
        return self.is_final and not self.is_guard and not self.match


def unread_route(where: str, why: str) -> Route:
    """The route that stands for all of a file that could not be read, at `file:line`."""
    return Route(host=f"{where}@", unknown=why, where=where, upstream="?", is_unread=True)
