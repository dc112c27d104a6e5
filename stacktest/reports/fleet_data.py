"""Several ledgers side by side: the stack of each, and its trouble, if it cannot be trusted.

    missing   no folder, or no status in it
    torn      a file cannot be read, or two files contradict each other
    format    another version, or another program, wrote it
    doubled   two ledgers are about the same stack on the same engine: the valid one is not known
    old       it was judged too long ago, or in the future, to describe the running stack

No service of a ledger with a trouble counts as proved, whatever its status is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.states import State
from stacktest.core.records.common import Run
from stacktest.core.records.status import Scope, StatusEntry
from stacktest.reports.wording import Tone, state_of, tone, word

OLD = timedelta(hours=36)
"""The age up to which a judgement counts as current."""
AHEAD = timedelta(minutes=5)
"""How far another machine's clock may be ahead of this machine's."""


class Trouble(StrEnum):
    """Why a ledger is not trusted."""

    MISSING = "missing"
    TORN = "torn"
    FORMAT = "format"
    DOUBLED = "doubled"
    OLD = "old"


class LedgerCopy(Struct, frozen=True, kw_only=True):
    """The content of one ledger, which another machine may have written."""

    place: str
    """The folder, as the user named it."""
    run: Run | None = None
    """The newest run in its records."""
    judged: datetime | None = None
    scope: Scope | None = None
    services: Mapping[str, StatusEntry] = field(default_factory=dict)
    trouble: Trouble | None = None
    why: str = ""
    """The trouble as a sentence."""

    @property
    def identity(self) -> str:
        """`PROJECT@ENGINE` of the newest run; empty without a run."""
        return self.run.stack if self.run else ""

    @property
    def stack(self) -> str:
        """The project's name; the folder's name without a run."""
        return self.identity.rpartition("@")[0] or self.place.rstrip("/").rpartition("/")[2]

    @property
    def engine(self) -> str:
        """The engine in the identity; empty without a run."""
        return self.identity.rpartition("@")[2]

    @property
    def states(self) -> Mapping[str, State]:
        """The state of each service in the ledger, worst first."""
        states = {name: state_of(entry) for name, entry in self.services.items()}
        return dict(sorted(states.items(), key=lambda item: (item[1].rank, item[0])))

    @property
    def proved(self) -> int:
        """The number of proved services; 0 if the ledger is not trusted."""
        return 0 if self.trouble else sum(state.functional for state in self.states.values())

    @property
    def is_proved(self) -> bool:
        """Whether the ledger is trusted, and every service in it is functional."""
        return bool(self.services) and self.proved == len(self.services)

    @property
    def word(self) -> str:
        """The trouble, else the worst state of a service, in one or two words."""
        if self.trouble:
            return _WORDS[self.trouble]
        worst = next(iter(self.states.values()), None)
        return word(worst) if worst else "nothing judged"

    @property
    def tone(self) -> Tone:
        """The tone of the trouble, else of the worst state of a service."""
        if self.trouble:
            return "bad"
        worst = next(iter(self.states.values()), None)
        return tone(worst) if worst else "blank"

    @property
    def rank(self) -> tuple[int, str, str]:
        """The sort key, worst first: ledgers with a trouble, then by the worst service's state."""
        worst = min((state.rank for state in self.states.values()), default=0)
        return 0 if self.trouble else 1 + worst, self.stack, self.place


class Fleet(Struct, frozen=True, kw_only=True):
    """All ledgers, worst first."""

    ledgers: tuple[LedgerCopy, ...]
    now: datetime

    @property
    def troubled(self) -> tuple[LedgerCopy, ...]:
        """The ledgers with a trouble."""
        return tuple(ledger for ledger in self.ledgers if ledger.trouble)

    @property
    def services(self) -> tuple[tuple[LedgerCopy, str, State], ...]:
        """Every service with its ledger and its state, worst first."""
        rows = [(ledger, name, s) for ledger in self.ledgers for name, s in ledger.states.items()]
        return tuple(sorted(rows, key=_service_rank))

    @property
    def verdict(self) -> str:
        """`3 of 5 stacks are proved.`."""
        proved, total = sum(ledger.is_proved for ledger in self.ledgers), len(self.ledgers)
        noun = "stack is" if total == 1 else "stacks are"
        return f"{proved} of {total} {noun} proved."


def assemble(copies: Iterable[LedgerCopy], now: datetime) -> Fleet:
    """The fleet; ledgers that are too old or doubled get the trouble that says so."""
    listed = tuple(copies)
    counts = Counter(map(_subject, listed))
    ledgers = [_with_double(_with_age(copy, now), counts) for copy in listed]
    return Fleet(ledgers=tuple(sorted(ledgers, key=lambda ledger: ledger.rank)), now=now)


# Private

_WORDS = {
    Trouble.MISSING: "missing",
    Trouble.TORN: "torn",
    Trouble.FORMAT: "other format",
    Trouble.DOUBLED: "doubled",
    Trouble.OLD: "too old",
}


def _service_rank(row: tuple[LedgerCopy, str, State]) -> tuple[int, int, str, str]:
    ledger, name, state = row
    return 0 if ledger.trouble else 1, state.rank, ledger.stack, name


def _subject(copy: LedgerCopy) -> str:
    """The stack that a ledger is about; two ledgers with the same subject are doubled."""
    return copy.identity or copy.place


def _with_age(copy: LedgerCopy, now: datetime) -> LedgerCopy:
    if copy.trouble or copy.judged is None:
        return copy
    hours = round((now - copy.judged).total_seconds() / 3600)
    if copy.judged > now + AHEAD:
        return replace(copy, trouble=Trouble.OLD, why="it was judged in the future: compare clocks")
    if now - copy.judged > OLD:
        why = f"it was judged {hours} hours ago"
        return replace(copy, trouble=Trouble.OLD, why=why)
    return copy


def _with_double(copy: LedgerCopy, counts: Mapping[str, int]) -> LedgerCopy:
    if copy.trouble in {Trouble.MISSING, Trouble.TORN, Trouble.FORMAT} or (
        counts[_subject(copy)] == 1
    ):
        return copy
    why = f"{counts[_subject(copy)]} ledgers are about {_subject(copy)}"
    return replace(copy, trouble=Trouble.DOUBLED, why=why)
