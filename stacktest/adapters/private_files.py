"""Creates folders and files that only their owner can read, independent of the umask.

    folder   0700 before any file is in it; an existing folder's mode is corrected
    file     0600 before anything is written to it

An `ignored` folder holds a `.gitignore` that excludes the whole folder, also itself.
"""

import contextlib
import os
import stat
from pathlib import Path

from stacktest.adapters.atomic_write import write_file, writing

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def make_private_folder(folder: Path, *, ignored: bool = False) -> Path:
    """The folder, created with mode 0700 if absent; its parent has to exist."""
    with writing(folder):
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        _restrict(folder, PRIVATE_FOLDER)
    ignore = folder / ".gitignore"
    if ignored and not ignore.exists():
        write_private(ignore, "*\n")
    return folder


def write_private(path: Path, text: str) -> None:
    """Write the file with mode 0600; an existing file and its mode are replaced."""
    write_file(path, text, mode=PRIVATE_FILE)


def restrict_tree(folder: Path) -> None:
    """Make all files and folders private that other programs created below the folder."""
    for place, folders, files in os.walk(folder):
        for name in folders:
            _restrict(Path(place, name), PRIVATE_FOLDER)
        for name in files:
            _restrict(Path(place, name), PRIVATE_FILE)


# Private


def _restrict(path: Path, mode: int) -> None:
    if path.is_symlink() or stat.S_IMODE(path.stat().st_mode) == mode:
        return
    # Only the owner may change the mode: files of another user stay as they are.
    with contextlib.suppress(PermissionError):
        path.chmod(mode)
