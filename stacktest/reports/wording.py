"""The words for states, ages and durations in all reports: page, badges and summaries.

A tone groups states by severity; it is always shown with a shape and a word, so that no
information depends on colour alone:

| tone   | shape         | states of a service or of a backup                        |
|--------|---------------|-----------------------------------------------------------|
| bad    | cross         | error, failing, drifted, evidence_missing; rotten         |
| stale  | clock         | changed, dep_changed, tests_changed, expired; expired     |
| blank  | empty circle  | never_run, no_tests; never_drilled                        |
| doc    | sheet         | doc_missing, doc_stale                                    |
| good   | check mark    | functional; restorable                                    |
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from stacktest.core.backups.states import BackupState
from stacktest.core.freshness.reasons import Reason
from stacktest.core.freshness.states import State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from stacktest.core.records.drill import Drill
    from stacktest.core.records.status import BackupEntry, StatusEntry
    from stacktest.core.update.journal import Journal

Tone = Literal["bad", "stale", "blank", "doc", "good"]
TONES: tuple[Tone, ...] = ("bad", "stale", "blank", "doc", "good")
NOT_WELL = "the tests fail on what was put back, too"
"""The note on an update that was put back if the tests fail even after that."""


def state_of(entry: StatusEntry) -> State:
    """The entry's state; derived from its status word if another program wrote the entry."""
    if entry.state is not None:
        return entry.state
    if entry.status == "untested":
        return State.NEVER_RUN
    if entry.status == "undocumented":
        return State.DOC_MISSING
    return State.FUNCTIONAL if entry.status == "functional" else State.CHANGED


def tone(state: State | BackupState) -> Tone:
    """The tone of a state."""
    return _STATES[state][0]


def word(state: State | BackupState) -> str:
    """The state in one or two words: `dependency changed`."""
    return _STATES[state][1]


def meaning(state: State | BackupState) -> str:
    """The state in one sentence."""
    return _STATES[state][2]


def part(name: str) -> str:
    """The displayed name of a fingerprint's part: `config` → `mounted files`."""
    return _PARTS.get(name, name)


def backup_sentence(entry: BackupEntry) -> str:
    """`the backup of 2026-11-19 03:10 UTC was restored in 1.2 s`, or why it is not restorable."""
    if entry.why:
        return reason(entry.why)
    return restored(entry)


def restored(drill: BackupEntry | Drill) -> str:
    """`the backup of 2026-11-19 03:10 UTC was restored in 1.2 s`."""
    age = f"the backup of {at(drill.made)}" if drill.made else "it"
    return f"{age} was restored in {duration(drill.restore_ms / 1000)}"


def update_result(journal: Journal) -> str:
    """How an update ended: `all tests passed; it was down for 3.1 s`, `in 6.2 s: t failed`."""
    why, seconds = journal.why or "asked for", f"{journal.stood_ms / 1000:.1f} s"
    if journal.step == "kept":
        return f"all tests passed; it was down for {seconds}"
    if journal.step == "given_up":
        return f"nothing was replaced: {why}"
    return f"in {seconds}: {why}"


def verdict(states: Iterable[State]) -> str:
    """`33 of 36 services are proved.`."""
    counted = list(states)
    proved, total = sum(state.functional for state in counted), len(counted)
    if not total:
        return "Nothing was judged: the stack has no services."
    if proved == total:
        return "The only service is proved." if total == 1 else f"All {total} services are proved."
    if proved == 0:
        return "No service is proved."
    return f"{proved} of {total} services {'is' if proved == 1 else 'are'} proved."


def breakdown(states: Iterable[State]) -> str:
    """`2 failing, 1 changed`: the number of services per state except functional, worst first."""
    rest = Counter(states)
    rest.pop(State.FUNCTIONAL, None)
    return ", ".join(f"{rest[state]} {word(state)}" for state in State if rest[state])


def reason(tag: str) -> str:
    """A reason as a clause about the service: `config:redis.conf` → `redis.conf changed`.

    A tag of an unknown kind, or one that is already a sentence, is returned unchanged.
    """
    return Reason(tag).sentence


def ago(moment: datetime | None, now: datetime) -> str:
    """`3 hours ago`; `never` for None."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    if seconds < -_MINUTE:
        return f"in {_amount(-seconds)}"
    return "just now" if seconds < _MINUTE else f"{_amount(seconds)} ago"


def at(moment: datetime | None) -> str:
    """`2026-11-19 03:10 UTC`; `never` for None."""
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`."""
    if seconds < _SHORT:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def count(number: int, noun: str) -> str:
    """`1 test`, `4 tests`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# Private

_MINUTE = 60
_SHORT = 10
_UNITS = ((86400, "day"), (3600, "hour"), (_MINUTE, "minute"))

_PARTS = {
    "config": "mounted files",
    "env": "environment",
    "stanza": "definition or routes",
    "build": "build files",
}

_STATES: dict[State | BackupState, tuple[Tone, str, str]] = {
    State.ERROR: ("bad", "cannot be judged", "Something that the judgement needs is unreadable."),
    State.FAILING: ("bad", "failing", "The last run on exactly what runs now had a failure."),
    State.DRIFTED: ("bad", "drifted", "What runs is not what the files say, or it is not well."),
    State.EVIDENCE_MISSING: ("bad", "evidence missing", "A pass was known; its record is gone."),
    State.CHANGED: ("stale", "changed", "It changed since its last pass."),
    State.DEP_CHANGED: (
        "stale",
        "dependency changed",
        "A service that it depends on changed since its last pass.",
    ),
    State.TESTS_CHANGED: ("stale", "tests changed", "Its tests changed since its last pass."),
    State.EXPIRED: ("stale", "expired", "Its last pass is older than allowed."),
    State.NEVER_RUN: ("blank", "never run", "Its tests have never passed."),
    State.NO_TESTS: ("blank", "no tests", "No test names it."),
    State.DOC_MISSING: ("doc", "page missing", "It works; it has no page."),
    State.DOC_STALE: ("doc", "page behind", "It works; its page is older than the change."),
    BackupState.ROTTEN: ("bad", "backup rotten", "Its backup could not be restored, or not used."),
    BackupState.NEVER_DRILLED: ("blank", "backup never drilled", "Its backup was never restored."),
    BackupState.EXPIRED: ("stale", "backup expired", "The backup that was restored is too old."),
    BackupState.RESTORABLE: ("good", "backup restorable", "Its backup was restored and works."),
    State.FUNCTIONAL: ("good", "functional", "Its tests passed on exactly what runs now."),
}


def _amount(seconds: float) -> str:
    for size, name in _UNITS:
        if seconds >= size:
            return count(int(seconds // size), name)
    return count(max(1, int(seconds)), "second")
