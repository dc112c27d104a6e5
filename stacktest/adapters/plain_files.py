"""Reads regular files only: a path may be, or link to, a pipe or a device.

Reading a pipe blocks until a program writes to it, and `/dev/zero` never ends: both would block a
command. The `OSError` says what the path is instead.
"""

import errno
import os
import stat
from pathlib import Path


def read_plain(path: Path, *, most: int | None = None) -> bytes:
    """The content of a regular file or a link's target; OSError if larger than `most` bytes."""
    # Non-blocking: opening a pipe without a writer would block.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, f"it is {_kind(status.st_mode)}, not a file", str(path))
        if most is not None and status.st_size > most:
            raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(path))
        return file.read(most)


def read_plain_text(path: Path) -> str:
    """The content as UTF-8 text; ValueError if it has another encoding."""
    return read_plain(path).decode("utf-8").replace("\r\n", "\n")


# Private


def _kind(mode: int) -> str:
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"
