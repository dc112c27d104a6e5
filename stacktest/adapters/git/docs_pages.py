"""Reads from git the history of the services' pages, and the last change of each service.

The last change of a service is the newest of

* the last commit that changed its definition as written, in any compose file of the project;
* the commits that changed the counted content of a tracked file of its `config` or `build` part, or
  deleted one. With merged branches, there may be more than one.

Its page follows the change if the commit that first wrote the page's text is one of these commits
or a descendant, for all of them: to restore an old text or to move it writes no new text. A text
from before the change is current again if the service, too, is as it was when the text was written.
"""

import itertools
import posixpath
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from msgspec import Struct

from stacktest.adapters.compose.yaml import load_yaml
from stacktest.adapters.git import repository as git
from stacktest.adapters.git.history import GitHistory
from stacktest.adapters.git.service_files import LeftOut, ServiceFiles, files_of
from stacktest.adapters.git.written_services import WrittenServices, compose_paths
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.fingerprint.source_definition import read_sources
from stacktest.core.freshness.docs_page import PageFacts, acknowledged
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, ToolFailedError

TEMPLATES = ("_template", "TEMPLATE", "template")


class PageReading(Struct, frozen=True, kw_only=True):
    """One service's page, and when its repository part last changed."""

    facts: PageFacts | Unknown
    changed_on: datetime | None = None
    """Committer date of the service's last change; None if a change is not committed."""


def read_pages(
    stack: Stack,
    fingerprints: Mapping[str, Fingerprint],
    *,
    pages: str,
    extra: Mapping[str, tuple[str, ...]] | None = None,
    left_out: LeftOut = lambda _service, _path: False,
) -> Mapping[str, PageReading]:
    """The page of each service, read from git; `pages` is the pattern `docs/{service}.md`.

    `extra` are the paths that the configuration adds to a service; `left_out` tells whether a
    deleted file would not have counted for a service when it existed.
    """
    reason = git.why_not(stack.root)
    if reason is not None:
        return {name: PageReading(facts=reason) for name in fingerprints}
    try:
        names = _followed(stack, {name: _page(pages, name) for name in stack.services})
        files = {
            name: files_of(
                stack,
                stack.services[name],
                fingerprint,
                extra=(extra or {}).get(name, ()),
                pages=frozenset(names.values()),
                left_out=left_out,
            )
            for name, fingerprint in fingerprints.items()
        }
        own = {name: names[name] for name in fingerprints}
        history = _History(stack=stack, files=files, pages=own, pattern=pages)
    except StacktestError as error:
        return {name: PageReading(facts=Unknown(error.what)) for name in fingerprints}

    # With merges in the history, each service runs git several times: the time is waiting for it.
    with ThreadPoolExecutor(max_workers=4, thread_name_prefix="stacktest-pages") as pool:
        return dict(zip(fingerprints, pool.map(history.read, fingerprints), strict=True))


# Private


class _History:
    """The commits of one stack; results are shared between its services.

    Threads may share the object: a request that two of them make at once is made once.
    """

    def __init__(
        self,
        *,
        stack: Stack,
        files: Mapping[str, ServiceFiles],
        pages: Mapping[str, str],
        pattern: str,
    ) -> None:
        self._root = stack.root
        self._pages, self._files = pages, files
        self._pattern = pattern
        self._roots = sorted({path for service in files.values() for path in service.roots})
        self._differing: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()
        sources = read_sources(stack, load_yaml)
        templates = {path for name, page in pages.items() for path in self._templates(name, page)}
        compose = compose_paths(stack, sources)
        self._git = GitHistory(
            stack.root, [*pages.values(), *compose, *self._roots, *sorted(templates)]
        )
        self._edited = self._git.submodules.edited(_edited(stack, [*self._roots, *pages.values()]))
        self._git.read_pages([*pages.values()], compose)
        self._written = WrittenServices(stack, sources, self._git)

    def read(self, service: str) -> PageReading:
        """The page of a service, read from git."""
        try:
            written = self._written.last_change(service)
            facts = self._facts(service, written)
            changed_on = self._changed_on(service, written)
        except StacktestError as error:
            return PageReading(facts=Unknown(error.what))
        return PageReading(facts=facts, changed_on=changed_on)

    # Private

    def _facts(self, service: str, written: git.Commit | Unknown | None) -> PageFacts:
        page = self._pages[service]
        if not git.is_within(self._root, page):
            return self._not_in_head(page)
        text = self._git.text("HEAD", page)
        if text is None:
            return replace(self._not_in_head(page), former=self._former(page))
        facts = PageFacts(
            text=text,
            templates=self._template_texts(service, page),
            former=self._former(page),
            uncommitted=page in self._edited,
        )
        if acknowledged(text) is not None:
            # The line of `stacktest ack` decides, not the commits.
            newest = _first(iter(self._git.log([page])))
            return replace(facts, updated=max((c.committed for c in newest), default=None))
        first = self._git.first_written(page)
        return replace(
            facts,
            updated=first.committed if first else None,
            follows_change=self._follows(service, page, first, written),
        )

    def _not_in_head(self, page: str) -> PageFacts:
        """The facts of a page that HEAD lacks: absent, uncommitted, or in another repository."""
        file = self._root / page
        if not file.exists():
            return PageFacts(text=None)
        holder = git.top(file.resolve().parent)
        is_foreign = holder != git.top(self._root) and not self._git.submodules.holder(page)
        return PageFacts(text=None, uncommitted=not is_foreign, is_foreign=is_foreign)

    def _follows(
        self,
        service: str,
        page: str,
        text: git.Commit | None,
        written: git.Commit | Unknown | None,
    ) -> bool | Unknown:
        """Whether the page's text was written for the service as it is now, or later."""
        if isinstance(written, Unknown):
            return written
        if text is None or written is None or self._is_edited(service):
            return False
        if self._is_moved(page, [written, *self._candidates(service)[:1]]):
            return False
        if self._is_same_since(service, text):
            return True
        later = self._git.unknown_to(text.id)
        changes = [written, *(c for c in self._candidates(service) if c.id in later)]
        return not any(
            c.id in later and (c is written or self._is_change(service, c)) for c in changes
        )

    def _changed_on(self, service: str, written: git.Commit | Unknown | None) -> datetime | None:
        if not isinstance(written, git.Commit) or self._is_edited(service):
            return None
        files = (c for c in self._candidates(service) if self._is_change(service, c))
        return max(commit.committed for commit in (written, *_first(files)))

    def _candidates(self, service: str) -> list[git.Commit]:
        """The commits that touched the service's files, the newest first."""
        files = self._files[service]
        return [c for c in self._git.log(files.roots) if any(map(files.counts, c.files))]

    def _is_change(self, service: str, commit: git.Commit) -> bool:
        """Whether the commit changed the counted content of the service's files."""
        files = self._files[service]
        return any(
            self._differs(files, path, commit.id, commit.parents)
            for path in commit.files
            if files.counts(path)
        )

    def _differs(self, files: ServiceFiles, path: str, commit: str, others: Sequence[str]) -> bool:
        """Whether a touched file's counted content differs from that in all other commits."""
        if not files.may_say_the_same(path):
            return True
        text = files.counted(path, self._git.text(commit, path))
        return all(text != files.counted(path, self._git.text(other, path)) for other in others)

    def _is_edited(self, service: str) -> bool:
        """Whether the service's files in the folder differ from those in HEAD."""
        files = self._files[service]
        for path in filter(files.counts, self._edited):
            here = self._root / path
            text = here.read_bytes().decode(errors="replace") if here.is_file() else None
            is_text = files.may_say_the_same(path) and text is not None
            in_head = self._git.text("HEAD", path) if is_text else None
            if in_head is None or files.counted(path, text) != files.counted(path, in_head):
                return True
        return False

    def _is_same_since(self, service: str, commit: git.Commit) -> bool:
        """Whether the service was in that commit as it is now; changes in between do not count."""
        if not self._written.is_same_in(commit.id, service):
            return False
        files = self._files[service]
        return not any(
            self._differs(files, path, "HEAD", [commit.id])
            for path in self._changed_since(commit)
            if files.counts(path)
        )

    def _changed_since(self, commit: git.Commit) -> tuple[str, ...]:
        """Files of all services that differ from that commit; requested from git once."""
        with self._lock:
            if commit.id not in self._differing:
                self._differing[commit.id] = self._git.differing(commit.id, self._roots)
            return self._differing[commit.id]

    def _is_moved(self, page: str, changes: Sequence[git.Commit]) -> bool:
        """Whether the page's text was in another file, now gone, before the change."""
        for parent in {parent for commit in changes for parent in commit.parents}:
            if self._git.text(parent, page) is None:
                names = git.files_of_content(self._root, parent, page)
                if any(self._git.text("HEAD", name) is None for name in names):
                    return True
        return False

    def _former(self, page: str) -> tuple[str, ...]:
        """All texts of the page in the history."""
        texts = (self._git.text(commit.id, page) for commit in self._git.log([page]))
        return tuple(text for text in texts if text is not None)

    def _template_texts(self, service: str, page: str) -> tuple[str, ...]:
        """All texts of the templates in the history, with the name of the service filled in."""
        paths = self._templates(service, page)
        commits = self._git.log(paths)
        self._git.read_texts([(c.id, path) for c in commits for path in c.files])
        texts = (self._git.text(c.id, path) for c in commits for path in c.files)
        return tuple(text.replace("{service}", service) for text in texts if text is not None)

    def _templates(self, service: str, page: str) -> list[str]:
        folder = posixpath.dirname(page)
        folders = [folder]
        if posixpath.basename(folder) == service:
            folders.append(posixpath.dirname(folder))
        beside = [posixpath.join(at, f"{name}.md") for at in folders for name in TEMPLATES]
        paths = [*beside, *(_page(self._pattern, name) for name in TEMPLATES)]
        return [path for path in paths if path not in self._pages.values()]


def _edited(stack: Stack, paths: Iterable[str]) -> frozenset[str]:
    """Paths that differ from HEAD."""
    beyond = {path for path in paths if path.startswith("..") and git.is_within(stack.root, path)}
    edited = git.changed_paths(stack.root, (".", *sorted(beyond)))
    if isinstance(edited, Unknown):
        raise ToolFailedError(edited.why)
    return edited


def _followed(stack: Stack, pages: Mapping[str, str]) -> dict[str, str]:
    """The pages' paths with symbolic links in HEAD resolved, of files and of folders."""
    followed = dict(pages)
    for _ in range(_MOST_LINKS):
        inside = [path for path in followed.values() if git.is_within(stack.root, path)]
        links = git.links(stack.root, {top for path in inside for top in _tops(path)})
        if not links:
            break
        followed = {name: _led(path, links) for name, path in followed.items()}
    return followed


def _led(path: str, links: Mapping[str, str]) -> str:
    for top in _tops(path):
        if top in links:
            target = posixpath.join(posixpath.dirname(top), links[top])
            return posixpath.normpath(f"{target}{path.removeprefix(top)}")
    return path


def _tops(path: str) -> Iterator[str]:
    """The folders above a path, and the path: `a`, `a/b`, `a/b/c`."""
    return itertools.accumulate(path.split("/"), posixpath.join)


_MOST_LINKS = 8


def _page(pattern: str, service: str) -> str:
    return posixpath.normpath(pattern.replace("{service}", service))


def _first(commits: Iterator[git.Commit]) -> tuple[git.Commit, ...]:
    return tuple(commit for commit in [next(commits, None)] if commit is not None)
