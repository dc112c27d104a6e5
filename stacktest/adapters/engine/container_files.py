"""Reads files in a container, and compares them with files of this machine by digests.

An engine on another machine mounts its own files at the path that the compose file names, which may
differ from the files at that path on this machine.
"""

import os
import tarfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING

from stacktest.adapters.engine.socket import EngineSocket
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError

if TYPE_CHECKING:
    from stacktest.adapters.engine.client import Engine

MOST = 64 * 2**20
"""Largest number of bytes of a mount that are fetched from the engine."""

Files = Mapping[str, str]
"""Path below the mount (empty: the mounted file itself) → digest, or the target of a link."""


def content_there(engine: "Engine", container: str, path: str) -> bytes | str | Unknown:
    """The content of a file in a container, as the engine copies it, else as `cat` shows it.

    No engine copies a file on a tmpfs, and some copy none out of a container that mounts the whole
    machine.
    """
    content = engine.file(container, path)
    return shown_content(engine, container, path) if content is None else content


def shown_content(engine: "Engine", container: str, path: str) -> str | Unknown:
    """The content of a file as a program in a running container reads it."""
    try:
        code, content, _ = engine.execute(container, ["cat", path], user="0")
    except ToolMissingError as error:
        return Unknown(f"{path} in its container cannot be read: {error}")
    return content if code == 0 else Unknown(f"no `cat` shows {path} in its container")


def files_there(socket: EngineSocket, container: str, path: str) -> Files | Unknown:
    """The files at a path of a container, running or not, as the engine reads them."""
    query = {"path": path}
    return socket.read(f"/containers/{container}/archive", query, _of_archive)


def files_here(source: str) -> Files | Unknown:
    """The files at a path of this machine."""
    try:
        return dict(_of_path(Path(source)))
    except OSError as error:
        return Unknown(f"{source} cannot be read: {error.strerror}")


# Private


def _of_archive(data: IO[bytes]) -> Files | Unknown:
    files: dict[str, str] = {}
    size = 0
    try:
        with tarfile.open(fileobj=data, mode="r|") as archive:
            for member in archive:
                size += member.size
                if size > MOST:
                    return Unknown(f"it holds more than {MOST // 2**20} MB")
                name = member.name.partition("/")[2]
                if member.issym():
                    files[name] = f"link {member.linkname}"
                elif member.islnk():
                    files[name] = files[member.linkname.partition("/")[2]]
                elif content := archive.extractfile(member) if member.isfile() else None:
                    files[name] = sha256(content.read()).hexdigest()
    except (tarfile.TarError, KeyError) as error:
        return Unknown(f"the engine's archive of it cannot be read: {error}")
    return files


def _of_path(source: Path) -> Iterator[tuple[str, str]]:
    if not source.is_dir():
        yield "", _digest(source.resolve())
        return
    for folder, folders, names in os.walk(source, onerror=_raise):
        for path in (Path(folder) / name for name in (*folders, *names)):
            if path.is_symlink() or path.is_file():
                yield str(path.relative_to(source)), _digest(path)


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"link {path.readlink()}"
    return sha256(path.read_bytes()).hexdigest()


def _raise(error: OSError) -> None:
    raise error
