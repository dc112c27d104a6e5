"""`[services.NAME.backup]`: every way to declare a backup is read, every mistake is one error."""

from pathlib import Path

import pytest

from stacktest.config import load
from stacktest.core.backups.backup import Backup
from stacktest.errors import UsageError

RESTIC = 'kind = "restic"\npassword_env = "P"'


def backup_of(tmp_path: Path, text: str) -> Backup | None:
    (tmp_path / "stacktest.toml").write_text(f"[services.db.backup]\n{text}\n")
    return load(tmp_path).service("db").backup


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('kind = "pg_dump"', "pg_dump"),
        ('kind = "mysqldump"', "mysqldump"),
        ('kind = "tar"', "files"),
        ('kind = "borg"', "files"),
        (RESTIC, "files"),
        (f'{RESTIC}\nrestore = "pg_dump"', "pg_dump"),
        (f'{RESTIC}\nrestore = ["load", "it"]', "command"),
        ('restore = ["load"]', "command"),
        ('restore = "files"', "files"),
    ],
)
def test_the_way_back_is_known(tmp_path: Path, text: str, expected: str) -> None:
    backup = backup_of(tmp_path, f'path = "backups/db"\n{text}')
    assert backup is not None
    assert backup.way == expected


def test_all_keys_are_read(tmp_path: Path) -> None:
    text = """
path = "backups/repository"
kind = "restic"
image = "restic/restic:0.16"
password_file = "secrets/restic"
tag = "db"
paths = {"stage/db" = "/data"}
max_age = "2d"
"""
    assert backup_of(tmp_path, text) == Backup(
        path="backups/repository",
        kind="restic",
        image="restic/restic:0.16",
        password_file="secrets/restic",
        tag="db",
        paths={"stage/db": "/data"},
        max_age=2 * 86400,
    )


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("", "", "'path' is a required property"),
        ('path = "b"', ".kind", "nothing says how it is restored"),
        ('path = "b"\nkind = "zip"', ".kind", "'zip' is not one of"),
        ('path = "b"\nkind = "tar"\nwhere = "x"', ".where", "unknown key 'where'"),
        ('path = "b"\nrestore = "pgdump"', ".restore", "'pgdump' is not a way to restore"),
        ('path = "b"\nrestore = []', ".restore", r"\[\] should be non-empty"),
        ('path = "b"\nkind = "pg_dump"\nrestore = ["x"]', ".restore", "says already how"),
        ('path = "s3:https://x/y"\nkind = "borg"', ".path", "it is on another machine"),
        ('path = "ssh://x/y"\nkind = "borg"', ".path", "it is on another machine"),
        ('path = "b"\nkind = "restic"', ".kind", "a restic repository has a password"),
        ('path = "b"\nkind = "tar"\npassword_env = "P"', ".password_env", "only a repository"),
        ('path = "b"\nkind = "tar"\ntag = "t"', ".tag", "only a repository has one"),
        (f'path = "b"\n{RESTIC}\npassword_file = "p"', ".password_file", "is named twice"),
        ('path = "b"\nkind = "pg_dump"\npaths = {a = "/b"}', ".paths", "only files have paths"),
        ('path = "b"\nkind = "tar"\npaths = {a = "b"}', ".paths.a", "does not match"),
        ('path = "b"\nkind = "pg_dump"\nimage = "x"', ".image", "nothing is unpacked"),
        ('path = "b"\nkind = "tar"\nmax_age = "soon"', ".max_age", "is not a valid value"),
        (f'path = "b"\nkind = "tar"\nmax_age = "{"9" * 9}d"', ".max_age", "not a valid duration"),
    ],
)
def test_a_mistake_is_one_error_at_its_key(
    tmp_path: Path, text: str, key: str, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem) as raised:
        backup_of(tmp_path, text)
    assert raised.value.where.endswith(f"services.db.backup{key}")


def test_the_age_is_no_part_of_what_a_drill_proved() -> None:
    backup = Backup(path="b", kind="tar")
    assert backup.digest == Backup(path="b", kind="tar", max_age=1).digest
    assert backup.digest != Backup(path="c", kind="tar").digest
    assert backup.digest != Backup(path="b", kind="tar", paths={"a": "/b"}).digest
