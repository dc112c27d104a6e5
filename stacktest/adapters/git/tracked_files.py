"""Asks git which files of the project it tracks: those alone are the same in every clone."""

from collections.abc import Iterable
from pathlib import Path

from stacktest.adapters import process
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError


def tracked_files(root: Path, outside: Iterable[str] = ()) -> frozenset[str] | Unknown:
    """Paths in git's index, relative to `root`; `outside` adds folders such as `../shared`."""
    asked = ["git", "ls-files", "-z", "--cached", "--", "."]
    try:
        said = process.run([*asked, *sorted(set(outside))], cwd=root)
        if said.code != 0 and outside:
            # A path beyond the repository makes git refuse all of them.
            said = process.run(asked, cwd=root)
    except ToolMissingError as error:
        return Unknown(error.what)
    if said.code != 0:
        return Unknown(f"git cannot say what it tracks here: {said.tail.splitlines()[0]}")
    return frozenset(path for path in said.out.split("\0") if path)
