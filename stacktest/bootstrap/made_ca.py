"""Reads a private CA that the stack makes itself at its first start, as `tls internal` does.

Its file is in a folder that a service mounts and may write, or only in the service's container:
`ca = "SERVICE:/path"`. Before the first start it is absent, and afterwards it often belongs to the
service's own user: then the engine is asked for a copy.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.container_files import content_there
from stacktest.adapters.private_files import make_private_folder
from stacktest.core.fingerprint.digest import content_digest
from stacktest.core.model import Stack
from stacktest.core.suggestions import did_you_mean
from stacktest.core.unknown import Unknown
from stacktest.errors import UsageError


class CaMaker(Struct, frozen=True, kw_only=True):
    """The service that writes the CA's file, and where the file is in its container."""

    service: str
    path: str


def is_in_container(ca: str) -> bool:
    """Whether `ca` names a service and a path in its container."""
    return _IN_CONTAINER.fullmatch(ca) is not None


def named_maker(ca: str, stack: Stack) -> CaMaker | None:
    """The service and the file that `SERVICE:/path` names; None for a path on this machine."""
    match = _IN_CONTAINER.fullmatch(ca)
    if match is None:
        return None
    if match[1] not in stack.services:
        raise UsageError(
            f"'{match[1]}' is not a service of this stack",
            where="stacktest.toml:stack.ca",
            hint=did_you_mean(match[1], stack.services) or "write SERVICE:/path, or a file's path",
        )
    return CaMaker(service=match[1], path=match[2])


def ca_maker(stack: Stack, ca: Path) -> CaMaker | None:
    """The service that may write this file; None if no service of the stack may."""
    file = Path(os.path.normpath(ca))
    for service in stack.services.values():
        for mount in service.mounts:
            is_writable = mount.kind == "bind" and mount.source and not mount.read_only
            if is_writable and file.is_relative_to(mount.source):
                inner = Path(mount.target) / file.relative_to(mount.source)
                return CaMaker(service=service.name, path=str(inner))
    return None


def read_made_ca(engine: Engine, project: str, maker: CaMaker) -> bytes | None:
    """The CA's file in the container of its maker; None if there is no container or no file."""
    for container in engine.containers(project):
        if container.service == maker.service and not container.one_off:
            content = content_there(engine, container.id, maker.path)
            if isinstance(content, Unknown):
                return None
            return content.encode() if isinstance(content, str) else content
    return None


def readable_copy(ca: Path, folder: Path, read: Callable[[], bytes | None]) -> Path:
    """The file itself if this user can read it or `read` finds none, else a copy of what it finds.

    `folder` keeps the copy under the hash of its content, so that another CA is another file.
    """
    if can_read(ca):
        return ca
    content = read()
    if content is None:
        return ca
    copy = folder / f"ca-{content_digest(content)[:16]}.crt"
    if not copy.exists():
        make_private_folder(folder)
        write_file(copy, content)
    return copy


def can_read(path: Path) -> bool:
    """Whether the file exists, and this user may read it."""
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


# Private

_IN_CONTAINER = re.compile(r"([a-zA-Z0-9._-]+):(/.+)")
