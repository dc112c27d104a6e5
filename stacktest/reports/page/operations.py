"""Rehearsals, updates and drills as rows of the page: an open update first, then the newest.

A page may be published, so messages of programs and tests are reduced to their kind.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.operations import Kind, Operations, UnreadableRecord
from stacktest.core.records.drill import Drill
from stacktest.core.records.rehearsal import Rehearsal
from stacktest.core.runs.bare_text import bare_reason
from stacktest.core.update.journal import Journal
from stacktest.reports import wording
from stacktest.reports.page.test_rows import NOTE

NEWEST = 10
"""The number of operations that the page lists."""
NAMED = 4
"""The number of services and of failures that a row names."""
Commands = tuple[tuple[str, str], ...]
"""Purpose and command."""


class OperationRow(Struct, frozen=True, kw_only=True):
    """One rehearsal, update or drill."""

    kind: Kind
    tone: wording.Tone
    word: str
    services: tuple[str, ...] = ()
    more_services: int = 0
    when: datetime | None = None
    """None if its record cannot be read."""
    note: str = ""
    commands: Commands = ()
    """The commands that end an open update."""


def operation_rows(operations: Operations) -> tuple[OperationRow, ...]:
    """An open update, the newest operations, and last the unreadable records."""
    opened = operations.open_update
    ended = [
        *(_rehearsal(item) for item in operations.rehearsals if not item.drilled),
        *(_ended(item) for item in operations.updates if not opened or item.id != opened.id),
        *(_drill(item) for item in operations.drills),
    ]
    unreadable = sorted(operations.unreadable, key=lambda record: not record.is_open)
    return (
        *([_open(opened)] if opened else ()),
        *(_unreadable(record) for record in unreadable if record.is_open),
        *sorted(ended, key=_newest_first)[:NEWEST],
        *[_unreadable(record) for record in unreadable if not record.is_open][:NEWEST],
    )


# Private

_FINISH = (
    ("Finish it", "stacktest update --continue"),
    ("or put everything back", "stacktest update --undo"),
)
_LOOK = (("See what it had saved", "docker ps --all --filter label=stacktest.update"),)


def _newest_first(row: OperationRow) -> float:
    return -row.when.timestamp() if row.when else 0.0


def _rehearsal(rehearsal: Rehearsal) -> OperationRow:
    tested = [name for name, item in rehearsal.services.items() if item.result != "left_out"]
    return _row(
        "rehearsal",
        "good" if rehearsal.passed else "bad",
        "passed" if rehearsal.passed else "did not pass",
        services=tested,
        when=rehearsal.finished,
        notes=_rehearsal_notes(rehearsal),
    )


def _rehearsal_notes(rehearsal: Rehearsal) -> Iterator[str]:
    if rehearsal.data == "empty":
        yield "with empty volumes"
    whys = [
        f"{name}: {bare_reason(item.why) or 'not proved'}"
        for name, item in rehearsal.services.items()
        if item.result in {"failed", "not_proved"}
    ]
    yield from whys[:NAMED]
    if len(whys) > NAMED:
        yield f"and {len(whys) - NAMED} more"


def _open(journal: Journal) -> OperationRow:
    return _row(
        "update",
        "bad",
        "open",
        services=journal.services,
        when=journal.started,
        notes=[f"since {wording.at(journal.started)}, at the step {journal.step!r}"],
        commands=_FINISH,
    )


def _ended(journal: Journal) -> OperationRow:
    notes = [wording.update_result(replace(journal, why=bare_reason(journal.why)))]
    if journal.works is False:
        notes.append(wording.NOT_WELL)
    if journal.kept_until is not None:
        notes.append(f"what ran before is kept until {wording.at(journal.kept_until)}")
    tone, word = _ENDS.get(journal.step, ("bad", journal.step))
    return _row(
        "update",
        "bad" if journal.works is False else tone,
        word,
        services=journal.services,
        when=journal.finished or journal.started,
        notes=notes,
    )


_ENDS: dict[str, tuple[wording.Tone, str]] = {
    "kept": ("good", "kept"),
    "put_back": ("stale", "put back"),
    "given_up": ("blank", "nothing replaced"),
}


def _drill(drill: Drill) -> OperationRow:
    is_rotten = drill.result == "rotten"
    return _row(
        "drill",
        "bad" if is_rotten else "good",
        drill.result,
        services=[drill.service],
        when=drill.finished,
        notes=[wording.reason(drill.evidence) if is_rotten else wording.restored(drill)],
    )


def _unreadable(record: UnreadableRecord) -> OperationRow:
    return _row(
        record.kind,
        "bad",
        "cannot be read",
        notes=[f"{record.path}: {record.why}"],
        commands=_LOOK if record.is_open else (),
    )


def _row(
    kind: Kind,
    tone: wording.Tone,
    word: str,
    *,
    services: Sequence[str] = (),
    when: datetime | None = None,
    notes: Iterable[str] = (),
    commands: Commands = (),
) -> OperationRow:
    return OperationRow(
        kind=kind,
        tone=tone,
        word=word,
        services=tuple(services[:NAMED]),
        more_services=max(0, len(services) - NAMED),
        when=when,
        note=textwrap.shorten("; ".join(notes), NOTE, placeholder=" …"),
        commands=commands,
    )
