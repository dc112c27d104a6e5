"""Writes files atomically; the only module of the package that writes files.

The content is written to a temporary file beside the target and flushed to the disk; then the file
replaces the target, and the folder's entry is flushed, too. A crash or a full disk leaves the old
content intact. A temporary file of a killed process is removed at the next write of its target.
"""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from stacktest.errors import UsageError

NEW_FILE = 0o644
PROGRAM = 0o700
ABANDONED_AFTER = 3600.0
"""Seconds after which a draft counts as left by a killed process: a write takes far less."""


def write_atomically(path: Path, content: str | bytes, *, mode: int | None = None) -> None:
    """Write the file atomically; the default `mode` is the old file's, or 0644 for a new one.

    If the path is a symbolic link, its target is written.
    """
    path = path.resolve()
    with _draft(path, content, _mode(path) if mode is None else mode) as draft:
        draft.replace(path)
    _flush_folder(path.parent)


def write_file(
    path: Path, content: str | bytes, *, mode: int | None = None, hint: str = ""
) -> None:
    """Write the file and make its folder; a UsageError names the file that cannot be written."""
    with writing(path, hint):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content, mode=mode)


def create_file(path: Path, content: str | bytes, *, mode: int = NEW_FILE) -> None:
    """Write a file that does not exist yet; FileExistsError if it does, without changing it."""
    with _draft(path, content, mode) as draft:
        try:
            # `link` never replaces a file: of two programs at the same time, the first one wins.
            os.link(draft, path)
        except OSError as error:
            if error.errno not in _NO_LINKS or path.exists():
                raise
            draft.replace(path)
    _flush_folder(path.parent)


def copy_file(source: Path, target: Path) -> None:
    """Copy one file with its mode, its times and, where this user may give it away, its owner."""
    target.parent.mkdir(mode=PROGRAM, parents=True, exist_ok=True)
    shutil.copy2(source, target)
    if os.geteuid() == 0:
        status = source.stat()
        os.chown(target, status.st_uid, status.st_gid)


def open_log(path: Path | None) -> IO[bytes]:
    """Open a private file for appending a program's output; None: the output is discarded."""
    if path is None:
        return Path(os.devnull).open("ab")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with writing(path):
        handle = os.open(path, flags, _PRIVATE)
        if stat.S_IMODE(os.fstat(handle).st_mode) != _PRIVATE:
            # Another user's file: its mode stays as it is.
            with suppress(PermissionError):
                os.fchmod(handle, _PRIVATE)
        return os.fdopen(handle, "ab")


@contextmanager
def writing(path: Path, hint: str = "") -> Iterator[None]:
    """Turn an OSError while the file is written into a UsageError."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "the operating system refuses").lower()
        raise UsageError(
            f"{path} cannot be written: {reason}",
            where=_place(error, path),
            hint=_of_disk(error, path)
            or hint
            or f"make {path.parent} a folder that you may write to",
        ) from error


# Private


def _place(error: OSError, path: Path) -> str:
    """The path that the system refused; the folder if that is the draft beside the file."""
    file = str(error.filename or "")
    return str(path.parent) if not file or file.endswith(_DRAFT) else file


def _of_disk(error: OSError, path: Path) -> str:
    """The hint for a full, read-only or faulty disk; empty for other errors."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"make room on the disk that holds {path.parent}"
        case errno.EROFS:
            return f"the disk that holds {path.parent} is read-only: mount it for writing"
        case errno.EIO:
            return f"the disk that holds {path.parent} fails: look at the log of the kernel, dmesg"
    return ""


@contextmanager
def _draft(path: Path, content: str | bytes, mode: int) -> Iterator[Path]:
    """A file beside `path` with this content, flushed to the disk; removed if not renamed."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    prefix = f".{path.name[:_LONGEST_PREFIX]}."
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=_DRAFT)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            written_at = os.fstat(file.fileno()).st_mtime
        yield draft
        _remove_abandoned(path.parent, prefix, before=written_at - ABANDONED_AFTER)
    finally:
        draft.unlink(missing_ok=True)


_PRIVATE = 0o600
_DRAFT = ".tmp"
"""The suffix of a draft's name."""
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""Errors of file systems that do not support hard links."""
_LONGEST_PREFIX = 200
"""Characters of the file's name in a draft's name: file systems allow 255 bytes in all."""


def _remove_abandoned(folder: Path, prefix: str, *, before: float) -> None:
    """Remove drafts of killed processes: older than `before`, by the file system's clock."""
    with os.scandir(folder) as entries:
        drafts = [item for item in entries if item.name.startswith(prefix)]
    for item in drafts:
        # Another process may remove it first, and a file of another user cannot be removed.
        with suppress(OSError):
            if item.name.endswith(_DRAFT) and item.stat(follow_symlinks=False).st_mtime < before:
                Path(item.path).unlink()


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777 if path.exists() else NEW_FILE


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
