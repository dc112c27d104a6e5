"""What `judge` is given: the records of a service, its present state, and the policy."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field

from stacktest.core.freshness.docs_page import DocsPage
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun
from stacktest.core.records.status import Scope, StatusEntry
from stacktest.core.unknown import Unknown

Names = Mapping[str, Mapping[str, str]]
"""Part → name of an ingredient → its digest; never written to committed files."""


class Evidence(Struct, frozen=True, kw_only=True):
    """The ledger's documents of one service; Unknown: a document exists but cannot be read."""

    service: str
    last_pass: LastPass | Unknown | None = None
    last_run: LastRun | Unknown | None = None
    previous: StatusEntry | Unknown | None = None
    """The service's entry in the last `status.json`."""
    passed_before: bool = False
    """Whether a pass existed: the history has a credited run, or git tracks the record."""
    ran_before: bool = False
    """Whether a run existed: this machine remembers one, or git tracks the record."""
    newer_runs: tuple[HistoryLine, ...] = ()
    """Runs of the history that are not older than the last pass."""
    known_to_pass: frozenset[str] | None = None
    """The runs that the last pass knew of, itself included; None: only run numbers can be used."""
    memory_damage: str = ""
    """Why this machine's memory of the service's runs cannot be read; empty: it can."""
    missing_run: LastRun | None = None
    """The newest run on this machine, if the records do not contain it."""
    detail: Names = field(default_factory=dict)
    """Ingredients of the parts of the last pass, if this machine has them."""


NOT_RUN = "not known without running code"
"""Why tests are unknown to a gate that does not import the suites: collecting runs their code."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tests:
    """The required tests of a service as they are now."""

    digest: str
    required: int
    nodeids: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)
    """Node ids of the required tests."""
    carried: str = dataclasses.field(default="", compare=False)
    """The digest as older versions made it, of the tests' names with their parameters."""


class Present(Struct, frozen=True, kw_only=True):
    """The present state of one service, as far as it is known."""

    service: str
    now: datetime
    observation: ServiceObservation
    tests: Tests | Unknown
    stack: str | Unknown
    """Identity of the stack: the project and the engine that it runs on."""
    must_run: bool = False
    is_synced: bool = False
    """Whether Compose may copy files of the build into the container (`develop.watch`)."""
    page: DocsPage | Unknown | None = None
    """The service's docs page; None: this stack has no docs pages."""
    changed_on: datetime | None = None
    """Committer date of the change to this fingerprint, if all files are tracked and clean."""
    errors: tuple[str, ...] = ()
    """Why the service cannot be judged at all: an unreadable file, a broken compose model."""


class Policy(Struct, frozen=True, kw_only=True):
    """The configuration of freshness."""

    max_age: timedelta = timedelta(days=7)
    scope: Scope = "host"
    doc_on: tuple[str, ...] = ()
    """Parts whose change makes a docs page stale although the repository did not change."""
