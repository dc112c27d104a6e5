"""The results of one run, collected for notifications and the terminal."""

from collections.abc import Mapping

from msgspec import Struct, field

from stacktest.core.broken_files import BrokenFile
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.misnamed import Misnamed
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.verdict import Outcome, RunFacts, Verdict
from stacktest.errors import StacktestError

FAILURES = frozenset({"failed", "unjudged", "holds_now", "error", "crashed", "unfinished"})
"""Results of tests that make a run a failure."""


class RunSummary(Struct, frozen=True, kw_only=True):
    """Verdicts, credits, refusals and failures of one run."""

    verdicts: Mapping[str, Verdict]
    credited: tuple[str, ...]
    refused: Mapping[str, str]
    """Service → why its passed tests earned no credit."""
    judgements: Mapping[str, Judgement]
    outcomes: tuple[Outcome, ...]
    phases: Mapping[str, str]
    """Node id → phase."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Node id → the test's name with parameter values; only for this terminal."""
    fallen: Mapping[str, str] = field(default_factory=dict)
    """Service that was ready and is not any more → its observed state."""
    facts: RunFacts = field(default_factory=RunFacts)
    broken: tuple[BrokenFile, ...] = ()
    """Files of the suites that cannot be collected, with the services that they concern."""
    not_up: Mapping[str, StartFailure] = field(default_factory=dict)
    """Services that the run wanted and that were not up."""
    foreign: Mapping[str, str] = field(default_factory=dict)
    """Service → the other stack whose records this run replaced."""
    misnamed: tuple[Misnamed, ...] = ()
    """Entries of the configuration that were left out, since the stack lacks their names."""
    trouble: StacktestError | None = None
    """Why records or status could not be written, where that costs more than single services."""

    @property
    def has_failed(self) -> bool:
        """Whether pytest would exit with 1: a test failed, or did not finish."""
        return any(outcome.result in FAILURES for outcome in self.outcomes)
