"""What unpacks and restores a backup is a program that does it, or says why it cannot."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

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
from stacktest.core.unknown import Unknown

RESTIC = Backup(path="b", kind="restic", password_env="P", tag="a b")
BORG = Backup(path="b", kind="borg", tag="shop-")


def run(argv: tuple[str, ...], folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as it is, with the folders of a container below `folder`."""
    here = [word.replace("/mnt/", f"{folder}/mnt/") for word in argv]
    env = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    return subprocess.run(here, capture_output=True, text=True, check=False, env=env)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("backup", "unpacked", "volumes"):
        (tmp_path / "mnt" / name).mkdir(parents=True)
    return tmp_path


def test_options_of_a_repository_are_arguments_and_no_part_of_the_script() -> None:
    assert unpack_command(RESTIC)[-2:] == ("--tag", "a b")
    assert unpack_command(BORG)[-2:] == ("-a", "shop-*")
    assert "a b" not in unpack_command(RESTIC)[2]


def test_what_a_command_restores_can_be_read_by_its_user() -> None:
    by_command = Backup(path="b", kind="tar", restore=("restore",))
    assert f"chmod -R a+rX {UNPACKED}" in unpack_command(by_command)[2]
    assert "chmod" not in unpack_command(Backup(path="b", kind="tar"))[2]


def test_the_newest_archive_is_unpacked(folder: Path) -> None:
    backup = folder / "mnt" / "backup"
    for number, name in enumerate(("old", "new")):
        (folder / "note").write_text(name)
        subprocess.run(["tar", "-cf", backup / f"{name}.tar", "-C", folder, "note"], check=True)
        os.utime(backup / f"{name}.tar", (number, number))
    assert run(unpack_command(Backup(path="b", kind="tar")), folder).returncode == 0
    assert (folder / "mnt" / "unpacked" / "note").read_text() == "new"


def test_no_archive_is_an_error(folder: Path) -> None:
    done = run(unpack_command(Backup(path="b", kind="tar")), folder)
    assert (done.returncode, done.stderr) == (1, "no archive: *.tar, *.tar.* or *.tgz\n")


@pytest.mark.parametrize(
    ("all_of_them", "code"), [pytest.param(True, 1, id="named"), pytest.param(False, 0, id="any")]
)
def test_files_go_into_their_volumes(folder: Path, all_of_them: bool, code: int) -> None:
    backup, volumes = folder / "mnt" / "backup", folder / "mnt" / "volumes"
    (backup / "data dir").mkdir()
    (backup / "data dir" / ".hidden").write_text("x")
    (backup / "one.rdb").write_text("y")
    folders = {
        "data dir": "/mnt/volumes/0",
        "one.rdb": "/mnt/volumes/1",
        "cache": "/mnt/volumes/2",
    }
    done = run(copy_command(folders, all_of_them=all_of_them), folder)
    assert (done.returncode, done.stderr) == (code, "the backup has nothing at cache\n")
    assert (volumes / "0" / ".hidden").read_text() == "x"
    assert (volumes / "1" / "one.rdb").read_text() == "y"


def test_a_backup_without_any_of_the_files_is_an_error(folder: Path) -> None:
    done = run(copy_command({"data": "/mnt/volumes/0"}, all_of_them=False), folder)
    assert (done.returncode, done.stderr) == (1, "the backup has nothing at data\n")


@pytest.mark.parametrize("kind", ["pg_dump", "mysqldump"])
def test_an_absent_or_an_empty_dump_is_an_error(folder: Path, kind: str) -> None:
    backup = Backup(path="b", kind=kind)
    done = run(restore_command(backup), folder)
    assert (done.returncode, done.stderr) == (1, "no dump: *.sql, *.sql.gz or *.dump\n")
    (folder / "mnt" / "backup" / "shop.sql").touch()
    done = run(restore_command(backup), folder)
    assert (done.returncode, done.stderr) == (1, "the dump is empty\n")


def test_a_command_of_the_configuration_is_run_as_it_is() -> None:
    words = ("sh", "-c", f"psql < {BACKUP}/x.sql")
    assert restore_command(Backup(path="b", kind="restic", restore=words)) == words


@pytest.mark.parametrize(
    ("backup", "output", "expected"),
    [
        (RESTIC, '[{"time": "2026-11-20T11:00:00.123456789+01:00"}]', "10:00:00.123456"),
        (BORG, '{"archives": [{"time": "2026-11-20T10:00:00.000000"}]}', "10:00:00"),
        (Backup(path="b", kind="pg_dump"), "1\n1795168800\n", "10:00:00"),
    ],
    ids=["restic", "borg", "files"],
)
def test_a_backup_says_when_it_was_made(backup: Backup, output: str, expected: str) -> None:
    made = made_at(backup, output)
    assert made == datetime.fromisoformat(f"2026-11-20T{expected}").replace(tzinfo=UTC)


@pytest.mark.parametrize("backup", [RESTIC, BORG, Backup(path="b", kind="tar")])
@pytest.mark.parametrize("output", ["", "[]", '{"archives": []}', "no such file"])
def test_what_does_not_say_it_is_not_known(backup: Backup, output: str) -> None:
    assert isinstance(made_at(backup, output), Unknown)


def test_the_newest_file_says_how_old_a_dump_is(folder: Path) -> None:
    for number, name in enumerate(("a.sql", "b.sql"), start=1):
        (folder / "mnt" / "backup" / name).touch()
        os.utime(folder / "mnt" / "backup" / name, (number, number))
    backup = Backup(path="b", kind="pg_dump")
    made = made_at(backup, run(time_command(backup), folder).stdout)
    assert made == datetime.fromtimestamp(2, UTC)
