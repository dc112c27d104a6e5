"""Reads and writes the journals of updates: of the open one, and of those that have ended.

.stacktest/update.json        the open update: written at each step, removed at its end
.stacktest/updates/ID.json    an update that has ended
.stacktest/update.lock        locked by a process that works on an update, and by its children
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stacktest.adapters.file_lock import lock_file
from stacktest.adapters.ledger.json_files import read_json, text_of
from stacktest.adapters.ledger.service_records import read_record
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.private_files import make_private_folder, write_private
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError, LockHeldError

if TYPE_CHECKING:
    from stacktest.core.update.journal import Journal

FILE = "update.json"
FOLDER = "updates"
LOCK = "update.lock"
ENVIRONMENT = "STACKTEST_UPDATE"
"""The variable with the id of the update that a child process works for."""


def read_open(root: Path) -> "Journal | None":
    """The journal of the open update, or None; EvidenceError if it cannot be read."""
    return _read(state_path(root, FILE))


def read_ended(root: Path) -> "tuple[Journal, ...]":
    """The updates that have ended, oldest first; EvidenceError if one cannot be read."""
    journals = [journal for path in ended_paths(root) if (journal := _read(path)) is not None]
    return tuple(sorted(journals, key=lambda journal: journal.started))


def ended_paths(root: Path) -> tuple[Path, ...]:
    """The files of the updates that have ended, sorted by name, not by time."""
    return tuple(sorted(state_path(root, FOLDER).glob("*.json")))


def read_journal(path: Path) -> "Journal | Unknown | None":
    """The journal in one file; Unknown with the reason where it cannot be read."""
    document = read_json(path)
    if document is None:
        return None
    # Imported late: every run looks for a journal, but rarely finds one.
    from stacktest.core.update.journal import Journal

    return read_record(document, Journal.from_dict)


def write_open(root: Path, journal: "Journal") -> None:
    """Write the journal and flush it to the disk before returning."""
    write_private(state_dir(root) / FILE, text_of(journal.to_dict()))


def end(root: Path, journal: "Journal") -> None:
    """Move the journal to those of the updates that have ended."""
    folder = make_private_folder(state_dir(root) / FOLDER)
    write_private(folder / f"{journal.id}.json", text_of(journal.to_dict()))
    state_path(root, FILE).unlink(missing_ok=True)


@contextmanager
def update_lock(root: Path, *, patience: float = 0.0) -> Iterator[int]:
    """Hold the lock of updates; yields its file descriptor, for child processes to inherit.

    A child process of a killed update may still be running: wait for it up to `patience` seconds.
    """
    path = state_dir(root) / LOCK
    file = lock_file(path, patience=patience)
    if file is None:
        raise LockHeldError(
            "another process works on an update of this stack",
            where=str(path),
            hint="wait until it ends; it says how it ended",
        )
    with file:
        yield file.fileno()


# Private


def _read(path: Path) -> "Journal | None":
    journal = read_journal(path)
    if isinstance(journal, Unknown):
        raise EvidenceError(
            f"the journal of an update cannot be read: {journal.why}",
            where=str(path),
            hint="docker ps --all --filter label=stacktest.update shows what the update had saved",
        )
    return journal
