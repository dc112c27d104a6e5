"""What was done to a stack besides its runs, as its records say: rehearsals, updates and drills."""

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
    """Below the folder of the stack."""
    why: str
    is_open: bool = False
    """Whether it is the journal of the update that is open."""


class Operations(Struct, frozen=True, kw_only=True):
    """All operations that are remembered, in no order."""

    rehearsals: tuple[Rehearsal, ...] = ()
    updates: tuple[Journal, ...] = ()
    """Those that have ended. One that is undone is here and open, both with one id."""
    open_update: Journal | None = None
    drills: tuple[Drill, ...] = ()
    """The last one of each service."""
    unreadable: tuple[UnreadableRecord, ...] = ()
