"""The backup of one service as its configuration declares it, and mistakes in the declaration.

kind         content of `path`                       restored by
restic       a repository; its newest snapshot       `restore`, else as files
borg         a repository; its newest archive        `restore`, else as files
tar          the newest archive, or the archive      `restore`, else as files
pg_dump      the newest dump, plain or custom        psql or pg_restore
mysqldump    the newest dump                         mariadb or mysql
(none)       whatever `restore` can use              `restore`
"""

from collections.abc import Iterator, Mapping
from typing import Literal, get_args

from msgspec import Struct, field
from msgspec.structs import asdict

from stacktest.core.fingerprint.digest import content_digest

Kind = Literal["restic", "borg", "tar", "pg_dump", "mysqldump"]
Way = Literal["files", "pg_dump", "mysqldump"]
PACKED = frozenset({"restic", "borg", "tar"})
"""Kinds whose content has to be unpacked before use."""
REPOSITORIES = frozenset({"restic", "borg"})
WAYS: tuple[str, ...] = get_args(Way)
DAY = 86400.0


class Backup(Struct, frozen=True, kw_only=True):
    """`[services.NAME.backup]`."""

    path: str
    """A folder or a file of the host, relative to the stack's folder."""
    kind: str = ""
    restore: tuple[str, ...] | str = ()
    """A command for the service's container, or one of `WAYS`; empty: the default of the kind."""
    image: str = ""
    """The image with the program that unpacks; empty: the service's own image."""
    password_env: str = ""
    password_file: str = ""
    tag: str = ""
    """Selects backups in a repository: restic's tag, or the beginning of borg's archive name."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Path in the backup → folder of the container; empty: the same paths as in the container."""
    max_age: float = 7 * DAY
    """Seconds; an older backup counts as expired, even if it was restored successfully."""

    @property
    def way(self) -> str:
        """How it is restored: `command`, or one of `WAYS`."""
        if isinstance(self.restore, tuple) and self.restore:
            return "command"
        if isinstance(self.restore, str) and self.restore:
            return self.restore
        return self.kind if self.kind in WAYS else "files"

    @property
    def is_packed(self) -> bool:
        """Whether its content has to be unpacked first."""
        return self.kind in PACKED

    @property
    def needs_tools(self) -> bool:
        """Whether another container than the service's own has to unpack or copy it."""
        return self.is_packed or self.way == "files"

    @property
    def digest(self) -> str:
        """Identifies the declaration that a drill's result is valid for; `max_age` may change."""
        declared = {name: value for name, value in asdict(self).items() if name != "max_age"}
        return content_digest(repr(sorted(declared.items())))[:16]


def mistakes(backup: Backup) -> Iterator[tuple[str, str, str]]:
    """Mistakes in the declaration: the key, what is wrong with it, and what to do."""
    kind, restore = backup.kind, backup.restore
    if not kind and not restore:
        yield "kind", "nothing says how it is restored", "set `kind`, or `restore`"
    if isinstance(restore, str) and restore and restore not in WAYS:
        hint = f"a list of words, or one of: {', '.join(WAYS)}"
        yield "restore", f"{restore!r} is not a way to restore", hint
    if restore and kind in WAYS:
        yield "restore", f"kind = {kind!r} says already how it is restored", "keep one of them"
    if "://" in backup.path or backup.path.partition(":")[0] in _REMOTE:
        hint = "a copy reaches nothing outside: name a folder of this machine"
        yield "path", "it is on another machine", hint
    yield from _out_of_place(backup)


# Private

_REMOTE = frozenset({"s3", "sftp", "rest", "b2", "azure", "gs", "swift", "rclone", "ssh"})


def _out_of_place(backup: Backup) -> Iterator[tuple[str, str, str]]:
    """Keys that have no effect for a backup of this kind, and passwords missing or named twice."""
    is_repository = backup.kind in REPOSITORIES
    for key in ("password_env", "password_file", "tag"):
        if getattr(backup, key) and not is_repository:
            yield key, "only a repository has one", 'kind = "restic" or "borg"'
    if backup.password_env and backup.password_file:
        yield "password_file", "the password is named twice", "keep one of them"
    if backup.kind == "restic" and not (backup.password_env or backup.password_file):
        yield "kind", "a restic repository has a password", "name password_env or password_file"
    if backup.paths and backup.way != "files":
        yield "paths", f"only files have paths, and this is restored by {backup.way}", "remove it"
    if backup.image and not backup.needs_tools:
        yield "image", "nothing is unpacked: the service's own container restores it", "remove it"
