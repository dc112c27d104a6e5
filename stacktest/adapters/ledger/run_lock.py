"""Allows one run per stack: a lock that ends with its process, and a note that names the process.

.stacktest/run.lock         locked while a run uses the stack; the kernel unlocks it
.stacktest/run.holder.json  the holder: pid, command, since; only read while the lock is held
"""

import json
import os
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from stacktest.adapters.file_lock import lock_file, release
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.plain_files import read_plain_text
from stacktest.adapters.private_files import write_private
from stacktest.errors import LockHeldError


class Holder(Struct, frozen=True, kw_only=True):
    """The process that uses the stack: process id, command line, and start time."""

    pid: int
    command: str
    since: str


class RunLock:
    """`with RunLock(root, command=…, since=…):` or LockHeldError that names the holder."""

    def __init__(self, root: Path, *, command: str, since: str) -> None:
        self._root = root
        self._holder = Holder(pid=os.getpid(), command=command, since=since)
        self._lock: FileIO | None = None

    def acquire(self) -> None:
        """Take the lock at once or raise LockHeldError."""
        self._lock = lock_file(state_dir(self._root) / "run.lock")
        if self._lock is None:
            raise self._held()
        note = {
            "pid": self._holder.pid,
            "command": self._holder.command,
            "since": self._holder.since,
        }
        write_private(self._note, json.dumps(note, indent=1) + "\n")

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        if self._lock is not None:
            self._note.unlink(missing_ok=True)
            release(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def _note(self) -> Path:
        return state_path(self._root, "run.holder.json")

    def _held(self) -> LockHeldError:
        holder = read_holder(self._root)
        who = (
            f"pid {holder.pid} ({holder.command}), since {holder.since}"
            if holder
            else "a run that has not said who it is"
        )
        return LockHeldError(
            f"another run uses this stack: {who}",
            where=str(state_path(self._root, "run.lock")),
            hint=f"wait until it ends, or stop it: kill {holder.pid}"
            if holder
            else "wait until it ends",
        )


def read_holder(root: Path) -> Holder | None:
    """The process in the note; None if there is no note or it is unreadable."""
    try:
        note = json.loads(read_plain_text(state_path(root, "run.holder.json")))
        return Holder(pid=int(note["pid"]), command=note["command"], since=note["since"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
