"""Where a backup is mounted in a drill, and the copy's volumes that its files are copied to."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import PurePath, PurePosixPath

from msgspec import Struct

from stacktest.core.backups.backup import Backup
from stacktest.core.backups.commands import BACKUP, VOLUMES
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.rehearsal.copy_document import CopyDocument


class BackupMount(Struct, frozen=True, kw_only=True):
    """The backup of one service in a drill."""

    source: str
    """The folder or the file of the host."""
    target: str
    """The path of the backup in a container."""
    unpacked: str = ""
    """The engine's name of the volume for the unpacked content; empty: it is not packed."""
    in_service: bool = False
    """Whether it is mounted into the service's own container."""


def backup_mount(
    copy: str, service: str, backup: Backup, place: PurePath, *, is_file: bool
) -> BackupMount:
    """The mount for the backup of a service in the copy called `copy`."""
    return BackupMount(
        source=str(place),
        target=f"{BACKUP}/{place.name}" if is_file else BACKUP,
        unpacked=f"{copy}_stacktest-backup-{service}" if backup.is_packed else "",
        in_service=backup.way != "files",
    )


def with_backups(copy: CopyDocument, mounts: Mapping[str, BackupMount]) -> CopyDocument:
    """The copy with the backups mounted into their services, read-only."""
    document = deepcopy(copy.document)
    for service, mount in mounts.items():
        if not mount.in_service or service not in document["services"]:
            continue
        definition = document["services"][service]
        definition["volumes"] = [*(definition.get("volumes") or ()), _mounted(service, mount)]
        if mount.unpacked:
            volume = {"name": mount.unpacked, "external": True}
            document.setdefault("volumes", {})[_key(service)] = volume
    return replace(copy, document=document)


def placements(
    copy: CopyDocument, service: str, paths: Mapping[str, str]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Volume → its mount point in the copying container, and path in the backup → target folder.

    Without `paths` every volume of the service is filled from the path that it has in the service.
    A ValueError names a path of the container that is in no volume.
    """
    volumes = {
        str(mount["target"]): str(copy.document["volumes"][mount["source"]]["name"])
        for mount in copy.document["services"][service].get("volumes") or ()
        if mount.get("type") == "volume" and mount.get("source") and not mount.get("read_only")
    }
    places = {target: f"{VOLUMES}/{number}" for number, target in enumerate(sorted(volumes))}
    wanted = paths or {target.strip("/"): target for target in sorted(volumes)}
    folders = {source.strip("/"): _placed(target, places) for source, target in wanted.items()}
    return {volumes[target]: place for target, place in places.items()}, folders


# Private


def _key(service: str) -> str:
    return f"stacktest-backup-{service}"


def _mounted(service: str, mount: BackupMount) -> Json:
    if mount.unpacked:
        return {"type": "volume", "source": _key(service), "target": BACKUP, "read_only": True}
    return {"type": "bind", "source": mount.source, "target": mount.target, "read_only": True}


def _placed(target: str, places: Mapping[str, str]) -> str:
    path = PurePosixPath(target)
    for mounted in sorted(places, key=len, reverse=True):
        if path.is_relative_to(mounted):
            return str(PurePosixPath(places[mounted]) / path.relative_to(mounted))
    raise ValueError(target)
