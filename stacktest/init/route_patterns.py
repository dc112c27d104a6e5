"""Values of `routes` for folders that nginx reads as a whole: what is added later counts, too."""

from pathlib import Path

from stacktest.core.model import Service, Stack


def as_patterns(sources: tuple[str, ...], stack: Stack) -> tuple[str, ...]:
    """The sources, with `FOLDER/*.conf` in the place of all such files of a mounted folder.

    A folder of which a file is left out keeps its files by name.
    """
    door = stack.services.get(stack.front_door)
    patterns = {source: _pattern(source, sources, stack, door) for source in sources}
    return tuple(dict.fromkeys(pattern or source for source, pattern in patterns.items()))


# Private


def _pattern(source: str, sources: tuple[str, ...], stack: Stack, door: Service | None) -> str:
    """The pattern for the file and all that are beside it; empty where there is none."""
    folder = (stack.root / source).parent
    if not source.endswith(".conf") or folder == stack.root or not _is_mounted(folder, door):
        return ""
    beside = {path.relative_to(stack.root).as_posix() for path in folder.glob("*.conf")}
    return f"{Path(source).parent.as_posix()}/*.conf" if beside <= set(sources) else ""


def _is_mounted(folder: Path, door: Service | None) -> bool:
    binds = [Path(mount.source) for mount in (door.mounts if door else ()) if mount.kind == "bind"]
    return any(folder.is_relative_to(bind) for bind in binds)
