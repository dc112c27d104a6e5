"""Tests of paths from other people's files; a path that cannot exist counts as absent.

`Path.is_file` raises for a name that is too long and for a folder without access.
"""

import os
import stat
from pathlib import Path

from stacktest.adapters.plain_files import read_plain


def is_file(path: Path | str) -> bool:
    """Whether there is a file, or a link to one."""
    return os.path.isfile(path)  # noqa: PTH113 - this one never raises


def is_missing(path: Path | str) -> bool:
    """Whether nothing has this name; False for what is there and is not a readable file."""
    try:
        os.lstat(path)
    except PermissionError:
        return False
    except (OSError, ValueError):
        return True
    return False


def is_folder(path: Path | str) -> bool:
    """Whether there is a folder, or a link to one."""
    return os.path.isdir(path)  # noqa: PTH112 - this one never raises


def is_pipe(path: Path | str) -> bool:
    """Whether there is a named pipe, or a link to one."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116 - as above
    except (OSError, ValueError):
        return False


def matching(folder: Path, pattern: str) -> list[Path]:
    """The paths in a folder that match a pattern or name; empty for an invalid pattern."""
    try:
        return list(folder.glob(pattern))
    except (OSError, ValueError, NotImplementedError, RecursionError):
        return []


def text_or_line(path: Path) -> str | int:
    """The text of a file, or the number of the first line that is not UTF-8; OSError as usual."""
    content = read_plain(path)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
