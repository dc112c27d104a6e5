"""The address of a browser server, and which parts of it may be shown.

Tokens are in the path, the query or before the host: only scheme, host and port are shown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from stacktest.core.hostnames import before_port
from stacktest.core.secrets import is_common
from stacktest.errors import UsageError

CODE = "SK-BROWSER"
WHERE = "[browser] endpoint"
EXAMPLE = "ws://browsers.internal:3000/TOKEN"
PORTS = {"ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that speaks Playwright's protocol."""

    url: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The address without its secrets, for output: scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{before_port(parts.hostname or '')}:{self.port}"

    @property
    def port(self) -> int:
        """The port of the address, or the scheme's default."""
        parts = urlsplit(self.url)
        return parts.port or PORTS[parts.scheme]

    @property
    def secrets(self) -> frozenset[str]:
        """The parts of the address that no output may show."""
        whole = set() if self.url.rstrip("/") == self.shown else {self.url}
        return frozenset({*whole, *_tokens(urlsplit(self.url))})


def read_endpoint(url: str) -> Endpoint:
    """Parses the address that a person wrote; the text of a `UsageError` does not contain it."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise UsageError(
            "the address of the browser server is not a WebSocket address",
            where=WHERE,
            hint=f"write it like {EXAMPLE}, without quotes or blanks",
            code=CODE,
        )
    return Endpoint(url)


# Private

_SHORTEST = 4
_LONG_WORD = 20
_WORD = re.compile(r"[A-Za-z]+")


def _tokens(parts: SplitResult) -> Iterator[str]:
    """User, password, query values and path parts that may be tokens; words stay readable."""
    values = [parts.username, parts.password, *(value for _, value in parse_qsl(parts.query))]
    values += [part for part in parts.path.split("/") if not _is_word(part)]
    for value in filter(None, values):
        for spelling in {value, unquote(value)}:
            if len(spelling) >= _SHORTEST and not is_common(spelling):
                yield spelling


def _is_word(part: str) -> bool:
    return len(part) < _LONG_WORD and _WORD.fullmatch(part) is not None
