"""The recorded answers of a running stack, as plain data for the modules that write tests."""

import dataclasses
from collections.abc import Mapping

from msgspec import Struct, field

from stacktest.init.look.answer import RecordedAnswer

DOOR = ""
"""The value of `Visit.service` for answers of the front door itself."""


class Visit(Struct, frozen=True, kw_only=True):
    """The answers of one address of a service; each request was sent several times."""

    service: str
    """The service that answers; `DOOR` if the front door itself does."""
    client: str
    """The client of the test, as Python: `api("wiki.home.lan")`."""
    host: str = ""
    """The host name, if it was reached through the front door."""
    prefix: str = ""
    """The path prefix of the service."""
    answers: Mapping[str, tuple[RecordedAnswer, ...]] = field(default_factory=dict)
    """Path below the prefix → its answers, in order."""
    credited: frozenset[str] = frozenset()
    """Paths whose answers count as the service's own."""
    port: int = 0
    """The port in the container, if it was reached without the front door; else 0."""


class Boundary(Struct, frozen=True, kw_only=True):
    """A store that is reachable from one network but not from the front door's network."""

    service: str
    port: int
    inner: str
    outer: str


class LandingPage(Struct, frozen=True, kw_only=True):
    """The address of a page, and the unchanging part of its accessibility snapshot."""

    url: str
    snapshot: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Everything that was recorded of a running stack."""

    visits: tuple[Visit, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    store_errors: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Store → why its client could not query it; empty if it answered."""
    store_ports: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Store → the default port of its kind, if it listens there."""
    unanswered: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Service → why it has no recorded answers."""
    secrets: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    """Values that no test may contain."""
    pages: Mapping[str, LandingPage] = dataclasses.field(default_factory=dict)
    """Service → its page in a browser, if a browser was used."""
