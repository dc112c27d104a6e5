"""Where a path in the front door's container is on this machine ("on this side")."""

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from stacktest.adapters.foreign_paths import is_file, is_folder, matching
from stacktest.core.bound_volumes import as_bind
from stacktest.core.model import Mount, Stack


def files_behind(stack: Stack, folder: Path, pattern: str) -> tuple[Path, ...]:
    """Files on this side that `pattern` means in the container, sorted; relative to `folder`."""
    return tuple(sorted(path for path in _matches(stack, folder, pattern) if is_file(path)))


def mounted_files(stack: Stack, pattern: str) -> dict[str, Path]:
    """Path in the front door's container → the file on this side, for every path that matches."""
    return {target: path for target, path in _targets(stack, pattern) if is_file(path)}


def folder_behind(stack: Stack, target: str) -> str:
    """The folder on this side that the container has at `target`; empty if none is mounted."""
    for mount in _binds(stack):
        inner = _below(mount.target, target)
        if inner is not None:
            path = Path(mount.source, inner)
            return str(path) if is_folder(path) else ""
    return ""


def is_on_this_side(stack: Stack, target: str) -> bool:
    """Whether a bind mount covers a path of the container: a file missing here is missing there."""
    return any(_below(mount.target, target) is not None for mount in _binds(stack))


def target_of(stack: Stack, path: Path) -> str:
    """The path in the front door's container of a file on this side; empty if not mounted."""
    for mount in _binds(stack):
        source = Path(mount.source)
        if path == source:
            return mount.target
        if path.is_relative_to(source):
            return posixpath.join(mount.target, path.relative_to(source).as_posix())
    return ""


def certificate_text(stack: Stack, target: str) -> str:
    """The certificate at `target` in the container, if its file is in the stack's folder."""
    files = files_behind(stack, stack.root, target) if target.startswith("/") else ()
    texts = []
    for file in files:
        if file.is_relative_to(stack.root):
            try:
                texts.append(file.read_text(encoding="ascii", errors="replace"))
            except OSError:
                texts.append("unreadable")
    return "\n".join(texts)


def shown(path: Path, stack: Stack) -> str:
    """`path` as messages and records name it: relative to the stack's folder where it is inside."""
    return str(path.relative_to(stack.root)) if path.is_relative_to(stack.root) else str(path)


# Private


def _binds(stack: Stack) -> Iterator[Mount]:
    """Everything mounted into the front door from this machine, deepest target first.

    These are bind mounts, volumes that are folders of this machine, and files of `configs` and
    `secrets`. A deeper mount hides the part of a higher one at its target.
    """
    door = stack.services.get(stack.front_door)
    mounts = [as_bind(stack, mount) for mount in (door.mounts if door else ())]
    files = [file for file in (door.files if door else ()) if file.path]
    mounts += [Mount(kind="bind", source=file.path, target=file.target) for file in files]
    binds = [mount for mount in mounts if mount.kind == "bind"]
    yield from sorted(binds, key=lambda mount: -len(mount.target))


def _below(target: str, path: str) -> str | None:
    """`path` relative to `target`, or None where it is not below it."""
    if path.rstrip("/") == target.rstrip("/"):
        return ""
    inner = path.removeprefix(target.rstrip("/") + "/")
    return inner if inner != path else None


def _matches(stack: Stack, folder: Path, pattern: str) -> list[Path]:
    if not pattern.startswith("/"):
        return matching(folder, pattern)
    return [path for _, path in _targets(stack, pattern)]


def _targets(stack: Stack, pattern: str) -> Iterator[tuple[str, Path]]:
    mounts = tuple(_binds(stack))
    for mount in mounts:
        for target, path in _below_mount(mount, pattern):
            if next(m for m in mounts if _below(m.target, target) is not None) == mount:
                yield target, path


def _below_mount(mount: Mount, pattern: str) -> Iterator[tuple[str, Path]]:
    """The matches of a pattern in one mount: path in the container, path on this side."""
    source, inner = Path(mount.source), _below(mount.target, pattern)
    if inner == "" or _fits(mount.target, pattern):
        yield mount.target, source
    elif inner is not None:
        for path in matching(source, inner):
            yield posixpath.join(mount.target, path.relative_to(source).as_posix()), path


def _fits(target: str, pattern: str) -> bool:
    """Whether a pattern matches a mount's target itself, at which a single file may be mounted."""
    is_level = "**" in pattern or target.count("/") == pattern.count("/")
    return is_level and fnmatchcase(target, pattern.replace("**/", "*"))
