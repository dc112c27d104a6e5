"""What a front door does with a request for one of its host names, step by step.

The routes of a host, in `order`, are the decisions of the front door for it. Each says for which
requests it holds, who answers then, and with which statuses:

    final route                     who answers; later routes are not reached where it holds
    guard, not final                who may answer first: a sign-in, a blocked path, a redirect
    rewrites                        nobody answers, but the path is another one for later routes

A route with a `service` leads to that service. One without is answered by the front door itself
(`upstream` is empty), by a program outside of the stack (`upstream` says which), or by somebody
who is not known (`unknown` says why).
"""

import re
import warnings
from functools import lru_cache

from msgspec import Struct

ANY_STATUS = frozenset(range(100, 600))
"""Every status of HTTP."""
NOT_2XX = ANY_STATUS - frozenset(range(200, 300))
"""What a sign-in that is asked first may answer; with 2xx it lets the request pass."""
STATIC_FILE = frozenset({200, 206, 301, 304, 403, 405, 412, 416})
"""What a front door answers that serves a file from a folder."""

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
    """A regular expression of a front door, in Go's or PCRE's words; None: unreadable."""
    text = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", expression)
    text = _POSIX_CLASS.sub(lambda match: _POSIX_CLASSES.get(match[1], match[0]), text)
    if _POSIX_CLASS.search(text):
        return None
    try:
        with warnings.catch_warnings():
            # What Python warns of has another meaning in other languages: `[[`, `--`, `&&`.
            warnings.simplefilter("error", FutureWarning)
            return re.compile(text)
    except (re.error, FutureWarning):
        return None


class Listener(Struct, frozen=True, kw_only=True):
    """A port of the front door's container, and whether it speaks TLS there."""

    port: int
    tls: bool


class PathCondition(Struct, frozen=True, kw_only=True):
    """Regular expressions for the decoded path, of which one must match; or none, if negated."""

    patterns: tuple[str, ...]
    negated: bool = False
    level: int = 0
    """How deep in the configuration it is asked: a path rewritten above or here is not known."""

    def holds(self, path: str) -> bool | None:
        """Whether it holds for a path; None: an expression of another language is not readable."""
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
    """The front door asks for the address of the upstream when it starts, and ends without one."""
    holds_for_addresses: bool = False
    """It holds for requests without a name, too: `http://127.0.0.1:8000`."""
    is_deep: bool = False
    """The star of `*.test` stands for any number of labels, not for one."""
    listeners: tuple[Listener, ...] = ()
    """Where the front door listens for it; empty: at any of its ports."""
    conditions: tuple[PathCondition, ...] = ()
    """All of them must hold."""
    methods: frozenset[str] = frozenset()
    """Methods of requests that it holds for; empty: all."""
    is_hidden: bool = False
    """It also depends on what no address shows: a header, a cookie, the client's address."""
    files: str | None = None
    """It holds for paths that are files below this folder; empty: a folder that cannot be seen."""
    index: str | None = None
    """With `files`: it holds for folders that hold this file; empty: for any folder."""
    statuses: frozenset[int] = ANY_STATUS
    """The answers that are possible here."""
    length: int | None = None
    """The `Content-Length` of these answers, where all have the same."""
    is_final: bool = True
    is_guard: bool = False
    """Asked, or acting, before the route that answers."""
    is_missing_page: bool = False
    """The front door's page while it does not see the service; a stack that is well has none."""
    rewrites: int | None = None
    """The level from which on the path is another one, where it is rewritten."""
    order: int = 0
    """Position among the decisions for the host."""
    basis: str = ""
    """The configuration that applies to the host, in a form that comments do not change."""

    def __repr__(self) -> str:
        """The facts that tell it apart; never the configuration, which may hold a secret."""
        parts = (self.host, self.match, self.service or self.unknown or self.upstream or "door")
        return f"Route({' '.join(part for part in parts if part)!r} {self.where})"

    @property
    def is_exact(self) -> bool:
        """Whether the host is one name that can be asked for."""
        return _HOST_NAME.fullmatch(self.host) is not None

    @property
    def has_name(self) -> bool:
        """Whether the host is a name or a pattern of names, not a place where one should stand."""
        return self.host.startswith("~") or _HOST_NAME.fullmatch(self.host.strip("*.")) is not None

    @property
    def pattern(self) -> str:
        """The host as `covers` reads it."""
        return f"~^.+{re.escape(self.host[1:])}$" if self.is_deep else self.host

    @property
    def is_main(self) -> bool:
        """Whether it answers every path, whatever else a request says."""
        return self.is_final and not self.is_guard and not self.match
