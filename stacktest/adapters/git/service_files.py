"""Decides which files of the repository belong to a service, present ones and deleted ones."""

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.git import repository as git
from stacktest.core.bound_volumes import as_bind
from stacktest.core.fingerprint.dockerfile import instructions
from stacktest.core.fingerprint.file_tree import is_ignored_name
from stacktest.core.fingerprint.fingerprint import WRITTEN, Fingerprint
from stacktest.core.freshness.docs_page import unacknowledged
from stacktest.core.inherited_mounts import inherited_mounts
from stacktest.core.model import Build, Service, Stack

LeftOut = Callable[[str, str], bool]
"""Service and path of a deleted file → whether it would not have counted."""


class ServiceFiles(Struct, frozen=True, kw_only=True):
    """The files of one service, by paths relative to the stack's folder."""

    service: str
    root: Path
    roots: tuple[str, ...]
    """Files and folders that hold all files of the service."""
    names: frozenset[str]
    """Files that count now."""
    folders: frozenset[str]
    """The parent folders of the files: git lists such a path if a commit has a file there."""
    pages: frozenset[str]
    """Docs pages, whose line of `stacktest ack` does not count."""
    commented: frozenset[str]
    """Files of the build, whose comments do not count."""
    left_out: LeftOut

    def counts(self, path: str) -> bool:
        """Whether a path is part of the service now, or was before it was deleted."""
        if path in self.names or path in self.folders:
            return True
        if not git.is_below(path, self.roots):
            return False
        if os.path.lexists(self.root / path) or any(map(is_ignored_name, path.split("/"))):
            return False
        return not self.left_out(self.service, path)

    def counted(self, path: str, text: str | None) -> str | None:
        """The part of this file's text that counts."""
        if text is not None and path in self.pages:
            text = unacknowledged(text)
        if text is not None and path in self.commented:
            text = "\n".join(instructions(text))
        return text

    def may_say_the_same(self, path: str) -> bool:
        """Whether an edit of this file may leave the counted content the same."""
        return path in self.pages or path in self.commented


def files_of(
    stack: Stack,
    service: Service,
    fingerprint: Fingerprint,
    *,
    extra: Iterable[str],
    pages: frozenset[str],
    left_out: LeftOut,
) -> ServiceFiles:
    """The files of a service; `extra` are the paths that the configuration adds to it."""
    names = frozenset(_place(stack, service, name) for name in fingerprint.detail.get("repo", {}))
    folders = {p for p in _folders(stack, service, extra) if git.is_within(stack.root, p)}
    beside = {
        n
        for n in names - {WRITTEN}
        if not git.is_below(n, [*folders]) and git.is_within(stack.root, n)
    }
    return ServiceFiles(
        service=service.name,
        root=stack.root,
        roots=tuple(sorted(folders | beside)),
        names=names,
        folders=frozenset(top for name in names for top in _above(name)),
        pages=pages,
        commented=frozenset(_of_build(stack, service.build) if service.build else ()),
        left_out=left_out,
    )


# Private


def _folders(stack: Stack, service: Service, extra: Iterable[str]) -> set[str]:
    """Files and folders that hold the service's files; they need not exist."""
    mounts = (as_bind(stack, m) for m in (*service.mounts, *inherited_mounts(stack, service)))
    sources = [mount.source for mount in mounts if mount.kind == "bind"]
    sources += [file.path for file in service.files if file.path]
    relative = {os.path.relpath(path, stack.root) for path in sources}
    # A parent folder of the project may be mounted, but is not a file of the service.
    mounted = {path for path in relative if set(path.split("/")) != {".."}}
    built = _contexts(stack, service.build).values() if service.build else ()
    above = {"."} if any(set(path.split("/")) == {".."} for path in built) else set[str]()
    usual = {f"configs/{service.name}", *map(os.path.normpath, extra)}
    return mounted | {*built} | above | usual


def _above(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _contexts(stack: Stack, build: Build) -> Mapping[str, str]:
    """Role → the folder of the project that is sent to the engine as a build context."""
    roles = {"context": build.context}
    roles |= {f"context:{name}": path for name, path in build.contexts.items()}
    return {
        role: os.path.relpath(path, stack.root)
        for role, path in roles.items()
        if path.startswith("/")
    }


def _of_build(stack: Stack, build: Build) -> list[str]:
    context = _contexts(stack, build).get("context", "")
    dockerfile = posixpath.normpath(posixpath.join(context, build.dockerfile))
    ignore = posixpath.normpath(posixpath.join(context, ".dockerignore"))
    return [dockerfile, f"{dockerfile}.dockerignore", ignore]


def _place(stack: Stack, service: Service, label: str) -> str:
    """The path of a named input in the project; inputs of a build are named by their role."""
    build = service.build
    if build is None:
        return label
    if label == "Dockerfile":
        return _of_build(stack, build)[0]
    top, _, rest = label.partition("/")
    folder = _contexts(stack, build).get(top)
    return label if folder is None else posixpath.normpath(posixpath.join(folder, rest))
