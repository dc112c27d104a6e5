"""Reads, unpacks and restores backups by programs in containers without a network.

The backup is mounted read-only; a password is only in the environment of the container.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from stacktest.adapters.engine.client import Engine
from stacktest.core.backups.backup import Backup
from stacktest.core.backups.commands import (
    BACKUP,
    UNPACKED,
    copy_command,
    made_at,
    restore_command,
    time_command,
    unpack_command,
)
from stacktest.core.backups.mounts import BackupMount
from stacktest.core.records.drill import Step
from stacktest.core.unknown import Unknown

LONGEST = 4 * 3600.0
"""Seconds for one step of one backup."""


class BackupError(Exception):
    """A step failed: which step, the problem, and the last lines of its program's output."""

    def __init__(self, step: Step, problem: str, output: str) -> None:
        super().__init__(problem)
        self.step = step
        self.lines = output.strip().splitlines()[-_LINES:]


class BackupTools(Struct, frozen=True, kw_only=True):
    """The steps that restore one backup into the copy of a stack."""

    engine: Engine
    service: str
    backup: Backup
    mount: BackupMount
    image: str
    """An image that has the program for this kind of backup, and `cp`."""
    password: str
    labels: Mapping[str, str]

    def made(self) -> datetime | Unknown:
        """The time at which the newest backup was made."""
        code, output = self._run(time_command(self.backup), {})
        return made_at(self.backup, output) if code == 0 else Unknown("it cannot be read")

    def unpack(self) -> None:
        """Unpack the newest backup into the volume `unpacked`; BackupError if that fails."""
        self.engine.create_volume(self.mount.unpacked, self.labels)
        code, output = self._run(
            unpack_command(self.backup), {self.mount.unpacked: (UNPACKED, True)}
        )
        if code != 0:
            raise BackupError("read", f"{self.backup.kind} ended with {code}", output)

    def put_files(self, volumes: Mapping[str, str], folders: Mapping[str, str]) -> None:
        """Copy paths of the backup into volumes; BackupError if the backup does not hold them."""
        argv = copy_command(folders, all_of_them=bool(self.backup.paths))
        writable = {volume: (place, True) for volume, place in volumes.items()}
        content = {self.mount.unpacked: (BACKUP, False)} if self.mount.unpacked else None
        code, output = self._run(argv, writable, content)
        if code != 0:
            raise BackupError("restore", "its files cannot be put into the volumes", output)

    def restore_in(self, container: str) -> None:
        """Run the backup's restore command inside of a container; BackupError if it fails."""
        argv = restore_command(self.backup)
        code, out, err = self.engine.execute(container, argv, silence=LONGEST)
        if code != 0:
            raise BackupError("restore", f"the command ended with {code}", f"{out}\n{err}")

    # Private

    def _run(
        self,
        argv: tuple[str, ...],
        writable: Mapping[str, tuple[str, bool]],
        content: Mapping[str, tuple[str, bool]] | None = None,
    ) -> tuple[int, str]:
        return self.engine.run_tool(
            self.image,
            argv,
            folders={**(content or {self.mount.source: (self.mount.target, False)}), **writable},
            labels=self.labels,
            timeout=LONGEST,
            env=self._environment(),
        )

    def _environment(self) -> Mapping[str, str]:
        match self.backup.kind:
            case "restic":
                return {"RESTIC_PASSWORD": self.password}
            case "borg":
                return {**_BORG, "BORG_PASSPHRASE": self.password}
        return {}


# Private

_LINES = 12
_BORG = {
    "BORG_BASE_DIR": "/tmp",  # noqa: S108 - of a container that is about to end
    "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
    "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
}
