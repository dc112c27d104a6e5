"""Reads files in submodules: in a commit, git lists the submodule and not the files in it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from stacktest.adapters.git import repository as git
from stacktest.errors import StacktestError


class Submodules:
    """The submodules in HEAD, by their paths from the folder; threads may share the object."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths = git.submodules(folder)
        self._links: dict[tuple[str, str], str] = {}

    def holder(self, path: str) -> str:
        """The submodule that holds the path or is the path; empty if there is none."""
        return next((top for top in self._paths if git.is_below(path, [top])), "")

    def named(self, paths: Iterable[str]) -> list[str]:
        """The paths that git supports: for a path in a submodule, the submodule."""
        return [*dict.fromkeys(self.holder(path) or path for path in paths)]

    def text(self, commit: str, path: str) -> str | None:
        """The text of a file of a submodule in the commit; None if the commit lacks it."""
        top = self.holder(path)
        link = self._link(commit, top)
        return git.text_at(self._folder / top, link, path[len(top) + 1 :]) if link else None

    def opened(self, files: Sequence[str], commit: str, others: Sequence[str]) -> tuple[str, ...]:
        """The files that a commit touched, with submodules replaced by the files in them.

        A submodule that cannot be read, since it need not be checked out, stays as its own path.
        """
        names: list[str] = []
        for file in files:
            is_submodule = file in self._paths
            names += self._touched(file, commit, others) if is_submodule else [file]
        return tuple(names)

    def edited(self, files: Iterable[str]) -> frozenset[str]:
        """Paths that differ from HEAD, with submodules replaced by the files in them."""
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
        """Files of a submodule in this commit that differ from those in all other commits."""
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
        """The submodule's commit that a commit refers to; empty if it has no such submodule."""
        key = (commit, top)
        if key not in self._links:
            self._links[key] = commit and git.object_at(self._folder, commit, top)
        return self._links[key]
