"""Lists the files of the project that git tracks: only these are the same in every clone."""

import os
from collections.abc import Iterable
from pathlib import Path

from stacktest.adapters.git.command import run_git
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError


def ignored_files(root: Path, names: Iterable[str]) -> frozenset[str]:
    """Those of the names, relative to `root`, that git ignores; none without git."""
    listed = sorted(set(names))
    if not listed:
        return frozenset()
    try:
        completed = run_git(root, "check-ignore", "-z", "--", *listed)
    except ToolMissingError:
        return frozenset()
    return frozenset(name for name in completed.paths.split("\0") if name)


def tracked_files(root: Path, outside: Iterable[str] = ()) -> frozenset[str] | Unknown:
    """Paths in git's index and in those of submodules, relative to `root`.

    `outside` adds paths such as `../shared`, if they are in the same repository.
    """
    command = ["ls-files", "-z", "--cached", "--recurse-submodules", "--", "."]
    beyond = _within_repository(root, outside)
    try:
        completed = run_git(root, *command, *beyond)
        if completed.code != 0 and beyond:
            # git refuses all paths if one belongs to another repository, as in a nested clone.
            completed = run_git(root, *command)
    except ToolMissingError as error:
        return Unknown(error.what)
    if completed.code != 0:
        return Unknown(f"git cannot say what it tracks here: {completed.tail.splitlines()[0]}")
    return frozenset(path for path in completed.paths.split("\0") if path)


# Private


def _within_repository(root: Path, paths: Iterable[str]) -> list[str]:
    """Those of the paths, relative to `root`, that are below the folder with `.git`."""
    real = root.resolve()
    for top in (real, *real.parents):
        if (top / ".git").exists():
            return sorted({path for path in paths if _lexical(real / path).is_relative_to(top)})
    return sorted(set(paths))


def _lexical(path: Path) -> Path:
    """The path with `..` resolved as text, as git does; links are not resolved."""
    return Path(os.path.normpath(path))
