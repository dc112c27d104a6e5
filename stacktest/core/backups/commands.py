"""The commands that unpack a backup and restore it into a service.

They run in containers: the backup is mounted at `/mnt/backup` and unpacked to `/mnt/unpacked`.
"""

import json
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime

from stacktest.core import timestamps
from stacktest.core.backups.backup import Backup
from stacktest.core.unknown import Unknown

BACKUP = "/mnt/backup"
"""Where the backup is mounted, read-only."""
UNPACKED = "/mnt/unpacked"
"""The target folder for unpacked content."""
VOLUMES = "/mnt/volumes"
"""Where the copy's volumes are mounted while files are copied into them."""


def unpack_command(backup: Backup) -> tuple[str, ...]:
    """The command that unpacks the newest content of the backup."""
    script = _UNPACK[backup.kind]
    if backup.way != "files":
        # The user who restores it in the service's container may differ from the files' owner.
        script += f"\nchmod -R a+rX {UNPACKED}"
    return _shell(script, *_chosen(backup))


def time_command(backup: Backup) -> tuple[str, ...]:
    """The command that prints the backup's time stamp; `made_at` parses its output."""
    return _shell(_MADE.get(backup.kind, _NEWEST), *_chosen(backup))


def made_at(backup: Backup, output: str) -> datetime | Unknown:
    """When the newest backup was made, from the output of `time_command`."""
    try:
        if backup.kind == "restic":
            return max(timestamps.parse(snapshot["time"]) for snapshot in json.loads(output))
        if backup.kind == "borg":
            times = [archive["time"] for archive in json.loads(output)["archives"]]
            return max(timestamps.parse(f"{time}+00:00") for time in times)
        return datetime.fromtimestamp(max(float(line) for line in output.split()), UTC)
    except (ValueError, KeyError, TypeError):
        return Unknown("it does not say when it was made")


def restore_command(backup: Backup) -> tuple[str, ...]:
    """The command that restores inside the service's container; empty for files."""
    if isinstance(backup.restore, tuple) and backup.restore:
        return backup.restore
    script = _RESTORE.get(backup.way)
    return _shell(script) if script else ()


def copy_command(folders: Mapping[str, str], *, all_of_them: bool) -> tuple[str, ...]:
    """The command that copies paths of the backup into folders: all, or else those that exist.

    Without `all_of_them` at least one path must exist. Files keep their owners, modes and times.
    """
    lines = ["copied="]
    for source, target in folders.items():
        place = shlex.quote(f"{BACKUP}/{source}".rstrip("/"))
        to = shlex.quote(target)
        missing = f"echo {shlex.quote(f'the backup has nothing at {source}')} >&2"
        lines += [
            f"if [ -d {place} ]; then mkdir -p {to}; cp -a {place}/. {to}/; copied=1",
            f"elif [ -e {place} ]; then mkdir -p {to}; cp -a {place} {to}/; copied=1",
            f"else {missing}; {'exit 1' if all_of_them else ':'}; fi",
        ]
    lines.append('[ -n "$copied" ] || exit 1')
    return _shell("\n".join(lines))


# Private

_UNPACK = {
    "restic": f'restic --no-lock --no-cache -q -r {BACKUP} restore latest --target {UNPACKED} "$@"',
    "borg": f"""cd {UNPACKED}
name=$(TZ=UTC borg --bypass-lock list --short --last 1 "$@" {BACKUP})
[ -n "$name" ] || {{ echo "no archive" >&2; exit 1; }}
borg --bypass-lock extract "{BACKUP}::$name"
""",
    "tar": f"""cd {BACKUP}
name=$(ls -t *.tar *.tar.* *.tgz 2>/dev/null | head -n 1)
[ -n "$name" ] || {{ echo "no archive: *.tar, *.tar.* or *.tgz" >&2; exit 1; }}
tar -xpf "$name" -C {UNPACKED}
""",
}
_MADE = {
    "restic": f'restic --no-lock --no-cache -r {BACKUP} snapshots --json "$@" latest',
    "borg": f'TZ=UTC borg --bypass-lock list --json --last 1 "$@" {BACKUP}',
}
_NEWEST = f"find {BACKUP} -type f -exec stat -c %Y {{}} +"

_DUMP = f"""cd {BACKUP}
name=$(ls -t *.sql *.sql.gz *.dump 2>/dev/null | head -n 1)
[ -n "$name" ] || {{ echo "no dump: *.sql, *.sql.gz or *.dump" >&2; exit 1; }}
[ -s "$name" ] || {{ echo "the dump is empty" >&2; exit 1; }}
"""
_VALUE_OF = """value_of() {
  eval "file=\\${$1_FILE:-}"
  if [ -n "$file" ]; then cat "$file"; else printenv "$1" || :; fi
}
"""
_TEXT = """text() { case "$name" in *.gz) gzip -dc "$name" ;; *) cat "$name" ;; esac; }
"""
_RESTORE = {
    "pg_dump": _DUMP
    + _VALUE_OF
    + _TEXT
    + """export PGHOST=127.0.0.1 PGUSER="${POSTGRES_USER:-postgres}"
export PGDATABASE="${POSTGRES_DB:-$PGUSER}" PGPASSWORD="$(value_of POSTGRES_PASSWORD)"
case "$name" in
  *.dump) pg_restore --exit-on-error -d "$PGDATABASE" "$name" ;;
  *) text | psql -q -X -v ON_ERROR_STOP=1 -o /dev/null ;;
esac
""",
    "mysqldump": _DUMP
    + _VALUE_OF
    + _TEXT
    + """for socket in /run/mysqld/mysqld.sock /var/lib/mysql/mysql.sock /tmp/mysqld.sock; do
  [ ! -S "$socket" ] || break
done
MYSQL_PWD="$(value_of MARIADB_ROOT_PASSWORD)"
[ -n "$MYSQL_PWD" ] || MYSQL_PWD="$(value_of MYSQL_ROOT_PASSWORD)"
export MYSQL_PWD
client=$(command -v mariadb || command -v mysql)
text | "$client" --no-defaults -S "$socket" -u root ${MARIADB_DATABASE:-${MYSQL_DATABASE:-}}
""",
}


def _shell(script: str, *arguments: str) -> tuple[str, ...]:
    return ("sh", "-ceu", script, "sh", *arguments)


def _chosen(backup: Backup) -> tuple[str, ...]:
    """Options that choose among several backups in one repository."""
    if not backup.tag:
        return ()
    return ("--tag", backup.tag) if backup.kind == "restic" else ("-a", f"{backup.tag}*")
