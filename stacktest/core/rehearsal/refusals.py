"""Which services cannot be copied beside the running stack, and why.

A copy must not reach the running stack, the host or anything outside. A service whose definition
gives it access to a part of the host could, even in a copy.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack

HOST_FOLDERS = frozenset({"/", "/dev", "/proc", "/run", "/sys", "/var/run"})
"""Folders of the host that give access to its devices and sockets, even if mounted read-only."""


def refusals(stack: Stack) -> Mapping[str, str]:
    """Service that cannot be copied → the first reason why."""
    reasons = {name: next(_reasons(service), "") for name, service in stack.services.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def host_part(source: str) -> str:
    """The socket, device or folder of the host that a bind mount exposes; empty: only data."""
    path = str(PurePosixPath(source))
    if path.endswith(".sock"):
        return f"the socket {path}"
    return f"{path} of the host" if path in HOST_FOLDERS or path.startswith("/dev/") else ""


# Private

_HOST_SPACES = ("pid", "ipc", "uts", "cgroup")


def _reasons(service: Service) -> Iterator[str]:
    definition = service.definition
    if definition is None:
        yield service.unreadable or "Compose does not read its definition"
        return
    yield from _network(str(definition.get("network_mode") or ""))
    for key in _HOST_SPACES:
        if definition.get(key) == "host":
            yield f"{key}: host shares the host's own"
    if definition.get("privileged"):
        yield "privileged: true may change the host"
    if definition.get("devices") or definition.get("device_cgroup_rules") or _gpus(definition):
        yield "it uses devices of the host"
    if definition.get("use_api_socket"):
        yield "use_api_socket: true reaches the engine"
    if definition.get("provider"):
        yield "it is made by another program (provider)"
    for source in definition.get("volumes_from") or ():
        if str(source).startswith("container:"):
            yield f"volumes_from: {source} is outside of the stack"
    yield from _mounts(service)


def _network(mode: str) -> Iterator[str]:
    if mode == "host":
        yield "network_mode: host uses the host's network"
    elif mode.startswith("container:"):
        yield f"network_mode: {mode} is outside of the stack"
    elif mode and mode != "none" and not mode.startswith("service:"):
        yield f"network_mode: {mode} is a network that a copy cannot be kept apart on"


def _gpus(definition: Json) -> bool:
    resources = (definition.get("deploy") or {}).get("resources") or {}
    return bool(definition.get("gpus") or (resources.get("reservations") or {}).get("devices"))


def _mounts(service: Service) -> Iterator[str]:
    for mount in service.mounts:
        if mount.kind != "bind":
            continue
        if part := host_part(mount.source):
            yield f"it is given {part}"
