"""Names for suite files: pytest needs unique base names among folders that are not packages.

free                                     test_cache.py
the project has a test_cache.py          test_stack_cache.py, then test_stack_cache_2.py, …
`suites` has it in another folder        that file is the service's suite: nothing is written
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from msgspec import Struct, field

from stacktest.init.places import SUITES
from stacktest.init.render import word

_SKIPPED = frozenset({"build", "dist", "CVS", "_darcs", "{arch}", "node_modules", "venv"})
"""Folders that pytest does not search, besides those whose name starts with a dot."""


class FileNames(Struct, kw_only=True):
    """The base names of test files that are in use, each with its path below the stack's folder."""

    taken: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    """File that got another name → the existing file that has its plain name."""
    placed: set[str] = field(default_factory=set)
    """Files that `place` has returned."""

    def place(self, folder: str, service: str) -> str:
        """The file for the suite of a service, relative to the stack's folder."""
        name = next(name for name in _candidates(service) if self._is_free(name))
        path = self.taken.setdefault(name, f"{SUITES}/{folder}/{name}")
        self.placed.add(path)
        plain = f"test_{word(service)}.py"
        if name != plain:
            self.renamed[path] = self.taken[plain]
        return path

    def has_suite(self, service: str) -> bool:
        """Whether a file in `suites` has the plain name of the service's suite."""
        return self.taken.get(f"test_{word(service)}.py", "").startswith(f"{SUITES}/")

    # Private

    def _is_free(self, name: str) -> bool:
        """Whether no file has the name, or only a file in `suites` that `place` did not return."""
        holder = self.taken.get(name, f"{SUITES}/")
        return holder.startswith(f"{SUITES}/") and holder not in self.placed


def find_test_files(root: Path) -> dict[str, str]:
    """Base name of test files outside packages → path; a file in `suites` takes precedence."""
    files: dict[str, str] = {}
    for path in _test_files(root):
        name = path.rpartition("/")[2]
        if path.startswith(f"{SUITES}/") or name not in files:
            files[name] = path
    return files


# Private


def _candidates(service: str) -> Iterator[str]:
    yield f"test_{word(service)}.py"
    yield f"test_stack_{word(service)}.py"
    yield from (f"test_stack_{word(service)}_{number}.py" for number in count(2))


def _test_files(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and not name.startswith(".")
            and not name.endswith(".egg")
            and not Path(folder, name, "pyvenv.cfg").is_file()
        )
        if "__init__.py" in files:
            continue
        for name in sorted(files):
            if name.startswith("test_") and name.endswith(".py"):
                yield Path(folder, name).relative_to(root).as_posix()
