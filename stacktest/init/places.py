"""Where stacktest's own files go, and the compose files that its configuration must name.

No file goes into a folder that a service mounts: the container could read or overwrite it.
"""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, field

from stacktest.core.bound_volumes import as_bind
from stacktest.core.model import Stack

SUITES = "suites"
_LEDGERS = ("data/tests", "stacktest-ledger", "evidence/stacktest")
_STATUSES = ("docs/_data/status.json", "stacktest-status/status.json", "evidence/status.json")


class Places(Struct, frozen=True, kw_only=True):
    """Values under [stack] for the places of files, and for the project's name."""

    ledger: str = _LEDGERS[0]
    status: str = _STATUSES[0]
    compose: tuple[str, ...] = ()
    """Empty: the files that Compose finds by default."""
    env_files: tuple[str, ...] = ()
    project_directory: str = ""
    project_name: str = ""
    unknown: tuple[str, ...] = field(default=())


def find_places(
    stack: Stack,
    *,
    compose: Iterable[str] = (),
    env_files: Iterable[str] = (),
    project_directory: str = "",
    project_name: str = "",
) -> Places:
    """The places for a stack; the keyword arguments are values that the user set for `init`."""
    folders = _mounted(stack)
    ledger, status = _outside(_LEDGERS, folders, stack), _outside(_STATUSES, folders, stack)
    unknown = () if ledger and status else (_NO_PLACE,)
    return Places(
        ledger=ledger or _LEDGERS[0],
        status=status or _STATUSES[0],
        compose=tuple(compose),
        env_files=tuple(env_files),
        project_directory=project_directory,
        project_name=project_name,
        unknown=unknown,
    )


# Private

_NO_PLACE = (
    "a place for `ledger` and `status` that no service mounts: the stack's folder as a whole is "
    "mounted; name folders outside of it in stacktest.toml"
)


def _mounted(stack: Stack) -> set[Path]:
    """Folders of this machine that some service mounts."""
    services = stack.services.values()
    mounts = (as_bind(stack, mount) for service in services for mount in service.mounts)
    return {Path(mount.source) for mount in mounts if mount.kind == "bind" and mount.source}


def _outside(names: Iterable[str], folders: set[Path], stack: Stack) -> str:
    """The first name that is not in a mounted folder; empty if all are."""
    for name in names:
        path = stack.root / name
        if not any(path.is_relative_to(folder) for folder in folders):
            return name
    return ""
