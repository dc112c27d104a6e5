"""What `judge` takes and returns: the records of a service, its present, the policy; findings."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field

from stacktest.core.freshness.docs_page import DocsPage
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.freshness.states import State
from stacktest.core.records.documents import ForeignRun, HistoryLine, LastPass, LastRun
from stacktest.core.records.status import Scope, StatusEntry
from stacktest.core.unknown import Unknown

Names = Mapping[str, Mapping[str, str]]
"""Part → name of an ingredient → its digest; kept out of committed files."""


class Evidence(Struct, frozen=True, kw_only=True):
    """What the ledger says of one service; Unknown: a document is there but cannot be read."""

    service: str
    last_pass: LastPass | Unknown | None = None
    last_run: LastRun | Unknown | None = None
    previous: StatusEntry | Unknown | None = None
    """The service's entry in the last `status.json`."""
    passed_before: bool = False
    """The last pass is gone: the history knows one that was credited, or git tracks its record."""
    ran_before: bool = False
    """The last run is gone: this machine remembers one, or git tracks its record."""
    newer_runs: tuple[HistoryLine, ...] = ()
    """Runs of the history that are not older than the last pass."""
    known_to_pass: frozenset[str] | None = None
    """The runs that the last pass knew of, itself included; None: only their numbers can tell."""
    memory_damage: str = ""
    """Why what this machine remembers of the service cannot be read; empty where it can."""
    missing_run: LastRun | None = None
    """The newest run on this machine, where the records do not hold it."""
    detail: Names = field(default_factory=dict)
    """Names behind the parts of the last pass, where this machine has them."""


NOT_RUN = "not known without running code"
"""Why tests are unknown to a gate that imports nothing: somebody who trusts the code can tell."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tests:
    """The required tests as they are now."""

    digest: str
    required: int
    nodeids: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)
    """The tests themselves."""
    carried: str = dataclasses.field(default="", compare=False)
    """The digest as older versions made it, of the tests' names with their parameters."""


class Present(Struct, frozen=True, kw_only=True):
    """What one service is now, as far as it could be told."""

    service: str
    now: datetime
    observation: ServiceObservation
    tests: Tests | Unknown
    stack: str | Unknown
    """Identity of the stack: the project and the engine that it runs on."""
    must_run: bool = False
    page: DocsPage | Unknown | None = None
    """None: no pages are kept for this stack."""
    changed_on: datetime | None = None
    """Committer date of the change to this fingerprint, where all of it is tracked and clean."""
    errors: tuple[str, ...] = ()
    """Why the service cannot be judged at all: an unreadable file, a broken compose model."""


class Policy(Struct, frozen=True, kw_only=True):
    """What the configuration says about freshness."""

    max_age: timedelta = timedelta(days=7)
    scope: Scope = "host"
    doc_on: tuple[str, ...] = ()
    """Parts whose change makes a page old although the repository did not move."""


class Finding(Struct, frozen=True, kw_only=True):
    """One state that holds, and why, as tags: `env`, `config:site/index.html`, `dependency:db`."""

    state: State
    reasons: tuple[str, ...] = ()


class Judgement(Struct, frozen=True, kw_only=True):
    """The states of one service that hold, worst first, and its entry in `status.json`."""

    service: str
    findings: tuple[Finding, ...]
    entry: StatusEntry
    foreign: ForeignRun | None = None
    """To be remembered: another fingerprint than that of the pass runs now."""
    warnings: tuple[str, ...] = ()
    runs: bool = False
    """Whether it has a container now, whatever profiles are switched on."""

    @property
    def state(self) -> State:
        """The state that takes precedence."""
        return self.findings[0].state

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, as tags."""
        return self.findings[0].reasons
