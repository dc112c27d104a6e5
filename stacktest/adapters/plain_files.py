"""Reads files that are files: what a link makes of a name may be a pipe or a device.

A pipe waits for whoever writes to it, `/dev/zero` never ends: neither may hold up a command. An
`OSError` says what is there instead.
"""

import errno
import os
import stat
from pathlib import Path


def read_plain(path: Path, *, most: int | None = None) -> bytes:
    """The content of a regular file, a link to one included, of at most so many bytes."""
    # A pipe that nobody writes to must not block us.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, f"it is {_kind(status.st_mode)}, not a file", str(path))
        if most is not None and status.st_size > most:
            raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(path))
        return file.read(most)


def read_plain_text(path: Path) -> str:
    """The same as text in UTF-8; what is something else raises a ValueError."""
    return read_plain(path).decode("utf-8").replace("\r\n", "\n")


# Private


def _kind(mode: int) -> str:
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"
