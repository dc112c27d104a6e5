"""The verdict types: outcomes of tests in a run, and the verdict on one service.

| kind       | condition                                                                         |
|------------|-----------------------------------------------------------------------------------|
| failed     | a test that names the service failed; nothing else matters                        |
| passed     | every required test finished and passed, asserted, and contacted the service      |
| incomplete | any other case; each reason is a sentence for people                              |
| untouched  | no test that names the service was selected to run                                |

Neither the exit code nor the absence of failures counts: a service passes by the outcomes of all of
its required tests, which are listed by an inventory that is collected without a selection.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

Result = Literal[
    "passed",
    "known_false",
    "holds_now",
    "failed",
    "unjudged",
    "error",
    "skipped",
    "xfailed",
    "xpassed",
    "crashed",
    "unfinished",
]
"""The outcome of one test. `passed` means set-up, call and tear-down of the last attempt passed.

`known_false`: an assertion failed whose claim is known to be false, so the claim was judged.
`holds_now`: the test passed although its claim is marked as false, which is a failure.
`unjudged`: the test of a claim failed outside of its assertions: a failure that does not judge it.
"""

Kind = Literal["passed", "failed", "incomplete", "untouched"]

#: From worst to best: where a test was reported more than once, the worst counts.
SEVERITY: tuple[Result, ...] = (
    "failed",
    "unjudged",
    "holds_now",
    "error",
    "crashed",
    "unfinished",
    "xpassed",
    "xfailed",
    "skipped",
    "known_false",
    "passed",
)
JUDGED = frozenset({"passed", "known_false"})
"""Results of tests that finished and judged what they test."""

PHRASES: Mapping[str, str] = {
    "skipped": "skipped",
    "xfailed": "expected to fail",
    "xpassed": "expected to fail, although it passed",
    "crashed": "crashed with its worker",
    "unfinished": "not finished",
}


class Outcome(Struct, frozen=True, kw_only=True):
    """The outcome of one test in its last attempt."""

    nodeid: str
    services: tuple[str, ...]
    """Services that the test is about."""
    result: Result
    flaky: bool = False
    """Whether an earlier attempt failed."""
    reason: str = ""
    kind: str = ""
    """The reason for records: without messages of a test or a plugin."""
    diagnosis: str = ""
    """The cause in one sentence, if the facts decided it; never written to a record."""
    command: str = ""
    """The command of the diagnosis."""
    evidence: str = ""
    """The evidence page of the failed test, relative to pytest's folder."""
    contacts: tuple[str, ...] = ()
    """Services that really answered during the test."""
    looks: tuple[str, ...] = ()
    """Services whose container the test inspected."""
    doubts: Mapping[str, str] = field(default_factory=dict)
    """Service that may have answered → the place of the rule by which another may have."""
    assertions: int = 0
    """Number of assertion sites in the test's code."""
    started: datetime | None = None
    seconds: float = 0.0


class Required(Struct, frozen=True, kw_only=True):
    """A test that must pass for each of its services."""

    nodeid: str
    services: tuple[str, ...]
    no_contact: frozenset[str] = frozenset()
    """Those of its services that it need not contact."""


class HiddenFile(Struct, frozen=True, kw_only=True):
    """A file of the suites, or a test in it, that names services and was not collected."""

    path: str
    services: tuple[str, ...]
    """The services that its text names; empty: not known, so it may be any service."""
    why: str
    """Why it was not collected: `skipped: could not import 'x'`, or what excluded it."""

    def concerns(self, service: str) -> bool:
        """Whether a test of the service may be among those that were not collected."""
        return not self.services or service in self.services


class Inventory(Struct, frozen=True, kw_only=True):
    """Every test that names a service, collected without selection arguments."""

    required: tuple[Required, ...]
    complete: bool
    """False: the tests could not all be collected, so no pass is credited."""
    why: tuple[str, ...] = ()
    """Why it is not complete, in sentences."""
    hidden: tuple[HiddenFile, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    """Node ids of tests that lie outside the suites: they are never required."""

    def of(self, service: str) -> tuple[Required, ...]:
        """The tests that name `service`."""
        return tuple(test for test in self.required if service in test.services)


class RunFacts(Struct, frozen=True, kw_only=True):
    """Facts about the run as a whole."""

    interrupted: bool = False
    """Whether Ctrl-C or a signal ended the run: no pass is credited."""
    deselected: frozenset[str] = frozenset()
    """Node ids that an option deselected after they were collected."""
    selection: str = ""
    """The arguments that selected, as typed: `-k test_a`, `suites/phase5_ai`."""
    ended_early: str = ""
    """Why not everything ran: `-x`, `pytest.exit: …`, a lost worker."""
    deviations: tuple[str, ...] = ()
    """Options that weaken the tests of the suites: `--noconftest`, `-p no:myplugin`."""


class Verdict(Struct, frozen=True, kw_only=True):
    """The result of one run for one service."""

    service: str
    kind: Kind
    flaky: bool = False
    reasons: tuple[str, ...] = ()
    """The reasons with messages of tests and plugins: for the terminal, never for a record."""
    recorded: tuple[str, ...] = ()
    """The reasons without these messages, for records: the test, and the kind of failure."""
    required: int = 0
    passed: int = 0
    flaky_tests: int = 0
    failed: tuple[str, ...] = ()
    """Node ids of the tests that failed."""
    skipped: tuple[str, ...] = ()
    known_false: tuple[str, ...] = ()
    """Node ids of the tests whose claim is known to be false."""
    assertions: int = 0
    contacts: int = 0
    """Number of tests during which the service answered."""
    started: datetime | None = None
    """Start of the first of its tests that ran."""
    letters: Mapping[str, str] = field(default_factory=dict)
    """Node id → letter of the history: `.` passed, `~` flaky, `k`/`K` claims, else pytest's own."""


def worst_result(results: Iterable[Result]) -> Result:
    """The result that counts where one test has several."""
    return min(results, key=SEVERITY.index)
