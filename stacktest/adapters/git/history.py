"""Reads the history of HEAD for many paths, with one `git log` for all paths if that is exact.

git omits a branch from a path's log if a merge took no change of the path from it, so a log of many
paths has more commits than their own logs together. Without merges the two are the same: then one
call serves all paths. With merges, each path has its own call.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stacktest.adapters.git import repository as git
from stacktest.adapters.git.repository import Commit
from stacktest.adapters.git.submodules import Submodules
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.docs_page import unacknowledged


class GitHistory:
    """The history of `paths` below a folder; threads may share it."""

    def __init__(self, folder: Path, paths: Iterable[str]) -> None:
        self._folder = folder
        self.submodules = Submodules(folder)
        inside = (path for path in paths if not _is_outside(path))
        self._paths = sorted(self.submodules.named(inside))
        self._together = self._ask(self._paths) if git.is_linear(folder) else None
        self._touched: dict[str, list[int]] = {}
        for place, commit in enumerate(self._together or ()):
            for file in commit.files:
                self._touched.setdefault(file, []).append(place)
        self._logs: dict[tuple[str, ...], tuple[Commit, ...]] = {}
        self._texts: dict[tuple[str, str], str | None] = {}
        self._ancestry: dict[tuple[str, str], bool] = {}
        self._unknown_to: dict[str, frozenset[str]] = {}

    def log(self, paths: Sequence[str], start: str = "HEAD") -> tuple[Commit, ...]:
        """The commits up to `start` that touched any of the paths, descendants before ancestors."""
        key = (start, *paths)
        if key not in self._logs:
            served = self._serves(paths, start)
            self._logs[key] = self._cut(paths) if served else self._ask(paths, start)
        return self._logs[key]

    def text(self, commit: str, path: str) -> str | None:
        """The text of the file in that commit; None if the commit does not have the file."""
        key = (commit, path)
        if key not in self._texts:
            is_inner = self.submodules.holder(path)
            self._texts[key] = (
                self.submodules.text(commit, path)
                if is_inner
                else git.text_at(self._folder, commit, path)
            )
        return self._texts[key]

    def read_texts(self, requests: Iterable[tuple[str, str]]) -> None:
        """Read the texts of these commits and paths in one call, for later calls of `text`."""
        unread = [
            (commit, path)
            for commit, path in requests
            if (commit, path) not in self._texts and not self.submodules.holder(path)
        ]
        self._texts |= git.texts_at(self._folder, unread)

    def read_pages(self, paths: Sequence[str], others: Sequence[str] = ()) -> None:
        """Read in one call all texts that `text` and `last_real_change` need for these files.

        Of `others`, only the texts in HEAD.
        """
        paths = [path for path in paths if path in self._paths]
        requests = [("HEAD", path) for path in (*paths, *others)]
        with ThreadPoolExecutor(max_workers=4, thread_name_prefix="stacktest-git") as pool:
            logs = pool.map(lambda path: self.log([path]), paths)
        for path, log in zip(paths, logs, strict=True):
            requests += [(commit.id, path) for commit in log]
            requests += [(parent, path) for commit in log[:1] for parent in commit.parents]
        self.read_texts(requests)

    def last_real_change(self, path: str, *, start: str = "HEAD") -> Commit | None:
        """The newest commit up to `start` that changed more of the file than white space or name.

        The line of `stacktest ack` does not count either.
        None: no commit up to `start` has the file.
        """
        for commit in self.log([path], start):
            now = _squeezed(self.text(commit.id, path))
            before = {parent: _squeezed(self.text(parent, path)) for parent in commit.parents}
            if any(text == now for text in before.values()):
                continue
            for parent, text in before.items():
                if text is not None:
                    continue
                former = git.renamed_from(self._folder, parent, commit.id, path)
                if former and _squeezed(self.text(parent, former)) == now:
                    return self.last_real_change(former, start=parent)
            return commit
        return None

    def first_written(self, path: str) -> Commit | None:
        """The oldest commit of HEAD's history in which the file got the text that it has in HEAD.

        White space and the line of `stacktest ack` do not count, and restoring an old text is not a
        new text. None: HEAD does not have the file.
        """
        last = self.last_real_change(path)
        text = _squeezed(self.text("HEAD", path))
        if last is None:
            return None
        older = (commit for commit in self.log([path]) if commit.id != last.id)
        same = [commit for commit in older if _squeezed(self.text(commit.id, path)) == text]
        oldest = next((c for c in reversed(same) if self.is_ancestor(c.id, last.id)), None)
        return oldest or last

    def unknown_to(self, commit: str) -> frozenset[str]:
        """The commits of HEAD's history that are neither that commit nor its ancestors."""
        if commit not in self._unknown_to:
            self._unknown_to[commit] = git.not_in(self._folder, commit)
        return self._unknown_to[commit]

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` is `older` or one of its descendants; cached for all services."""
        key = (older, newer)
        if key not in self._ancestry:
            self._ancestry[key] = git.is_ancestor(self._folder, older, newer)
        return self._ancestry[key]

    def differing(self, commit: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Files below the paths whose content in HEAD is not that of the commit."""
        names = git.differing(self._folder, commit, self.submodules.named(paths))
        opened = self.submodules.opened(names, "HEAD", [commit])
        return tuple(name for name in opened if _meets(name, paths))

    # Private

    def _ask(self, paths: Sequence[str], start: str = "HEAD") -> tuple[Commit, ...]:
        """The log of the paths, with files in submodules."""
        named = self.submodules.named(paths)
        commits = git.log(self._folder, named, start=start)
        if not any(map(self.submodules.holder, named)):
            return commits
        opened = (
            replace(c, files=self.submodules.opened(c.files, c.id, c.parents)) for c in commits
        )
        return tuple(c for c in opened if any(_meets(file, paths) for file in c.files))

    def _serves(self, paths: Sequence[str], start: str) -> bool:
        """Whether the common log of all paths is exact for these paths."""
        known = self._together is not None and start == "HEAD"
        return known and all(
            not _is_outside(path) and git.is_below(path, self._paths) for path in paths
        )

    def _cut(self, paths: Sequence[str]) -> tuple[Commit, ...]:
        files: dict[int, list[str]] = {}
        for file, places in self._touched.items():
            for place in places if git.is_below(file, paths) else ():
                files.setdefault(place, []).append(file)
        together = self._together or ()
        return tuple(replace(together[p], files=tuple(sorted(files[p]))) for p in sorted(files))


# Private


def _is_outside(path: str) -> bool:
    """Whether the path may be outside of the repository: git would then refuse all paths."""
    return path.startswith(("/", "../"))


def _meets(path: str, roots: Sequence[str]) -> bool:
    """Whether the path is inside one of the roots, or is a parent folder of one."""
    return git.is_below(path, roots) or any(git.is_below(root, [path]) for root in roots)


def _squeezed(text: str | None) -> str | None:
    return None if text is None else "".join(unacknowledged(text).split())
