"""Reads trees of files into entries: streamed, each file once per call, independent of the locale.

There is no cache of file states on disk: it would save a quarter of a second for 20 000 files, but
would miss a changed copy that kept its times.
"""

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from stacktest.core.fingerprint.digest import Key, content_stream
from stacktest.core.fingerprint.file_tree import Entry, is_ignored_name, is_secret_name
from stacktest.core.freshness.docs_page import unacknowledged
from stacktest.core.unknown import Unknown

CHUNK = 1 << 20
OWN = "written by stacktest"
OTHERS = "another service may write to it"
PRIVATE_KEY = b"PRIVATE KEY-----"


class UnreadableError(Exception):
    """An input of a part could not be read; only that part of that service becomes unknown."""


class Reading(Struct, kw_only=True):
    """The entries of one part of one service, and the paths that were left out, with reasons."""

    entries: dict[str, Entry] = field(default_factory=dict)
    left_out: dict[str, set[str]] = field(default_factory=dict)
    ignored: Callable[[str], bool] | None = None
    """Whether the configuration ignores a path (relative to the project)."""
    walked: set[str] = field(default_factory=set)
    folders: dict[str, float] = field(default_factory=dict)
    """Folder → Unix time of the last change of the folder or its list of entries (ctime).

    It shows that another folder was moved to this path, which the files' times do not. Folders with
    entries that do not count are left out: a write to a cache in them is not a change.
    """
    written: Callable[[str], bool] | None = None
    """Whether a path is state by its name, in a folder that another service may write to."""
    hidden: frozenset[str] = frozenset()
    """Paths that another mount covers in the container."""
    unsigned: str = ""
    """A secret file whose content is missing in the entries, since there is no key to sign it."""

    def leave_out(self, path: str, why: str) -> None:
        """Note that `path` was not read, with the reason."""
        self.left_out.setdefault(why, set()).add(path)


class _Walk(Struct, frozen=True, kw_only=True):
    """The settings of a walk through one tree."""

    into: Reading
    top: str
    """The path of the top of the tree."""
    follows: bool = False
    secret: bool = False
    excluded: Callable[[str, bool], bool] | None = None


class _File(Struct, frozen=True, kw_only=True):
    """The facts of one file that count: see `Entry`."""

    executable: bool
    secret: bool
    changed: float
    content: str = ""
    whole: str = ""


class FileReader(Struct, kw_only=True):
    """Reads for all services of one stack; a file that two services mount is read once."""

    root: Path
    key: Key | Unknown
    secret_paths: frozenset[str] = frozenset()
    """Absolute paths that the stack declares to be secrets."""
    own: frozenset[str] = frozenset()
    """Absolute paths that stacktest itself writes."""
    pages: frozenset[str] = frozenset()
    """Absolute paths of docs pages, whose line of `stacktest ack` does not count."""
    _contents: dict[tuple[bytes, bool], "_File"] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    """The project's path as given and with links resolved, decoded like all paths here."""
    # As bytes: to decode every path of a large tree for these look-ups takes a fifth of the time.
    _own: frozenset[bytes] = frozenset()
    _above_own: frozenset[bytes] = frozenset()
    """Parent folders of the paths that stacktest writes, which it may create."""
    _secret_paths: frozenset[bytes] = frozenset()
    _pages: frozenset[bytes] = frozenset()

    def __post_init__(self) -> None:
        """Set the private fields; Compose may name the project by its given or its real path."""
        raw = os.fsencode(self.root)
        names = (_text(raw), _text(os.path.realpath(raw)))
        self.roots = tuple(dict.fromkeys(root.rstrip("/") for root in names))
        given = self.roots[0]
        inside = [path.removeprefix(given) for path in self.own if path.startswith(f"{given}/")]
        # A mount or a build may use either path of the same folder.
        self.own |= {f"{root}{path}" for root in self.roots for path in inside}
        self._own = frozenset(map(_raw, self.own))
        self._above_own = frozenset(path.rpartition(b"/")[0] for path in self._own)
        self._secret_paths = frozenset(map(_raw, self.secret_paths))
        self._pages = frozenset(map(_raw, self.pages))

    def relative(self, path: str) -> str | None:
        """`path` relative to the project with `/`, empty for the project itself, None outside."""
        for root in self.roots:
            if path == root:
                return ""
            if path.startswith(f"{root}/"):
                return path[len(root) + 1 :]
        return None

    def is_own(self, path: str) -> bool:
        """Whether stacktest itself writes this path or a folder above it."""
        return any(path == own or path.startswith(f"{own}/") for own in self.own)

    def read(self, path: str, label: str, into: Reading, *, secret: bool = False) -> None:
        """Add the entries that a mount of `path` exposes: a file, a tree, or the target of a link.

        A path that does not exist is the same as an empty folder: the engine would create one.
        """
        path = os.path.normpath(path)
        mode = _mode(path)
        if mode is None:
            return
        if self.is_own(path):
            into.leave_out(label, OWN)
        elif stat.S_ISLNK(mode):
            self._add_link(path, label, into)
            target = _text(os.path.realpath(_raw(path)))
            if stat.S_ISLNK(_mode(target) or 0):
                # The link has no target but itself.
                return
            inside = self.relative(target)
            self.read(target, f"{label} target" if inside is None else inside, into, secret=secret)
        elif stat.S_ISDIR(mode):
            self._walk(_raw(path), label, _Walk(into=into, top=path, follows=True, secret=secret))
        elif stat.S_ISREG(mode):
            self._add_file(_raw(path), label, into, secret=secret)
        else:
            into.entries[label] = Entry(path=label, kind=_kind(mode), source=label)

    def read_context(
        self, context: str, into: Reading, excluded: Callable[[str, bool], bool]
    ) -> None:
        """Add a build context; links are not followed: they are sent to the engine as links."""
        self._walk(_raw(context), "", _Walk(into=into, top=context, excluded=excluded))

    # Private

    def _walk(self, folder: bytes, label: str, walk: "_Walk") -> None:
        if label in walk.into.walked:
            return
        walk.into.walked.add(label)
        try:
            with os.scandir(folder) as listing:
                children = list(listing)
        except OSError as error:
            raise UnreadableError(f"cannot read {label or '.'}: {error.strerror}") from error
        all_count = True
        for child in children:
            name = _text(child.name)
            path = f"{label}/{name}" if label else name
            is_folder = child.is_dir(follow_symlinks=False)
            if path in walk.into.hidden:
                continue
            if self._counts(child, name, path, walk, is_folder=is_folder):
                if is_folder:
                    self._walk(child.path, path, walk)
                    all_count = all_count and child.path not in self._above_own
                else:
                    self._add_child(child, path, walk)
            else:
                all_count = False
        if all_count:
            walk.into.folders[label] = os.stat(folder).st_ctime  # noqa: PTH116 - bytes

    def _counts(
        self, child: "os.DirEntry[bytes]", name: str, path: str, walk: "_Walk", *, is_folder: bool
    ) -> bool:
        if is_ignored_name(name):
            return False
        if child.path in self._own:
            walk.into.leave_out(path, OWN)
            return False
        if walk.excluded is not None and walk.excluded(path, is_folder):
            return False
        ignored = walk.into.ignored
        if ignored is not None and ignored(f"{path}/" if is_folder else path):
            walk.into.leave_out(path, "declared ignore")
            return False
        if not is_folder and walk.into.written is not None and walk.into.written(path):
            walk.into.leave_out(path, OTHERS)
            return False
        return True

    def _add_child(self, child: "os.DirEntry[bytes]", path: str, walk: "_Walk") -> None:
        if child.is_file(follow_symlinks=False):
            self._add_file(child.path, path, walk.into, secret=walk.secret)
        elif child.is_symlink():
            self._add_link(_text(child.path), path, walk.into)
            if walk.follows:
                self._follow(_text(child.path), walk)
        else:
            mode = child.stat(follow_symlinks=False).st_mode
            walk.into.entries[path] = Entry(path=path, kind=_kind(mode), source=path)

    def _follow(self, link: str, walk: "_Walk") -> None:
        """Read the target of a link below a mount, if in the project but outside the mount."""
        target, top = (_text(os.path.realpath(_raw(path))) for path in (link, walk.top))
        label = self.relative(target)
        within = target == top or target.startswith(top.rstrip("/") + "/")
        if label and not within and not top.startswith(f"{target}/"):
            self.read(target, label, walk.into)

    def _add_link(self, path: str, label: str, into: Reading) -> None:
        try:
            text = _text(os.readlink(_raw(path)))  # noqa: PTH115 - Path cannot hold bytes
        except OSError as error:
            raise UnreadableError(f"cannot read {label}: {error.strerror}") from error
        inside = self.relative(text) if text.startswith("/") else None
        content = text if inside is None else f"./{inside}"
        changed = os.lstat(_raw(path)).st_ctime
        into.entries[label] = Entry(
            path=label, kind="link", content=content, source=label, changed=changed
        )

    def _add_file(self, path: bytes, label: str, into: Reading, *, secret: bool = False) -> None:
        name = _text(path.rpartition(b"/")[2])
        is_secret = secret or path in self._secret_paths or is_secret_name(name)
        memo = (path, is_secret)
        file = self._contents.get(memo)
        if file is None:
            try:
                read = self._page if path in self._pages else self._content
                file = read(path, is_secret=is_secret)
            except OSError as error:
                raise UnreadableError(f"cannot read {label}: {error.strerror}") from error
            self._contents[memo] = file
        if file.secret and not file.content:
            into.unsigned = into.unsigned or label
        into.entries[label] = Entry(
            path=label,
            kind="file",
            executable=file.executable,
            content=file.content,
            secret=file.secret,
            source=label,
            whole=file.whole,
            changed=file.changed,
        )

    def _page(self, path: bytes, *, is_secret: bool) -> "_File":
        """The facts of a docs page; its content is the text without the line of `stacktest ack`."""
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:  # noqa: PTH123 - a name that is bytes, opened already
            status, text = os.fstat(handle), file.read()
        executable = bool(status.st_mode & stat.S_IXUSR)
        is_secret = is_secret or PRIVATE_KEY in text[:4096]
        if is_secret and isinstance(self.key, Unknown):
            return _File(executable=executable, secret=True, changed=status.st_ctime)
        plain = _raw(unacknowledged(_text(text)))
        content, whole = (self._stream(t, is_secret=is_secret).hexdigest() for t in (plain, text))
        return _File(
            executable=executable,
            content=content,
            secret=is_secret,
            changed=status.st_ctime,
            whole="" if whole == content else whole,
        )

    def _stream(self, piece: bytes, *, is_secret: bool) -> Any:
        """A digest of bytes, signed with the key if they are secret."""
        if is_secret and isinstance(self.key, Key):
            return self.key.stream("file", piece)
        return content_stream(piece)

    def _content(self, path: bytes, *, is_secret: bool) -> "_File":
        """The facts of one file, which is read in pieces of a megabyte.

        Without a key the content of a secret file stays empty: only its name may be reported.
        """
        # Non-blocking: the path may have become a FIFO since it was listed.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            piece = os.read(handle, min(CHUNK, status.st_size + 1))
            executable = bool(status.st_mode & stat.S_IXUSR)
            is_secret = is_secret or PRIVATE_KEY in piece[:4096]
            if is_secret and isinstance(self.key, Unknown):
                return _File(executable=executable, secret=True, changed=status.st_ctime)
            summed = self._stream(piece, is_secret=is_secret)
            while len(piece) == CHUNK or len(piece) > status.st_size:
                piece = os.read(handle, CHUNK)
                if not piece:
                    break
                summed.update(piece)
        finally:
            os.close(handle)
        return _File(
            executable=executable,
            content=summed.hexdigest(),
            secret=is_secret,
            changed=status.st_ctime,
        )


def merged(parts: Iterable[Reading]) -> Mapping[str, tuple[str, ...]]:
    """Reason -> sorted paths, of all paths that several readings left out."""
    paths_by_reason: dict[str, set[str]] = {}
    for reading in parts:
        for why, paths in reading.left_out.items():
            paths_by_reason.setdefault(why, set()).update(paths)
    return {why: tuple(sorted(paths)) for why, paths in sorted(paths_by_reason.items())}


# Private


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _text(path: bytes) -> str:
    # Always UTF-8, as in git and Compose: with the locale's encoding, the same file would have
    # another name for another user.
    return path.decode("utf-8", "surrogateescape")


def _mode(path: str) -> int | None:
    try:
        return os.lstat(_raw(path)).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror}") from error


def _kind(mode: int) -> str:
    if stat.S_ISSOCK(mode):
        return "socket"
    return "fifo" if stat.S_ISFIFO(mode) else "device"
