"""Reads the configuration files of one service: its mounts, and the paths of its `config` setting.

mount                        counts                             left out, by name
--------------------------   --------------------------------   ------------------------------
read-only                    all of it                          what `ignore` names; state by its
                                                                name where others may write
writable, a file             the file                           state by its name: *.db, *.log
writable, a folder           what git tracks below it           the rest of the folder, state
outside of the project       what its repository tracks there   the rest, by the mount's path
a parent of the project      nothing                            its path
below another mount          nothing: the container sees the
                             other one there

A named volume that is a folder of this machine counts as a mount of that folder. A tracked text
with an ambiguous name (*.db, *.lock) is not state: a person wrote it. The file of a seccomp profile
counts as if it were mounted.
"""

import bisect
import itertools
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct, field

from stacktest.adapters.fingerprint_inputs.files import OTHERS, FileReader, Reading, UnreadableError
from stacktest.adapters.fingerprint_inputs.settings import ServiceSection
from stacktest.adapters.fingerprint_inputs.writable_folders import WritableFolders
from stacktest.core.bound_volumes import as_bind
from stacktest.core.fingerprint.file_tree import (
    Entry,
    is_ambiguous_name,
    is_ignored_name,
    is_state_name,
)
from stacktest.core.fingerprint.service_definition import ProjectPaths
from stacktest.core.inherited_mounts import inherited_mounts
from stacktest.core.model import Mount, Service, Stack
from stacktest.core.unknown import Unknown

WRITABLE = "the container may write to it"
UNTRACKED = "the container may write to it: only what git tracks below it counts"
OUTSIDE = "mounted from outside the project"
OUTSIDE_UNTRACKED = "mounted from outside the project: only what git tracks there counts"
STATE_BY_NAME = 3
"""The last version of the fingerprint that recognized state only by its name."""
BINDS_INSIDE = 5
"""The last version that counted only bind mounts inside the project, and no submodule's files."""
HIDDEN = 6
"""The last version that counted files below another mount, or that another service writes."""


class TrackedFiles:
    """The files that git tracks, searchable by folder; git's answer is awaited when needed."""

    def __init__(self, answer: Callable[[], frozenset[str] | Unknown]) -> None:
        self._answer = answer

    @cached_property
    def paths(self) -> frozenset[str] | Unknown:
        """All of them, relative to the stack's folder."""
        return self._answer()

    def __contains__(self, path: str) -> bool:
        return not isinstance(self.paths, Unknown) and path in self.paths

    def below(self, folder: str) -> list[str]:
        """Tracked paths below a folder of the project; all of them for the project itself."""
        if not folder:
            return [path for path in self._in_order if not path.startswith("../")]
        start = bisect.bisect_left(self._in_order, f"{folder}/")
        # "0" is the character after "/".
        return self._in_order[start : bisect.bisect_left(self._in_order, f"{folder}0")]

    def at(self, path: str) -> list[str]:
        """The path itself if it is a tracked file, else tracked paths below it."""
        return [path] if path in self else self.below(path)

    @cached_property
    def _in_order(self) -> list[str]:
        return [] if isinstance(self.paths, Unknown) else sorted(self.paths)


class ConfigReading(Struct, kw_only=True):
    """The configuration of one service, and which of it the container sees."""

    reading: Reading
    mounted: int = 0
    """Number of the first entries that are mounted read-only or are files."""
    declared: int = 0
    """Number of the first entries that are mounted or declared: those that version 1 counted."""
    folders: int = 0
    """Number of the first folders that are mounted read-only."""
    writable: tuple[str, ...] = ()
    """Labels of mounts that the container may write to."""
    recounted: int = 0
    """The last version of the fingerprint that counted other files for this service; 0: none."""
    links: dict[str, float] = field(default_factory=dict)
    """Links in the paths of mounts → the time at which each was made."""
    gone: dict[str, str] = field(default_factory=dict)
    """Mounted paths that no longer exist → the path in the container."""

    def times(self) -> dict[str, float]:
        """Label → time of its last change, of all mounted files and folders; folders end with `/`.

        Folders that the container may write to are left out: the container itself changes them.
        """
        entries = self.reading.entries.items()
        times = {
            label: entry.changed
            for place, (label, entry) in enumerate(entries)
            if not self.mounted <= place < self.declared or _is_below(label, self.writable)
        }
        folders = itertools.islice(self.reading.folders.items(), self.folders)
        return times | {f"{label}/": at for label, at in folders} | self.links

    def old(self) -> frozenset[str]:
        """Labels that version 1 of the fingerprint counted."""
        return frozenset(itertools.islice(self.reading.entries, self.declared))

    def recount(self, version: int) -> None:
        """Note that other files were counted up to this version."""
        self.recounted = max(self.recounted, version)


class ConfigReader(Struct, frozen=True, kw_only=True):
    """Reads the configuration of the services of one stack."""

    stack: Stack
    files: FileReader
    paths: ProjectPaths
    tracked: TrackedFiles
    writable: WritableFolders
    links: dict[str, Mapping[str, float]] = field(default_factory=dict)
    """Folder → the links in its path, of folders that were looked at: most mounts share one."""

    def read(self, service: Service, section: ServiceSection) -> ConfigReading | Unknown:
        """The files that count for the service, or why one of them could not be read."""
        hidden = self._hidden(service)
        into = Reading(
            ignored=ignored_by(section.ignore),
            hidden=hidden,
            written=lambda path: self.writable.has_state_of_others(path, service.name),
        )
        result = ConfigReading(reading=into)
        if any(os.path.lexists(f"{self.files.roots[0]}/{path}") for path in hidden):
            result.recount(HIDDEN)
        usual = f"configs/{service.name}"
        always = (usual, *map(posixpath.normpath, section.config))
        writable: list[tuple[Mount, str]] = []
        try:
            for mount in service.mounts:
                self._read_mount(mount, result, writable)
            self._read_files(service, result)
            result.mounted, result.folders = len(into.entries), len(into.folders)
            self.files.read(f"{self.files.roots[0]}/{usual}", usual, into)
            for extra in section.config:
                self._read_extra(service, extra, into)
            result.declared = len(into.entries)
            for mount in inherited_mounts(self.stack, service):
                self._read_mount(mount, result, writable)
            for mount, path in writable:
                self._read_writable(mount, path, result, always)
            result.writable = tuple(path for _, path in writable)
            self._read_profiles(service, into)
        except UnreadableError as error:
            return Unknown(str(error))
        if OTHERS in into.left_out:
            result.recount(HIDDEN)
        return result

    # Private

    def _read_mount(
        self, declared: Mount, result: ConfigReading, writable: list[tuple[Mount, str]]
    ) -> None:
        mount = as_bind(self.stack, declared)
        if mount.kind != "bind":
            return
        if mount is not declared:
            result.recount(BINDS_INSIDE)
        path = self.files.relative(os.path.normpath(mount.source))
        from_root = os.path.relpath(mount.source, self.files.roots[0])
        self._check_submodules(from_root)
        if path is None:
            self._read_outside(mount, from_root, result)
            return
        self._note_way(mount.source, path, mount.target, result)
        into = result.reading
        is_file = os.path.isfile(mount.source)  # noqa: PTH113 - paths are text here
        if mount.read_only and is_file and into.written and into.written(path):
            into.leave_out(path, OTHERS)
        elif mount.read_only:
            secret = mount.target.startswith("/run/secrets")
            self.files.read(mount.source, path, result.reading, secret=secret)
        else:
            writable.append((mount, path))

    def _hidden(self, service: Service) -> frozenset[str]:
        """Paths of the project in a mount that another mount covers in the container."""
        exposed: list[str] = []
        mounts = [mount for mount in service.mounts if mount.kind == "bind"]
        for mount in mounts:
            for other in service.mounts:
                below = posixpath.relpath(other.target, mount.target)
                path = self.files.relative(posixpath.normpath(f"{mount.source}/{below}"))
                if path and below.split("/")[0] not in ("..", "."):
                    exposed.append(path)
        sources = [self.files.relative(os.path.normpath(mount.source)) for mount in mounts]
        # A path in two mounts is covered in only one of them: the container sees it.
        return frozenset(
            path
            for path in exposed
            if sum(top == "" or path.startswith(f"{top}/") for top in sources if top is not None)
            == 1
        )

    def _note_way(self, source: str, label: str, target: str, result: ConfigReading) -> None:
        """Note whether the source exists, and the links in its path."""
        path = os.path.normpath(source)
        if not os.path.lexists(path) and not self.files.is_own(path):
            result.gone[label] = target
        folder = posixpath.dirname(path)
        if folder not in self.links:
            self.links[folder] = dict(self._links_in(folder))
        result.links |= self.links[folder]

    def _links_in(self, folder: str) -> Iterator[tuple[str, float]]:
        """The links in the path of a folder, each with the time at which it was made."""
        if os.path.realpath(folder) == folder:
            return
        while folder not in ("", "/"):
            if os.path.islink(folder):  # noqa: PTH114 - paths are text here
                shown = os.path.relpath(folder, self.files.roots[0])
                yield shown, os.lstat(folder).st_ctime
            folder = posixpath.dirname(folder)

    def _check_submodules(self, path: str) -> None:
        """UnreadableError for an empty folder where git tracks something.

        It is a submodule that is not checked out, or, instead of a file, what an engine makes for a
        bind mount without a source.
        """
        tops = itertools.accumulate(path.split("/"), posixpath.join)
        for top in filter(self.tracked.__contains__, tops):
            folder = f"{self.files.roots[0]}/{top}"
            if os.path.isdir(folder) and not os.listdir(folder):  # noqa: PTH112, PTH208 - text
                raise UnreadableError(
                    f"{top} is an empty folder, and git tracks a file or a submodule there: "
                    f"git checkout -- {top}, or git submodule update --init {top}"
                )

    def _read_outside(self, mount: Mount, path: str, result: ConfigReading) -> None:
        # A mounted parent folder of the project, such as the whole disk, is not configuration.
        is_around = set(path.split("/")) == {".."}
        tracked = [] if is_around else self.tracked.at(path)
        if not tracked:
            shown = self.paths.portable(os.path.normpath(mount.source))
            result.reading.leave_out(shown, OUTSIDE)
            return
        result.recount(BINDS_INSIDE)
        if tracked != [path]:
            result.reading.leave_out(path, OUTSIDE_UNTRACKED)
        secret = mount.target.startswith("/run/secrets")
        for item in tracked:
            self._read_tracked(item, result, secret=secret)

    def _read_writable(
        self, mount: Mount, path: str, result: ConfigReading, always: tuple[str, ...]
    ) -> None:
        into = result.reading
        if any(path == top or path.startswith(f"{top}/") for top in always):
            return
        secret = mount.target.startswith("/run/secrets")
        if os.path.isdir(mount.source):  # noqa: PTH112 - paths are text here
            into.leave_out(path or ".", UNTRACKED)
            for item in self.tracked.below(path):
                if not _is_below(item, into.hidden):
                    self._read_tracked(item, result, secret=secret)
        elif not os.path.lexists(mount.source) or self._is_state(path, result):
            into.leave_out(path, WRITABLE)
        elif into.ignored and into.ignored(path):
            into.leave_out(path, "declared ignore")
        else:
            self.files.read(mount.source, path, into, secret=secret)

    def _read_tracked(self, path: str, result: ConfigReading, *, secret: bool) -> None:
        into = result.reading
        self._check_submodules(path)
        is_left_out = any(map(is_ignored_name, path.split("/")))
        if is_left_out or (into.ignored and into.ignored(path)):
            return
        if self._is_state(path, result):
            into.leave_out(path, WRITABLE)
        else:
            self.files.read(f"{self.files.roots[0]}/{path}", path, into, secret=secret)

    def _is_state(self, path: str, result: ConfigReading) -> bool:
        """Whether a file that the container may write to is state, and not configuration."""
        name = posixpath.basename(path)
        if not is_state_name(name):
            return False
        is_tracked = path in self.tracked
        if is_tracked:
            result.recount(STATE_BY_NAME)
        is_written = is_tracked and is_ambiguous_name(name)
        return not (is_written and _is_text(f"{self.files.roots[0]}/{path}"))

    def _read_files(self, service: Service, result: ConfigReading) -> None:
        into = result.reading
        for file in service.files:
            if not file.path:
                continue
            path = self.files.relative(os.path.normpath(file.path))
            kind = "secret" if file.secret else "config"
            label = f"{kind} {file.name}" if path is None else path
            self._note_way(file.path, label, file.target, result)
            self.files.read(file.path, label, into, secret=file.secret)
            if label not in into.entries:
                into.entries[label] = Entry(path=label, kind="missing", source=label)

    def _read_profiles(self, service: Service, into: Reading) -> None:
        """Read seccomp profiles: Compose passes their content to the engine, but hashes names."""
        folder = self.stack.project_directory or str(self.stack.root)
        for option in (service.definition or {}).get("security_opt") or ():
            name, _, profile = str(option).replace(":", "=", 1).partition("=")
            path = os.path.normpath(os.path.join(folder, profile))  # noqa: PTH118 - text
            if name == "seccomp" and os.path.isfile(path):  # noqa: PTH113 - paths are text here
                label = self.files.relative(path)
                self.files.read(path, profile if label is None else label, into)

    def _read_extra(self, service: Service, extra: str, into: Reading) -> None:
        path = os.path.normpath(f"{self.files.roots[0]}/{extra}")
        if not os.path.lexists(path):
            raise UnreadableError(f"services.{service.name}.config names {extra}: no such file")
        label = self.files.relative(path)
        self.files.read(path, extra if label is None else label, into)


def ignored_by(patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    """A function: path, relative to the project → whether the patterns ignore it; or None."""
    if not patterns:
        return None
    import pathspec

    return pathspec.GitIgnoreSpec.from_lines(patterns).match_file


# Private


def _is_below(label: str, tops: Iterable[str]) -> bool:
    return any(not top or label == top or label.startswith(f"{top}/") for top in tops)


def _is_text(path: str) -> bool:
    """Whether a file holds text; also true if it is not a file or no longer exists."""
    if not os.path.isfile(path):  # noqa: PTH113 - paths are text here
        return True
    try:
        with open(path.encode("utf-8", "surrogateescape"), "rb") as file:  # noqa: PTH123 - bytes
            return b"\0" not in file.read(_BEGINNING)
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror}") from error


_BEGINNING = 4096
