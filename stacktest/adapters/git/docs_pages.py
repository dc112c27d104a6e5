"""Reads what git says about the services' pages, and which commit last changed each service.

A service was last changed by the newest of

* the last commit that changed its stanza as written, in any compose file of the project;
* the last commit that touched a tracked file of its `config` or `build` part, or deleted one.

Its page follows the change when the commit that first wrote the page's text is one of these commits
or a descendant, for both of them: putting an old text back writes nothing new. A text from before
the change is current again when the service, too, is what it was when the text was written.
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
from stacktest.core.fingerprint.file_tree import is_ignored_name
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.fingerprint.source_definition import ComposeSources, read_sources
from stacktest.core.freshness.docs_page import PageFacts
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError

LeftOut = Callable[[str, str], bool]
"""Service and path → whether the file would not have counted."""

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
    left_out: LeftOut = lambda _service, _path: False,
) -> Mapping[str, PageReading]:
    """What git says about the page of each service; `pages` is the pattern `docs/{service}.md`.

    `extra` are the paths that the configuration adds to a service; `left_out` says whether a file
    that is gone would not have counted for a service while it was there.
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
        history = _History(
            stack=stack, edited=edited, roots=roots, pages=[*names.values()], left_out=left_out
        )
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
        facts = _facts(history, service, fingerprint, page, changes)
    except StacktestError as error:
        return PageReading(facts=Unknown(error.what))
    dates = [] if isinstance(changes, Unknown) else [commit.committed for commit in changes or ()]
    return PageReading(facts=facts, changed_on=max(dates, default=None))


def _facts(
    history: "_History",
    service: str,
    fingerprint: Fingerprint,
    page: str,
    changes: tuple[git.Commit, ...] | Unknown | None,
) -> PageFacts:
    uncommitted = page in history.edited
    text = history.git.text("HEAD", page)
    if text is None:
        return PageFacts(text=None, uncommitted=uncommitted)
    written = history.git.first_written(page)
    follows: bool | Unknown = False
    if isinstance(changes, Unknown):
        follows = changes
    elif changes is not None and written is not None:
        follows = history.is_same_since(service, written, fingerprint) or all(
            history.git.is_ancestor(commit.id, written.id) for commit in changes
        )
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
        left_out: LeftOut,
    ) -> None:
        self.stack = stack
        self.edited = edited
        """Paths that are not as in HEAD."""
        self._roots = roots
        self._left_out = left_out
        self._digests: dict[tuple[str, str], str | Unknown] = {}
        self._differing: dict[str, tuple[str, ...]] = {}
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

    def is_same_since(self, service: str, commit: git.Commit, fingerprint: Fingerprint) -> bool:
        """Whether the service in that commit was what it is now, whatever it was in between."""
        with self._lock:
            if self._digest(commit.id, service) != self._digest("", service):
                return False
        roots = self._roots[service]
        counts = _counting(self.stack, self.stack.services[service], fingerprint, self._left_out)
        return not any(is_below(path, roots) and counts(path) for path in self._changed(commit))

    def template(self, folder: str) -> str:
        """What new pages in this folder start from, or empty."""
        texts = (self.git.text("HEAD", path) for path in _templates(folder))
        return next((text for text in texts if text is not None), "")

    # Private

    def _changed(self, commit: git.Commit) -> tuple[str, ...]:
        """Files of all services that are not what they were in that commit: asked for once."""
        with self._lock:
            if commit.id not in self._differing:
                roots = sorted({path for paths in self._roots.values() for path in paths})
                self._differing[commit.id] = git.differing(self.stack.root, commit.id, roots)
            return self._differing[commit.id]

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
        counts = _counting(self.stack, service, fingerprint, self._left_out)
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
    absolute = [mount.source for mount in service.mounts if mount.kind == "bind"]
    absolute += [file.path for file in service.files if file.path]
    absolute += (
        [service.build.context] if service.build and "://" not in service.build.context else []
    )
    relative = {os.path.relpath(path, stack.root) for path in absolute}
    relative |= {f"configs/{service.name}", *(os.path.normpath(path) for path in extra)}
    return sorted(path for path in relative if path != ".." and not path.startswith("../"))


def _counting(
    stack: Stack, service: Service, fingerprint: Fingerprint, left_out: LeftOut
) -> Callable[[str], bool]:
    """Whether a path is, or was, part of the service: known by name now, or gone by now."""
    names = {_place(stack, service, name) for name in fingerprint.detail.get("repo", {})}
    read_only = [os.path.relpath(m.source, stack.root) for m in service.mounts if m.read_only]
    context = os.path.relpath(service.build.context, stack.root) if service.build else ""

    def counts(path: str) -> bool:
        if path in names:
            return True
        if os.path.lexists(stack.root / path) or any(map(is_ignored_name, path.split("/"))):
            return False
        is_built = bool(context) and is_below(path, [context])
        is_mounted = not is_built or is_below(path, read_only)
        return is_mounted or not left_out(service.name, path)

    return counts


def _place(stack: Stack, service: Service, label: str) -> str:
    """Where a named input lies in the project; those of a build are named by their role."""
    build = service.build
    if build is None:
        return label
    context = os.path.relpath(build.context, stack.root)
    if label == "Dockerfile":
        return posixpath.normpath(posixpath.join(context, build.dockerfile))
    top, _, rest = label.partition("/")
    folders = {"context": build.context}
    folders |= {f"context:{name}": path for name, path in build.contexts.items()}
    if top not in folders:
        return label
    return posixpath.normpath(posixpath.join(os.path.relpath(folders[top], stack.root), rest))
