"""Who has a port of this machine: another container, or a program, by pid and systemd unit."""

import re
from collections.abc import Iterator
from pathlib import Path

from stacktest.adapters.engine.port import EnginePort
from stacktest.core.compose_command import docker_command
from stacktest.core.diagnosis.facts import PortHolder
from stacktest.core.model import Stack

PROC = Path("/proc")


def holder_of(stack: Stack, engine: EnginePort, port: int, *, besides: str) -> PortHolder | None:
    """Who has the port; None where it is not known. `besides` is the container that wants it."""
    return container_with(stack, engine, port, besides=besides) or program_with(engine, port)


def container_with(
    stack: Stack, engine: EnginePort, port: int, *, besides: str
) -> PortHolder | None:
    """The running container that publishes the port; `besides` is the id of who wants it."""
    for container in engine.containers():
        published = {item.published for item in container.ports}
        if container.id != besides and container.is_running and port in published:
            return PortHolder(
                name=f"the container {container.name}",
                command=docker_command(stack, "stop", container.name),
            )
    return None


def program_with(engine: EnginePort, port: int, proc: Path = PROC) -> PortHolder | None:
    """The program that listens at the port; None where this user or this machine cannot see it."""
    if not engine.connection.address.startswith(("unix:", "/")):
        return None
    inodes = set(_inodes(port, proc))
    for folder in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)) if inodes else ():
        if inodes & set(_sockets(folder)):
            return _holder(folder)
    return None


# Private

_ROW = re.compile(r"^\s*\d+: [0-9A-F]+:(?P<port>[0-9A-F]{4}) \S+ 0A (?:\S+\s+){5}(?P<inode>\d+)")


def _inodes(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            text = (proc / "net" / table).read_text(encoding="ascii")
        except OSError:
            continue
        for line in text.splitlines():
            match = _ROW.match(line)
            if match and int(match["port"], 16) == port:
                yield match["inode"]


def _sockets(folder: Path) -> Iterator[str]:
    try:
        for descriptor in (folder / "fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield target.removeprefix("socket:[").removesuffix("]")
    except OSError:
        return


def _holder(folder: Path) -> PortHolder:
    pid, unit = folder.name, _unit(folder)
    name = _text(folder / "comm").strip() or "a program"
    if unit:
        return PortHolder(name=f"{name} (pid {pid}, {unit})", command=f"sudo systemctl stop {unit}")
    return PortHolder(name=f"{name} (pid {pid})", command=f"kill {pid}")


def _unit(folder: Path) -> str:
    """The systemd service that the program belongs to, by its control group."""
    units = re.findall(r"/system\.slice/(?:.*/)?([\w@.\\-]+\.service)", _text(folder / "cgroup"))
    return units[-1] if units else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
