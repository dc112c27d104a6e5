"""The states of a service, worst first: the first state that holds is the service's state.

| # | state            | meaning                                                    | status word  |
|---|------------------|------------------------------------------------------------|--------------|
| 1 | error            | cannot be judged                                           | stale        |
| 2 | failing          | the last conclusive run on this fingerprint failed         | stale        |
| 3 | never_run        | never passed, so that there is no pass to drift from       | untested     |
| 4 | no_tests         | never passed, and no test names it                         | untested     |
| 5 | drifted          | the containers differ from the files                       | stale        |
| 6 | evidence_missing | there was a pass, but its record is missing                | stale        |
| 7 | changed          | the pass is for another fingerprint                        | stale        |
| 8 | dep_changed      | a dependency has another fingerprint than at the pass      | stale        |
| 9 | tests_changed    | the required tests are not those of the pass               | stale        |
| 10| expired          | the pass is too old                                        | stale        |
| 11| doc_missing      | functional, but there is no page                           | undocumented |
| 12| doc_stale        | functional, but the page is behind                         | stale        |
| 13| functional       | everything holds                                           | functional   |

The four status words are for early readers of `status.json`, whose gate looks for `stale` only.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Literal

StatusWord = Literal["functional", "stale", "untested", "undocumented"]


class State(Enum):
    """The states of a service, declared worst first."""

    ERROR = "error"
    FAILING = "failing"
    NEVER_RUN = "never_run"
    NO_TESTS = "no_tests"
    DRIFTED = "drifted"
    EVIDENCE_MISSING = "evidence_missing"
    CHANGED = "changed"
    DEP_CHANGED = "dep_changed"
    TESTS_CHANGED = "tests_changed"
    EXPIRED = "expired"
    DOC_MISSING = "doc_missing"
    DOC_STALE = "doc_stale"
    FUNCTIONAL = "functional"

    @property
    def rank(self) -> int:
        """Place in the order of precedence; the lowest is the worst."""
        return _RANK[self]

    @property
    def status(self) -> StatusWord:
        """The status word for early readers of `status.json`."""
        return _WORDS.get(self, "stale")

    @property
    def functional(self) -> bool:
        """Whether the service itself has a valid pass; its page may still be missing or behind."""
        return self in (State.DOC_MISSING, State.DOC_STALE, State.FUNCTIONAL)


def worst(states: Iterable[State]) -> State:
    """The state that takes precedence; no state at all is an error."""
    return min(states, key=lambda state: state.rank, default=State.ERROR)


# Private

_RANK = {state: rank for rank, state in enumerate(State)}
_WORDS: dict[State, StatusWord] = {
    State.NEVER_RUN: "untested",
    State.NO_TESTS: "untested",
    State.DOC_MISSING: "undocumented",
    State.FUNCTIONAL: "functional",
}
