"""Reads the results of copies of a stack in `.stacktest/rehearsals/ID/rehearsal.json`."""

from collections.abc import Iterator
from pathlib import Path

from stacktest.adapters.ledger.json_files import read_json
from stacktest.adapters.ledger.service_records import read_record
from stacktest.adapters.ledger.state_dir import state_path
from stacktest.core.records.rehearsal import Rehearsal

REHEARSALS = "rehearsals"
REHEARSAL_FILE = "rehearsal.json"
REHEARSALS_KEPT = 50


def rehearsal_paths(root: Path) -> Iterator[Path]:
    """The files of all rehearsals of the stack in `root`."""
    return state_path(root, REHEARSALS).glob(f"*/{REHEARSAL_FILE}")


def read_rehearsals(root: Path) -> tuple[Rehearsal, ...]:
    """The rehearsals of the stack in `root`, without unreadable ones."""
    records = (read_record(read_json(path), Rehearsal.from_dict) for path in rehearsal_paths(root))
    return tuple(record for record in records if isinstance(record, Rehearsal))


def remove_old_rehearsals(root: Path) -> None:
    """Remove all but the newest rehearsals; kept copies stay, which have more files there."""
    ended = [path for path in rehearsal_paths(root) if list(path.parent.iterdir()) == [path]]
    for path in sorted(ended, key=lambda item: item.stat().st_mtime)[:-REHEARSALS_KEPT]:
        path.unlink()
        path.parent.rmdir()
