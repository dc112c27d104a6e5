"""Finds what occupies a port of this machine: a container, or a program by pid and unit."""

import re
from collections.abc import Iterator
from pathlib import Path

from stacktest.adapters.engine.port import EnginePort
from stacktest.core.compose_command import docker_command
from stacktest.core.diagnosis.facts import HostPort, PortHolder
from stacktest.core.model import Stack

PROC = Path("/proc")


def holder_of(
    stack: Stack, engine: EnginePort, port: HostPort, *, besides: str
) -> PortHolder | None:
    """The holder of the port; None if unknown. `besides` is the container that needs the port."""
    return container_with(stack, engine, port, besides=besides) or program_with(engine, port)


def container_with(
    stack: Stack, engine: EnginePort, port: HostPort, *, besides: str
) -> PortHolder | None:
    """The container that publishes the port, except `besides`, the container that needs it."""
    listed = [container for container in engine.containers() if container.id != besides]
    for container in listed:
        if container.is_running and any(map(port.is_of, container.ports)):
            own = container.service if container.project == stack.name else ""
            return PortHolder(
                name=f"the container {container.name}",
                command=docker_command(stack, "stop", container.name),
                service=own if own in stack.services else "",
            )
    for container in listed:
        # The engine lists no port of a container that is being started.
        service = stack.services.get(container.service)
        is_ours = service is not None and container.project == stack.name
        if service is not None and is_ours and any(map(port.is_of, service.ports)):
            return PortHolder(name=f"the container {container.name}", service=service.name)
    return None


def program_with(engine: EnginePort, port: HostPort, proc: Path = PROC) -> PortHolder | None:
    """The program that listens on the port; None if this user or this machine cannot see it.

    The engine's own proxy is skipped: it belongs to a container.
    """
    if not engine.connection.address.startswith(("unix:", "/")):
        return None
    inodes = set(_inodes(port, proc))
    for folder in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)) if inodes else ():
        if inodes & set(_sockets(folder)) and _name(folder) not in _PROXIES:
            return _holder(folder)
    return None


# Private

_ROW = re.compile(
    r"^\s*\d+: [0-9A-F]+:(?P<port>[0-9A-F]{4}) \S+ (?P<state>\w\w) (?:\S+\s+){5}(?P<inode>\d+)"
)
_TABLES = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
"""The kernel's tables → the state of a listening socket in them."""
_PROXIES = frozenset(
    {"docker-proxy", "rootlesskit", "rootlessport", "slirp4netns", "pasta", "passt", "dockerd"}
)


def _inodes(port: HostPort, proc: Path) -> Iterator[str]:
    for table, state in _TABLES.items():
        if not table.startswith(port.protocol):
            continue
        try:
            text = (proc / "net" / table).read_text(encoding="ascii")
        except OSError:
            continue
        for line in text.splitlines():
            match = _ROW.match(line)
            if match and match["state"] == state and int(match["port"], 16) == port.number:
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
    name = _name(folder) or "a program"
    if unit:
        return PortHolder(name=f"{name} (pid {pid}, {unit})", command=f"sudo systemctl stop {unit}")
    return PortHolder(name=f"{name} (pid {pid})", command=f"kill {pid}")


def _name(folder: Path) -> str:
    return _text(folder / "comm").strip()


def _unit(folder: Path) -> str:
    """The systemd service that the program belongs to, by its control group."""
    units = re.findall(r"/system\.slice/(?:.*/)?([\w@.\\-]+\.service)", _text(folder / "cgroup"))
    return units[-1] if units else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
