"""What the judge reads services from: the records, the required tests and the docs pages."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness.docs_page import PageFacts
from stacktest.core.freshness.inputs import Evidence, Tests
from stacktest.core.misnamed import Misnamed
from stacktest.core.records.documents import HistoryLine
from stacktest.core.records.drill import Drill
from stacktest.core.records.status import StatusEntry, StatusMeta
from stacktest.core.unknown import Unknown

TestsOf = Mapping[str, Tests | Unknown]
"""Service → its required tests now; Unknown: a file that may hold some cannot be collected."""


class RequiredTests(Struct, frozen=True, kw_only=True):
    """The required tests of every service, and what is wrong with the names in their markers."""

    of_services: TestsOf
    misnamed: tuple[Misnamed, ...] = ()
    """Names that are not services of the stack."""


class Memory(Protocol):
    """The part of the ledger that judging needs."""

    def read(self, service: str) -> Evidence:
        """The records of one service."""

    def read_all(self, services: Iterable[str]) -> Mapping[str, Evidence]:
        """The records of each of the services."""

    def services(self) -> tuple[str, ...]:
        """Names of services that have records."""

    def read_status(self) -> Mapping[str, StatusEntry] | Unknown | None:
        """The entries of `status.json`."""

    def read_meta(self) -> StatusMeta | Unknown | None:
        """The content of `status.meta.json`."""

    def history(self, service: str) -> tuple[tuple[HistoryLine, ...], tuple[str, ...]]:
        """The runs of a service, oldest first, and the faults of lines that cannot be read."""

    def last_drill(self, service: str) -> Drill | Unknown | None:
        """The result of the last drill of a service's backup."""


class PageReading(Protocol):
    """The git history of one docs page, and when its service last changed."""

    @property
    def facts(self) -> PageFacts | Unknown:
        """The facts about the page; Unknown: git could not be read."""

    @property
    def changed_on(self) -> datetime | None:
        """Committer date of the service's last change; None if there are uncommitted changes."""


PagesOf = Callable[[Mapping[str, Fingerprint]], Mapping[str, PageReading]]
"""Reads the docs pages of services; empty for a stack without pages."""
