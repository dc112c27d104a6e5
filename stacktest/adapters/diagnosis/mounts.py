"""Reads facts about the sources of a container's mounts, if they are on this machine."""

from collections.abc import Iterator
from pathlib import Path

from stacktest.adapters.compose.command_line import typed_path
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.git.tracked_files import tracked_files
from stacktest.core.diagnosis.facts import MountFacts
from stacktest.core.model import Mount, Stack
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown


def mount_facts(
    stack: Stack, container: Container, engine: EnginePort, folder: Path
) -> tuple[MountFacts, ...]:
    """Facts of all binds and volumes of the container; on another machine, only the names."""
    is_here = engine.connection.address.startswith(("unix:", "/"))
    return tuple(
        _bind(stack, mount, folder) if mount.kind == "bind" and is_here else _volume(mount)
        for mount in _mounts(container)
    )


# Private


def _mounts(container: Container) -> Iterator[Mount]:
    yield from (mount for mount in container.mounts if mount.kind in {"bind", "volume"})


def _volume(mount: Mount) -> MountFacts:
    return MountFacts(
        source=mount.source,
        target=mount.target,
        kind="volume" if mount.kind == "volume" else "",
        is_read_only=mount.read_only,
    )


def _bind(stack: Stack, mount: Mount, folder: Path) -> MountFacts:
    path = Path(mount.source)
    typed = typed_path(folder, path)
    try:
        status = path.stat()
        is_folder = path.is_dir()
        is_empty = is_folder and not any(path.iterdir())
    except OSError:
        return MountFacts(source=typed, target=mount.target, is_read_only=mount.read_only)
    return MountFacts(
        source=typed,
        target=mount.target,
        kind="folder" if is_folder else "file",
        is_empty=is_empty,
        is_tracked=is_empty and _is_tracked(stack, path),
        is_read_only=mount.read_only,
        owner=f"{status.st_uid}:{status.st_gid}",
    )


def _is_tracked(stack: Stack, path: Path) -> bool:
    """Whether git tracks a file at the path of this empty folder."""
    tracked = tracked_files(stack.root)
    if isinstance(tracked, Unknown) or not path.is_relative_to(stack.root):
        return False
    return str(path.relative_to(stack.root)) in tracked
