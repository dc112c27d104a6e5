"""The journals of updates: the one that is open, and those that came to their end.

.stacktest/update.json        the update that is open: written at each step, gone at its end
.stacktest/updates/ID.json    one that has ended
.stacktest/update.lock        locked by whoever works on an update, and by what that started
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stacktest.adapters.atomic_write import open_log
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
"""The variable by which a program knows that it works for an update: its id."""


def read_open(root: Path) -> "Journal | None":
    """The journal of the update that is open; an EvidenceError where it cannot be read."""
    return _read(state_path(root, FILE))


def read_ended(root: Path) -> "tuple[Journal, ...]":
    """The updates that have ended, oldest first; what cannot be read is an EvidenceError."""
    journals = [journal for path in ended_paths(root) if (journal := _read(path)) is not None]
    return tuple(sorted(journals, key=lambda journal: journal.started))


def ended_paths(root: Path) -> tuple[Path, ...]:
    """The files of the updates that have ended, in no order of time."""
    return tuple(sorted(state_path(root, FOLDER).glob("*.json")))


def read_journal(path: Path) -> "Journal | Unknown | None":
    """The journal in one file; Unknown with the reason where it cannot be read."""
    document = read_json(path)
    if document is None:
        return None
    # Every run looks for a journal, and there seldom is one.
    from stacktest.core.update.journal import Journal

    return read_record(document, Journal.from_dict)


def write_open(root: Path, journal: "Journal") -> None:
    """Write the journal so that it is on the disk before anything else happens."""
    write_private(state_dir(root) / FILE, text_of(journal.to_dict()))


def end(root: Path, journal: "Journal") -> None:
    """Put the journal among those that have ended."""
    folder = make_private_folder(state_dir(root) / FOLDER)
    write_private(folder / f"{journal.id}.json", text_of(journal.to_dict()))
    state_path(root, FILE).unlink(missing_ok=True)


@contextmanager
def update_lock(root: Path, *, patience: float = 0.0) -> Iterator[int]:
    """The lock of updates, as an open file to hand to programs that work for this one.

    A program that a killed update had started may still be at work: that is waited for.
    """
    path = state_dir(root) / LOCK
    with open_log(path) as file:
        _take(file.fileno(), path, patience)
        yield file.fileno()


# Private

_BETWEEN_LOOKS = 0.2


def _take(handle: int, path: Path, patience: float) -> None:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise LockHeldError(
                    "another process works on an update of this stack",
                    where=str(path),
                    hint="wait until it ends; it says how it ended",
                ) from error
            # The kernel tells nobody but a thread that would block for good.
            time.sleep(_BETWEEN_LOOKS)
        else:
            return


def _read(path: Path) -> "Journal | None":
    journal = read_journal(path)
    if isinstance(journal, Unknown):
        raise EvidenceError(
            f"the journal of an update cannot be read: {journal.why}",
            where=str(path),
            hint="docker ps --all --filter label=stacktest.update shows what the update had saved",
        )
    return journal
