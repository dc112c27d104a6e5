"""A backup reaches the service that restores it, for reading only, and files their own volumes."""

from pathlib import PurePosixPath

import pytest

from stacktest.core.backups.backup import Backup
from stacktest.core.backups.mounts import backup_mount, placements, with_backups
from stacktest.core.json_data import Json
from stacktest.core.rehearsal.copy_document import CopyDocument


def copy(*mounts: Json) -> CopyDocument:
    document = {
        "services": {"db": {"volumes": list(mounts)}},
        "volumes": {"data": {"name": "copy_data"}, "more": {"name": "copy_more"}},
    }
    return CopyDocument(document=document, data=(), files=())


DATA = {"type": "volume", "source": "data", "target": "/data"}
MORE = {"type": "volume", "source": "more", "target": "/data/more"}
SHOWN = {"type": "volume", "source": "more", "target": "/shown", "read_only": True}
PLACE = PurePosixPath("/srv/backups/db.sql")


def test_a_file_keeps_its_name_in_the_container() -> None:
    backup = Backup(path="db.sql", kind="pg_dump")
    mount = backup_mount("copy", "db", backup, PLACE, is_file=True)
    assert (mount.source, mount.target) == (str(PLACE), "/mnt/backup/db.sql")
    volumes = with_backups(copy(DATA), {"db": mount}).document["services"]["db"]["volumes"]
    assert volumes[1] == {
        "type": "bind",
        "source": str(PLACE),
        "target": "/mnt/backup/db.sql",
        "read_only": True,
    }


def test_what_is_packed_is_mounted_as_it_was_unpacked() -> None:
    backup = Backup(path="repo", kind="restic", password_env="P", restore=("load",))
    mount = backup_mount("copy", "db", backup, PLACE, is_file=False)
    document = with_backups(copy(DATA), {"db": mount}).document
    key = "stacktest-backup-db"
    assert document["services"]["db"]["volumes"][1]["source"] == key
    assert document["volumes"][key] == {"name": "copy_stacktest-backup-db", "external": True}


def test_a_service_whose_files_are_restored_does_not_get_the_backup() -> None:
    mount = backup_mount("copy", "db", Backup(path="b", kind="tar"), PLACE, is_file=False)
    assert with_backups(copy(DATA), {"db": mount}).document == copy(DATA).document


@pytest.mark.parametrize(
    ("paths", "folders"),
    [
        ({}, {"data": "/mnt/volumes/0", "data/more": "/mnt/volumes/1"}),
        ({".": "/data"}, {".": "/mnt/volumes/0"}),
        ({"/stage/x/": "/data/more/sub"}, {"stage/x": "/mnt/volumes/1/sub"}),
    ],
    ids=["as in the container", "named", "below a volume"],
)
def test_files_go_where_the_service_has_its_volumes(
    paths: dict[str, str], folders: dict[str, str]
) -> None:
    volumes, placed = placements(copy(DATA, MORE, SHOWN), "db", paths)
    assert volumes == {"copy_data": "/mnt/volumes/0", "copy_more": "/mnt/volumes/1"}
    assert placed == folders


@pytest.mark.parametrize("target", ["/etc", "/shown", "/database"])
def test_a_folder_in_no_volume_that_can_be_written_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match=target):
        placements(copy(DATA, SHOWN), "db", {"x": target})
