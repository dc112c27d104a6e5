"""Asks git which files of the project it tracks: those alone are the same in every clone."""

from collections.abc import Iterable
from pathlib import Path

from stacktest.adapters import process
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError


def ignored_files(root: Path, names: Iterable[str]) -> frozenset[str]:
    """Those of the names, relative to `root`, that git ignores; none where there is no git."""
    listed = sorted(set(names))
    if not listed:
        return frozenset()
    try:
        completed = process.run(["git", "check-ignore", "-z", "--", *listed], cwd=root)
    except ToolMissingError:
        return frozenset()
    return frozenset(name for name in completed.paths.split("\0") if name)


def tracked_files(root: Path, outside: Iterable[str] = ()) -> frozenset[str] | Unknown:
    """Paths in git's index, relative to `root`; `outside` adds folders such as `../shared`."""
    command = ["git", "ls-files", "-z", "--cached", "--", "."]
    try:
        completed = process.run([*command, *sorted(set(outside))], cwd=root)
        if completed.code != 0 and outside:
            # A path beyond the repository makes git refuse all of them.
            completed = process.run(command, cwd=root)
    except ToolMissingError as error:
        return Unknown(error.what)
    if completed.code != 0:
        return Unknown(f"git cannot say what it tracks here: {completed.tail.splitlines()[0]}")
    return frozenset(path for path in completed.paths.split("\0") if path)
