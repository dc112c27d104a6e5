"""Replaces a file in one step, so that a crash or a full disk leaves the old content whole.

The content goes to a temporary file beside the target, is flushed to the disk, and takes the
target's place; then the folder's entry is flushed, too.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stacktest.errors import UsageError

NEW_FILE = 0o644


def write_atomically(path: Path, content: str | bytes, *, mode: int | None = None) -> None:
    """Write the file; `mode` is that of the old file, or 0644 for a new one, unless it is given.

    Of a symbolic link, the file that it points to is written.
    """
    path = path.resolve()
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _mode(path) if mode is None else mode)
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


@contextmanager
def writing(path: Path, hint: str = "") -> Iterator[None]:
    """A UsageError for what the operating system refuses while the file is written."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "the operating system refuses").lower()
        raise UsageError(
            f"{path} cannot be written: {reason}",
            where=str(error.filename or path.parent),
            hint=hint or f"make {path.parent} a folder that you may write to",
        ) from error


# Private


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777 if path.exists() else NEW_FILE


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
