"""Locks a file against other processes; the kernel releases the lock when its process ends."""

import fcntl
import os
import time
import weakref
from io import FileIO
from pathlib import Path

from stacktest.adapters.atomic_write import writing
from stacktest.adapters.private_files import PRIVATE_FILE

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_BETWEEN_LOOKS = 0.05
_open_files: "weakref.WeakSet[FileIO]" = weakref.WeakSet()


def lock_file(path: Path, *, patience: float = 0.0) -> FileIO | None:
    """The file, locked; None if another process still holds the lock after `patience` seconds.

    The file is created, readable by its owner only. Closing it releases the lock unless a child
    process inherited the file; `release` always does. UsageError: the file cannot be opened.
    """
    with writing(path):
        file = FileIO(os.open(path, _FLAGS, PRIVATE_FILE), "r+")
    until = time.monotonic() + patience
    while not try_lock(file.fileno()):
        if time.monotonic() >= until:
            file.close()
            return None
        # The only alternative to polling is a call that blocks without a time-out.
        time.sleep(_BETWEEN_LOOKS)
    _open_files.add(file)
    return file


def release(file: FileIO) -> None:
    """Release the lock of a file from `lock_file`, also for processes that inherited the file."""
    fcntl.flock(file, fcntl.LOCK_UN)
    file.close()


def try_lock(handle: int) -> bool:
    """Lock an open file or folder at once; False if another process holds the lock."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# Private


def _close_in_child() -> None:
    """A fork that outlives its process must not keep the lock."""
    for file in list(_open_files):
        file.close()


os.register_at_fork(after_in_child=_close_in_child)
