"""Reads the rehearsals, updates and drills of a stack, and lists the files that are unreadable.

.stacktest/rehearsals/ID/rehearsal.json      results of a copy of the stack (rehearsals.py)
.stacktest/update.json, updates/ID.json      journals (updates.py)
<records>/SERVICE/last_drill.json            the result of the last drill of a backup
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from stacktest.adapters.ledger import updates
from stacktest.adapters.ledger.json_files import read_json
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.rehearsals import rehearsal_paths
from stacktest.adapters.ledger.service_records import LAST_DRILL, read_record
from stacktest.adapters.ledger.state_dir import state_path
from stacktest.core.operations import Kind, Operations, UnreadableRecord
from stacktest.core.records.rehearsal import Rehearsal
from stacktest.core.unknown import Unknown


def read_operations(root: Path, ledger: Ledger, services: Iterable[str]) -> Operations:
    """The rehearsals, updates and drills of the stack in `root`."""
    reader = _Reader(root)
    rehearsals = [
        reader.readable("rehearsal", path, read_record(read_json(path), Rehearsal.from_dict))
        for path in sorted(rehearsal_paths(root))
    ]
    ended = [
        reader.readable("update", path, updates.read_journal(path))
        for path in updates.ended_paths(root)
    ]
    drills = [
        reader.readable("drill", ledger.records / name / LAST_DRILL, ledger.last_drill(name))
        for name in services
    ]
    path = state_path(root, updates.FILE)
    return Operations(
        rehearsals=_present(rehearsals),
        updates=_present(ended),
        open_update=reader.readable("update", path, updates.read_journal(path), is_open=True),
        drills=_present(drills),
        unreadable=tuple(reader.unreadable),
    )


# Private

T = TypeVar("T")


class _Reader:
    """Separates readable records from unreadable ones, which it collects."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.unreadable: list[UnreadableRecord] = []

    def readable(
        self, kind: Kind, path: Path, record: T | Unknown | None, *, is_open: bool = False
    ) -> T | None:
        """The record; None if there is none, or if it is unreadable, which is then noted."""
        if not isinstance(record, Unknown):
            return record
        name = str(path.relative_to(self._root))
        self.unreadable.append(
            UnreadableRecord(kind=kind, path=name, why=record.why, is_open=is_open)
        )
        return None


def _present(records: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(record for record in records if record is not None)
