"""Compares the definitions of services in the compose files of commits and of the folder.

Only files that git tracks count. If Compose finds its files by their default names, the files of a
commit are those with any of these names in that commit.
"""

import itertools
import os
import posixpath
import threading
from collections.abc import Iterable, Sequence

from stacktest.adapters.compose.files import OVERRIDES, USUAL
from stacktest.adapters.compose.yaml import parse_yaml
from stacktest.adapters.git import repository as git
from stacktest.adapters.git.history import GitHistory
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import digest
from stacktest.core.fingerprint.source_definition import ComposeSources, read_sources
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown

Sources = ComposeSources | Unknown


def compose_paths(stack: Stack, sources: Sources) -> list[str]:
    """The present compose files and all default names, relative to the stack's folder."""
    now = sources.sources if isinstance(sources, ComposeSources) else ()
    paths = [os.path.relpath(source.path, stack.root) for source in now]
    usual = [path for names in _usual_paths(stack) for path in names]
    return [path for path in dict.fromkeys([*paths, *usual]) if git.is_within(stack.root, path)]


class WrittenServices:
    """Digests of services as they are written; threads may share it."""

    def __init__(self, stack: Stack, sources: Sources, history: GitHistory) -> None:
        self._stack = stack
        self._history = history
        self._paths = compose_paths(stack, sources)
        self._tracked = git.in_index(stack.root, self._paths)
        self._existed = self._tracked | {
            file for commit in history.log(self._paths) for file in commit.files
        }
        self._digests: dict[tuple[str, str], str | Unknown] = {}
        self._projects: dict[str, Sources] = {"": sources}
        self._lock = threading.RLock()

    def last_change(self, service: str) -> git.Commit | Unknown | None:
        """The commit that wrote the service's present definition; None if it is uncommitted."""
        with self._lock:
            if isinstance(self._projects[""], Unknown):
                return self._projects[""]
            current = self._digest("", service)
            if isinstance(current, Unknown) or self._digest("HEAD", service) != current:
                return None
            return self._find_change(service, current)

    def is_same_in(self, commit: str, service: str) -> bool:
        """Whether the service's definition in that commit is the present one."""
        with self._lock:
            return self._digest(commit, service) == self._digest("", service)

    # Private

    def _find_change(self, service: str, current: str) -> git.Commit | Unknown:
        commits = self._history.log(self._paths)
        for place, commit in enumerate(commits):
            if place % _AT_ONCE == 0:
                self._read(commits[place : place + _AT_ONCE])
            if self._digest(commit.id, service) == current and all(
                self._digest(parent, service) != current for parent in commit.parents
            ):
                return commit
        return Unknown(f"git does not say which commit wrote the stanza of {service}")

    def _read(self, commits: Iterable[git.Commit]) -> None:
        ids = dict.fromkeys(name for commit in commits for name in (commit.id, *commit.parents))
        self._history.read_texts([(name, path) for name in ids for path in sorted(self._existed)])

    def _digest(self, commit: str, service: str) -> str | Unknown:
        """Digest of the service in a commit; commit "" stands for the folder."""
        key = (commit, service)
        if key not in self._digests:
            project = self._project(commit)
            counts = _is_inside if commit else self._tracked.__contains__
            value = project if isinstance(project, Unknown) else project.value(service, counts)
            self._digests[key] = value if isinstance(value, Unknown) else digest(value)
        return self._digests[key]

    def _project(self, commit: str) -> Sources:
        if commit not in self._projects:
            files = tuple(str(self._stack.root / path) for path in self._files(commit))
            self._projects[commit] = read_sources(
                replace(self._stack, compose_files=files), lambda path: self._load(commit, path)
            )
        return self._projects[commit]

    def _files(self, commit: str) -> Iterable[str]:
        """The compose files that Compose would use in that commit, without included files."""
        usual = _usual_paths(self._stack)
        named = [os.path.relpath(path, self._stack.root) for path in self._stack.compose_files]
        for group in usual or [[path] for path in named]:
            present = (path for path in group if self._text(commit, path) is not None)
            yield from itertools.islice(present, 1)

    def _load(self, commit: str, path: str) -> Json | Unknown:
        relative = os.path.relpath(path, self._stack.root)
        text = self._text(commit, relative)
        # A file that did not exist defines no services.
        return {} if text is None else parse_yaml(text.encode(), relative)

    def _text(self, commit: str, path: str) -> str | None:
        is_known_to_be_absent = path in self._paths and path not in self._existed
        return None if is_known_to_be_absent else self._history.text(commit, path)


# Private

_AT_ONCE = 16
"""Number of commits whose compose files are read in one call of git."""


def _is_inside(path: str) -> bool:
    return not path.startswith("/")


def _usual_paths(stack: Stack) -> Sequence[Sequence[str]]:
    """The default paths of the compose file and the override; empty if the files are named."""
    first, *others = [os.path.relpath(path, stack.root) for path in stack.compose_files] or [""]
    folder, name = posixpath.split(first)
    overrides = [posixpath.join(folder, override) for override in OVERRIDES]
    present = [path for path in overrides if (stack.root / path).exists()]
    if name not in USUAL or others != present[:1]:
        return ()
    return [posixpath.join(folder, usual) for usual in USUAL], overrides
