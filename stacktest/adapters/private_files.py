"""Folders and files for their owner alone, from their first moment and whatever the umask says.

    folder   0700, made so before anything lies in it; one that is there already is mended
    file     0600, made so before anything is written to it

A folder that is `ignored` holds a `.gitignore` that hides all of it, itself included.
"""

import contextlib
import os
import stat
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def make_private_folder(folder: Path, *, ignored: bool = False) -> Path:
    """The folder, made if absent, and no one else may look into it; its parent has to exist."""
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    _restrict(folder, PRIVATE_FOLDER)
    ignore = folder / ".gitignore"
    if ignored and not ignore.exists():
        write_private(ignore, "*\n")
    return folder


def write_private(path: Path, text: str) -> None:
    """Write the file; whatever was there before is replaced, its mode included."""
    with os.fdopen(open_private(path, os.O_TRUNC), "w", encoding="utf-8") as file:
        file.write(text)


def open_private(path: Path, flags: int) -> int:
    """A descriptor to write to the file, which is made if absent."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, PRIVATE_FILE)
    if stat.S_IMODE(os.fstat(handle).st_mode) != PRIVATE_FILE:
        # Another user's file stays as it is; what may be written there is theirs to decide.
        with contextlib.suppress(PermissionError):
            os.fchmod(handle, PRIVATE_FILE)
    return handle


def restrict_tree(folder: Path) -> None:
    """Take every right of others from what other programs left below the folder."""
    for place, folders, files in os.walk(folder):
        for name in folders:
            _restrict(Path(place, name), PRIVATE_FOLDER)
        for name in files:
            _restrict(Path(place, name), PRIVATE_FILE)


# Private


def _restrict(path: Path, mode: int) -> None:
    if path.is_symlink() or stat.S_IMODE(path.stat().st_mode) == mode:
        return
    # Only the owner may mend it; what belongs to another user stays as it is.
    with contextlib.suppress(PermissionError):
        path.chmod(mode)
