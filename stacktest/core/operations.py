"""Operations on a stack other than test runs, from its records: rehearsals, updates, drills."""

from typing import Literal

from msgspec import Struct

from stacktest.core.records.drill import Drill
from stacktest.core.records.rehearsal import Rehearsal
from stacktest.core.update.journal import Journal

Kind = Literal["rehearsal", "update", "drill"]


class UnreadableRecord(Struct, frozen=True, kw_only=True):
    """The file of an operation that cannot be read."""

    kind: Kind
    path: str
    """Path of the file relative to the stack's folder."""
    why: str
    is_open: bool = False
    """Whether the file is the journal of the open update."""


class Operations(Struct, frozen=True, kw_only=True):
    """All recorded operations, in no particular order."""

    rehearsals: tuple[Rehearsal, ...] = ()
    updates: tuple[Journal, ...] = ()
    """Ended updates. An update that is being undone is also `open_update`, with the same id."""
    open_update: Journal | None = None
    drills: tuple[Drill, ...] = ()
    """The last drill of every service."""
    unreadable: tuple[UnreadableRecord, ...] = ()
