"""What is remembered of rehearsals, updates and drills is read; a damaged file is named."""

import os
from pathlib import Path

import pytest

from stacktest.adapters.ledger import updates
from stacktest.adapters.ledger.json_files import write_json
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.operations import read_operations
from stacktest.adapters.ledger.rehearsals import (
    REHEARSAL_FILE,
    REHEARSALS,
    remove_old_rehearsals,
)
from stacktest.adapters.ledger.service_records import LAST_DRILL, ServiceRecords
from stacktest.adapters.ledger.state_dir import state_path
from stacktest.core.operations import Operations, UnreadableRecord
from stacktest.core.records.rehearsal import Rehearsed
from tests.support.board import drill, journal, rehearsal

REHEARSAL = rehearsal(3, app=Rehearsed(result="passed"))
FILES = {
    "rehearsal": f".stacktest/{REHEARSALS}/{REHEARSAL.id}/{REHEARSAL_FILE}",
    "ended": f".stacktest/{updates.FOLDER}/u2.json",
    "open": f".stacktest/{updates.FILE}",
    "drill": f"records/db/{LAST_DRILL}",
}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path, records="records", status="status.json")


@pytest.fixture
def written(ledger: Ledger) -> Operations:
    """One of each kind on the disk."""
    root = ledger.root
    write_json(root / FILES["rehearsal"], REHEARSAL.to_dict())
    ended, opened = journal(2, "put_back", "app"), journal(1, "testing", "app")
    updates.end(root, ended)
    updates.write_open(root, opened)
    ServiceRecords(ledger.records).write_drill(drill(4, "db"))
    return Operations(
        rehearsals=(REHEARSAL,), updates=(ended,), open_update=opened, drills=(drill(4, "db"),)
    )


def test_nothing_was_done(ledger: Ledger) -> None:
    assert read_operations(ledger.root, ledger, ["app", "db"]) == Operations()
    assert not state_path(ledger.root).exists()


def test_all_of_them_are_read(ledger: Ledger, written: Operations) -> None:
    assert read_operations(ledger.root, ledger, ["app", "db"]) == written


def test_a_copy_that_is_at_work_has_no_verdict_yet(ledger: Ledger) -> None:
    state_path(ledger.root, REHEARSALS, "3f09ab").mkdir(parents=True)
    assert read_operations(ledger.root, ledger, []) == Operations()


@pytest.mark.parametrize("name", list(FILES))
@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "other/1"}', "\udcff"])
def test_a_damaged_file_is_named_and_hides_nothing_else(
    ledger: Ledger, written: Operations, name: str, text: str
) -> None:
    (ledger.root / FILES[name]).write_bytes(text.encode("utf-8", "surrogateescape"))
    operations = read_operations(ledger.root, ledger, ["app", "db"])
    (record,) = operations.unreadable
    kind = "update" if name in {"ended", "open"} else name
    assert record == UnreadableRecord(
        kind=kind,  # type: ignore[arg-type]  # one of three words
        path=FILES[name],
        why=record.why,
        is_open=name == "open",
    )
    assert record.why
    assert operations.rehearsals == (() if name == "rehearsal" else written.rehearsals)
    assert operations.updates == (() if name == "ended" else written.updates)
    assert operations.open_update == (None if name == "open" else written.open_update)
    assert operations.drills == (() if name == "drill" else written.drills)


def test_the_newest_rehearsals_stay_and_every_copy_that_was_kept(tmp_path: Path) -> None:
    folders = [tmp_path / f".stacktest/rehearsals/{number:03}" for number in range(60)]
    for age, folder in enumerate(folders):
        folder.mkdir(parents=True)
        (folder / "rehearsal.json").write_text("{}")
        os.utime(folder / "rehearsal.json", (age, age))
    (folders[3] / "files").mkdir()
    remove_old_rehearsals(tmp_path)
    assert [folder for folder in folders if folder.is_dir()] == [folders[3], *folders[10:]]
