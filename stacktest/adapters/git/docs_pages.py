"""Reads what git says about the services' pages, and which commit last changed each service.

A service was last changed by the newest of

* the last commit that changed its stanza as written, in any compose file of the project;
* the last commit that touched a tracked file of its `config` or `build` part, or deleted one.

Its page follows the change when the page's own last real change is one of these commits' equals or
descendants, both of them.
"""

import os
import posixpath
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from stacktest.adapters.compose.yaml import load_yaml, parse_yaml
from stacktest.adapters.git import repository as git
from stacktest.adapters.git.history import GitHistory, is_below
from stacktest.core.fingerprint.digest import digest
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.fingerprint.source_definition import ComposeSources, read_sources
from stacktest.core.freshness.docs_page import PageFacts
from stacktest.core.model import Json, Service, Stack
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError

TEMPLATES = ("_template.md", "TEMPLATE.md", "template.md")


@dataclass(frozen=True, kw_only=True, slots=True)
class PageReading:
    """One service's page, and when its repository part last changed."""

    facts: PageFacts | Unknown
    changed_on: datetime | None = None
    """Committer date of the service's last change, where nothing of it is uncommitted."""


def read_pages(
    stack: Stack,
    fingerprints: Mapping[str, Fingerprint],
    *,
    pages: str,
    extra: Mapping[str, tuple[str, ...]] | None = None,
) -> Mapping[str, PageReading]:
    """What git says about the page of each service; `pages` is the pattern `docs/{service}.md`.

    `extra` are the paths that the configuration adds to a service.
    """
    reason = git.why_not(stack.root)
    if reason is not None:
        return {name: PageReading(facts=reason) for name in fingerprints}
    edited = git.changed_paths(stack.root)
    if isinstance(edited, Unknown):
        return {name: PageReading(facts=edited) for name in fingerprints}
    added = extra or {}
    roots = {
        name: _roots(stack, stack.services[name], added.get(name, ())) for name in fingerprints
    }
    names = {name: posixpath.normpath(pages.replace("{service}", name)) for name in fingerprints}
    try:
        history = _History(stack=stack, edited=edited, roots=roots, pages=[*names.values()])
    except StacktestError as error:
        return {name: PageReading(facts=Unknown(error.what)) for name in fingerprints}

    def read(name: str) -> PageReading:
        return _read(history, name, fingerprints[name], names[name])

    # With merges in the history, nearly all of it is waiting for git, several times a service.
    with ThreadPoolExecutor(max_workers=4, thread_name_prefix="pages") as pool:
        return dict(zip(fingerprints, pool.map(read, fingerprints), strict=True))


# Private


def _read(history: "_History", service: str, fingerprint: Fingerprint, page: str) -> PageReading:
    try:
        changes = history.last_changes(service, fingerprint)
        facts = _facts(history, page, changes)
    except StacktestError as error:
        return PageReading(facts=Unknown(error.what))
    dates = [] if isinstance(changes, Unknown) else [commit.committed for commit in changes or ()]
    return PageReading(facts=facts, changed_on=max(dates, default=None))


def _facts(
    history: "_History", page: str, changes: tuple[git.Commit, ...] | Unknown | None
) -> PageFacts:
    uncommitted = page in history.edited
    text = history.git.text("HEAD", page)
    if text is None:
        return PageFacts(text=None, uncommitted=uncommitted)
    written = history.git.last_real_change(page)
    follows: bool | Unknown = False
    if isinstance(changes, Unknown):
        follows = changes
    elif changes is not None and written is not None:
        follows = all(history.git.is_ancestor(commit.id, written.id) for commit in changes)
    return PageFacts(
        text=text,
        template=history.template(posixpath.dirname(page)),
        updated=written.committed if written else None,
        follows_change=follows,
        uncommitted=uncommitted,
    )


class _History:
    """The commits of one stack; what it found is shared between its services.

    Threads may share it: what two of them ask for first is asked for once.
    """

    def __init__(
        self,
        *,
        stack: Stack,
        edited: frozenset[str],
        roots: Mapping[str, list[str]],
        pages: Sequence[str],
    ) -> None:
        self.stack = stack
        self.edited = edited
        """Paths that are not as in HEAD."""
        self._roots = roots
        self._digests: dict[tuple[str, str], str | Unknown] = {}
        self._written: dict[str, ComposeSources | Unknown] = {}
        self._lock = threading.RLock()
        self._compose = self._compose_paths()
        all_paths = [*pages, *self._compose, *(path for paths in roots.values() for path in paths)]
        self.git = GitHistory(stack.root, all_paths)
        folders = {posixpath.dirname(page) for page in pages}
        templates = [path for folder in folders for path in _templates(folder)]
        self.git.read_pages(pages, [*templates, *self._compose])

    def last_changes(
        self, service: str, fingerprint: Fingerprint
    ) -> tuple[git.Commit, ...] | Unknown | None:
        """The commits that last changed the service; None: its change is not committed yet."""
        stanza = self._stanza_change(service)
        files = self._file_change(self.stack.services[service], fingerprint)
        if isinstance(stanza, Unknown):
            return stanza
        if stanza is None or files is False:
            return None
        commits = (change for change in (stanza, files) if isinstance(change, git.Commit))
        return tuple(dict.fromkeys(commits))

    def template(self, folder: str) -> str:
        """What new pages in this folder start from, or empty."""
        texts = (self.git.text("HEAD", path) for path in _templates(folder))
        return next((text for text in texts if text is not None), "")

    # Private

    def _stanza_change(self, service: str) -> git.Commit | Unknown | None:
        with self._lock:
            return self._find_stanza_change(service)

    def _find_stanza_change(self, service: str) -> git.Commit | Unknown | None:
        current = self._digest("", service)
        if isinstance(current, Unknown):
            return current
        if self._digest("HEAD", service) != current:
            return None
        for commit in self.git.log(self._compose):
            if self._digest(commit.id, service) == current and all(
                self._digest(parent, service) != current for parent in commit.parents
            ):
                return commit
        return Unknown(f"git does not say which commit wrote the stanza of {service}")

    def _file_change(self, service: Service, fingerprint: Fingerprint) -> git.Commit | bool:
        """The last commit that touched the service's files; True: it has none; False: edited."""
        roots = self._roots[service.name]
        if not roots:
            return True
        counts = _counting(self.stack, service, fingerprint)
        if any(is_below(path, roots) and counts(path) for path in self.edited):
            return False
        commits = self.git.log(roots)
        return next((c for c in commits if any(counts(path) for path in c.files)), True)

    def _compose_paths(self) -> list[str]:
        now = self._project("")
        paths = [source.path for source in now.sources] if isinstance(now, ComposeSources) else []
        return [os.path.relpath(path, self.stack.root) for path in paths]

    def _digest(self, commit: str, service: str) -> str | Unknown:
        """Digest of the stanza as written in a commit; commit "" is the working tree."""
        key = (commit, service)
        if key not in self._digests:
            project = self._project(commit)
            value = project if isinstance(project, Unknown) else project.value(service, _all)
            self._digests[key] = value if isinstance(value, Unknown) else digest(value)
        return self._digests[key]

    def _project(self, commit: str) -> ComposeSources | Unknown:
        if commit not in self._written:
            root = str(self.stack.root)

            def load(path: str) -> Json | Unknown:
                return (
                    self._load(commit, os.path.relpath(path, root)) if commit else load_yaml(path)
                )

            self._written[commit] = read_sources(self.stack, load)
        return self._written[commit]

    def _load(self, commit: str, path: str) -> Json | Unknown:
        text = self.git.text(commit, path)
        if text is None:
            return Unknown(f"{path} is not in commit {commit[:12]}")
        return parse_yaml(text.encode(), path)


def _templates(folder: str) -> list[str]:
    return [posixpath.join(folder, name) for name in TEMPLATES]


def _all(path: str) -> bool:
    return not path.startswith("/")


def _roots(stack: Stack, service: Service, extra: tuple[str, ...]) -> list[str]:
    """Files and folders of the project that the service's files come from."""
    absolute = [
        mount.source for mount in service.mounts if mount.kind == "bind" and mount.read_only
    ]
    absolute += [file.path for file in service.files if file.path]
    absolute += (
        [service.build.context] if service.build and "://" not in service.build.context else []
    )
    relative = {os.path.relpath(path, stack.root) for path in absolute}
    relative |= {f"configs/{service.name}", *(os.path.normpath(path) for path in extra)}
    return sorted(path for path in relative if path != ".." and not path.startswith("../"))


def _counting(stack: Stack, service: Service, fingerprint: Fingerprint) -> Callable[[str], bool]:
    """Whether a path is, or was, part of the service: known by name now, or gone by now."""
    names = set(fingerprint.detail.get("repo", {}))
    if service.build is not None:
        context = os.path.relpath(service.build.context, stack.root)
        names |= {os.path.normpath(posixpath.join(context, name)) for name in names}

    def counts(path: str) -> bool:
        return path in names or not os.path.lexists(stack.root / path)

    return counts
