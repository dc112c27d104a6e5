"""Where a path inside the front door's container lies on this side of its bind mounts."""

from pathlib import Path

from stacktest.core.model import Stack


def files_behind(stack: Stack, folder: Path, pattern: str) -> tuple[Path, ...]:
    """Files that `pattern` means in the front door's container, sorted; relative to `folder`."""
    return tuple(sorted(path for path in _matches(stack, folder, pattern) if path.is_file()))


def shown(path: Path, stack: Stack) -> str:
    """`path` as messages and records name it: relative to the stack's folder where it is inside."""
    return str(path.relative_to(stack.root)) if path.is_relative_to(stack.root) else str(path)


# Private


def _matches(stack: Stack, folder: Path, pattern: str) -> list[Path]:
    if not pattern.startswith("/"):
        return list(folder.glob(pattern))
    door = stack.services.get(stack.front_door)
    for mount in door.mounts if door else ():
        if mount.kind != "bind":
            continue
        if pattern == mount.target:
            return [Path(mount.source)]
        inner = pattern.removeprefix(mount.target.rstrip("/") + "/")
        if inner != pattern:
            return list(Path(mount.source).glob(inner))
    return []
