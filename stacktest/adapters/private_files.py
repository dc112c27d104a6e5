"""Folders and files for their owner alone, from their first moment and whatever the umask says.

    folder   0700, made so before anything lies in it; one that is there already is mended
    file     0600, made so before anything is written to it

A folder that is `ignored` holds a `.gitignore` that hides all of it, itself included.
"""

import contextlib
import os
import stat
from pathlib import Path

from stacktest.adapters.atomic_write import write_file, writing

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def make_private_folder(folder: Path, *, ignored: bool = False) -> Path:
    """The folder, made if absent, and no one else may look into it; its parent has to exist."""
    with writing(folder):
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        _restrict(folder, PRIVATE_FOLDER)
    ignore = folder / ".gitignore"
    if ignored and not ignore.exists():
        write_private(ignore, "*\n")
    return folder


def write_private(path: Path, text: str) -> None:
    """Write the file; whatever was there before is replaced, its mode included."""
    write_file(path, text, mode=PRIVATE_FILE)


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
