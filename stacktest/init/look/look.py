"""What was seen of a running stack, as plain data for those who write tests from it."""

import dataclasses
from collections.abc import Mapping

from msgspec import Struct, field

from stacktest.init.look.answer import RecordedAnswer

DOOR = ""
"""Stands for the front door's own answers, where no service of the stack gives them."""


class Visit(Struct, frozen=True, kw_only=True):
    """What one address of a service answered, each request several times."""

    service: str
    """Who answers there; `DOOR` where the front door itself does."""
    client: str
    """The client of the test, as Python: `api("wiki.home.lan")`."""
    host: str = ""
    """The host name, where the front door leads there."""
    prefix: str = ""
    """The path below which the service is."""
    answers: Mapping[str, tuple[RecordedAnswer, ...]] = field(default_factory=dict)
    """Path below the prefix → the answers to it, in order."""
    credited: frozenset[str] = frozenset()
    """Paths whose answers count as the service's own."""
    port: int = 0
    """The port in the container, where it was asked at a port."""


class Boundary(Struct, frozen=True, kw_only=True):
    """A store that one network reaches and the front door's network does not."""

    service: str
    port: int
    inner: str
    outer: str


class LandingPage(Struct, frozen=True, kw_only=True):
    """The address of a page, and the steady part of its accessibility snapshot."""

    url: str
    snapshot: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Everything that was seen."""

    visits: tuple[Visit, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    store_errors: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Store → why its client could not ask it; empty where it answered."""
    store_ports: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Store → the usual port of its kind, where it listens there."""
    unanswered: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Service → why nothing of it was seen."""
    secrets: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    """Values that no test may hold."""
    pages: Mapping[str, LandingPage] = dataclasses.field(default_factory=dict)
    """Service → what a browser shows, where one looked."""
