"""The verdict on one service from all outcomes of a run: passed, failed, incomplete or untouched.

| kind       | when                                                                              |
|------------|-----------------------------------------------------------------------------------|
| failed     | a test that names the service failed; nothing else matters                        |
| passed     | every required test ran to its end and passed, asserted, and touched the service  |
| incomplete | anything between; each reason is a sentence for people                            |
| untouched  | no test that names the service was asked to run                                   |

The exit code is no input, nor is the absence of failures: a service passes by what was seen of
each of its required tests, which are listed by an inventory that is taken without selection.
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

`known_false`: an assertion failed whose claim is known to be false; the test judged it all the
same. `holds_now`: the test passed although its claim is said to be false, which is a failure.
`unjudged`: the test of a claim failed outside of its assertions, a failure that says nothing of it.
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
"""Results of tests that ran to their end and said what they had to say."""

PHRASES: Mapping[str, str] = {
    "skipped": "skipped",
    "xfailed": "expected to fail",
    "xpassed": "expected to fail, although it passed",
    "crashed": "crashed with its worker",
    "unfinished": "not finished",
}


class Outcome(Struct, frozen=True, kw_only=True):
    """What one test did in its last attempt."""

    nodeid: str
    services: tuple[str, ...]
    """Services that the test is about."""
    result: Result
    flaky: bool = False
    """An earlier attempt failed."""
    reason: str = ""
    kind: str = ""
    """What of the reason a record may keep: nothing that a test or a plugin said."""
    diagnosis: str = ""
    """The cause in one sentence, where the facts decided it; no record keeps it."""
    command: str = ""
    """What to do about it."""
    evidence: str = ""
    """The page about what the failed test left, below pytest's folder."""
    contacts: tuple[str, ...] = ()
    """Services that really answered during the test."""
    looks: tuple[str, ...] = ()
    """Services whose container the test looked at."""
    doubts: Mapping[str, str] = field(default_factory=dict)
    """Services that may have answered → where it is said who else may have."""
    assertions: int = 0
    """Assertion sites in the test's code."""
    started: datetime | None = None
    seconds: float = 0.0


class Required(Struct, frozen=True, kw_only=True):
    """A test that must pass for each of its services."""

    nodeid: str
    services: tuple[str, ...]
    phase: str = ""
    source: str = ""
    """The file that holds it, relative to the project."""
    no_contact: frozenset[str] = frozenset()
    """Those of its services that it need not touch."""


class HiddenFile(Struct, frozen=True, kw_only=True):
    """A file of the suites, or a test in it, that is about services and was not collected."""

    path: str
    services: tuple[str, ...]
    """The services that its text names; empty: they cannot be told, so it may be any."""
    why: str
    """`skipped: could not import 'x'`, or that something left it out."""

    def concerns(self, service: str) -> bool:
        """Whether a test of the service may be among those that were not collected."""
        return not self.services or service in self.services


class Inventory(Struct, frozen=True, kw_only=True):
    """Every test that names a service, collected without selection arguments."""

    required: tuple[Required, ...]
    complete: bool
    """False: it could not be taken, and nobody earns credit."""
    why: tuple[str, ...] = ()
    """Why it is not complete, in sentences."""
    hidden: tuple[HiddenFile, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    """Node ids of tests that lie outside the suites: they are never required."""

    def of(self, service: str) -> tuple[Required, ...]:
        """The tests that name `service`."""
        return tuple(test for test in self.required if service in test.services)


class RunFacts(Struct, frozen=True, kw_only=True):
    """What is known of the run as a whole."""

    interrupted: bool = False
    """Ctrl-C or a signal: nobody earns credit."""
    collection_errors: tuple[str, ...] = ()
    deselected: frozenset[str] = frozenset()
    """Node ids that an option took out after they were collected."""
    selection: str = ""
    """The arguments that selected, as typed: `-k test_a`, `suites/phase5_ai`."""
    ended_early: str = ""
    """Why not everything ran: `-x`, `pytest.exit: …`, a lost worker."""
    deviations: tuple[str, ...] = ()
    """What made the tests weaker than the suites are: `--noconftest`, `-p no:myplugin`."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What one run says about one service."""

    service: str
    kind: Kind
    flaky: bool = False
    reasons: tuple[str, ...] = ()
    """Why, with the texts that tests and plugins brought: for who looks on, never for a record."""
    recorded: tuple[str, ...] = ()
    """The same without them: which test, and what kind of failure."""
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
    """Tests during which the service answered."""
    started: datetime | None = None
    """Start of the first of its tests that ran."""
    letters: Mapping[str, str] = field(default_factory=dict)
    """Node id → one letter, for the history: `.` passed, `~` flaky, else as pytest's own."""


def worst_result(results: Iterable[Result]) -> Result:
    """The result that counts where one test has several."""
    return min(results, key=SEVERITY.index)
