"""What one run proved, gathered for notifications and the terminal."""

from collections.abc import Mapping

from msgspec import Struct, field

from stacktest.core.freshness.inputs import Judgement
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.verdict import Outcome, RunFacts, Verdict
from stacktest.errors import StacktestError

FAILURES = frozenset({"failed", "unjudged", "holds_now", "error", "crashed", "unfinished"})
"""Results of tests with which a run is not a success."""


class RunSummary(Struct, frozen=True, kw_only=True):
    """What one run proved, refused and left undone."""

    verdicts: Mapping[str, Verdict]
    credited: tuple[str, ...]
    refused: Mapping[str, str]
    """Service → why its passed tests earned no credit."""
    judgements: Mapping[str, Judgement]
    outcomes: tuple[Outcome, ...]
    phases: Mapping[str, str]
    """Node id → phase."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Node id → the test's name with the values of its parameters; for this terminal alone."""
    fallen: Mapping[str, str] = field(default_factory=dict)
    """Services that were ready and are not any more → what is seen of them."""
    facts: RunFacts = field(default_factory=RunFacts)
    not_up: Mapping[str, StartFailure] = field(default_factory=dict)
    """Services that the run wanted and that were not up."""
    foreign: Mapping[str, str] = field(default_factory=dict)
    """Service → the other stack whose records this run replaced."""
    trouble: StacktestError | None = None
    """Why records or status could not be written, where that costs more than single services."""

    @property
    def has_failed(self) -> bool:
        """Whether pytest would end with 1: a test failed, or did not come to its end."""
        return any(outcome.result in FAILURES for outcome in self.outcomes)
