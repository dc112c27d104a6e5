"""The submodules of a repository: of a commit, git names the submodule and not the files in it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from stacktest.adapters.git import repository as git
from stacktest.errors import StacktestError


class Submodules:
    """The submodules that HEAD has, by paths from the folder; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths = git.submodules(folder)
        self._links: dict[tuple[str, str], str] = {}

    def holder(self, path: str) -> str:
        """The submodule that the file or folder lies in, or is; empty: it lies in none."""
        return next((top for top in self._paths if git.is_below(path, [top])), "")

    def named(self, paths: Iterable[str]) -> list[str]:
        """The paths as git can be asked about: a submodule for what lies in it."""
        return [*dict.fromkeys(self.holder(path) or path for path in paths)]

    def text(self, commit: str, path: str) -> str | None:
        """A file of a submodule as the commit has it; None: it has none there."""
        top = self.holder(path)
        link = self._link(commit, top)
        return git.text_at(self._folder / top, link, path[len(top) + 1 :]) if link else None

    def opened(self, files: Sequence[str], commit: str, others: Sequence[str]) -> tuple[str, ...]:
        """The files that a commit touched, with those in submodules instead of the submodules.

        What cannot be asked of a submodule, which need not be checked out, leaves its own path.
        """
        names: list[str] = []
        for file in files:
            is_submodule = file in self._paths
            names += self._touched(file, commit, others) if is_submodule else [file]
        return tuple(names)

    def edited(self, files: Iterable[str]) -> frozenset[str]:
        """Paths that are not as in HEAD, with those in submodules instead of the submodules."""
        names: set[str] = set()
        for file in files:
            inner = git.changed_paths(self._folder / file) if file in self._paths else None
            if isinstance(inner, frozenset):
                names |= {f"{file}/{name}" for name in inner}
                names |= {*self._differing(file, self._link("HEAD", file), "HEAD")}
            else:
                names.add(file)
        return frozenset(names)

    # Private

    def _touched(self, top: str, commit: str, others: Sequence[str]) -> list[str]:
        """Files of a submodule that are in none of the other commits as they are in this one."""
        link = self._link(commit, top)
        each = [self._differing(top, self._link(other, top), link) for other in others or ("",)]
        return sorted(set.intersection(*each))

    def _differing(self, top: str, older: str, newer: str) -> set[str]:
        folder = self._folder / top
        try:
            if older and newer:
                names = git.differing(folder, older, ["."], newer)
            else:
                names = git.names_at(folder, older or newer)
        except StacktestError:
            return {top}
        return {f"{top}/{name}" for name in names}

    def _link(self, commit: str, top: str) -> str:
        """The commit of the submodule that a commit names; empty: it has no such submodule."""
        key = (commit, top)
        if key not in self._links:
            self._links[key] = commit and git.object_at(self._folder, commit, top)
        return self._links[key]
