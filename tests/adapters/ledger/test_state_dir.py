"""`.stacktest/` is for its owner alone and ignores itself, whoever needs it first."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.part_names import save_detail
from stacktest.adapters.ledger.run_lock import RunLock
from stacktest.adapters.ledger.signing_key import read_key
from stacktest.adapters.ledger.state_dir import FOLDER, state_dir, state_path
from stacktest.bootstrap.recorded_runs import write_timeline
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.records.timeline import Timeline


def take_run_lock(root: Path) -> None:
    with RunLock(root, command="pytest", since="now"):
        pass


def take_ledger_lock(root: Path) -> None:
    with Ledger(root, records="data/tests", status="status.json").locked():
        pass


def save_names(root: Path) -> None:
    parts = dict.fromkeys(("image", "config", "env", "stanza", "build"), "none")
    save_detail(root, "app", Fingerprint(parts=parts, repo="none", key_id=""))


@pytest.mark.case("field/c33")
@pytest.mark.parametrize("first", [take_run_lock, take_ledger_lock, save_names, read_key])
def test_whoever_is_first_makes_it_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Callable[[Path], object]
) -> None:
    monkeypatch.delenv("STACKTEST_KEY", raising=False)
    first(tmp_path)
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / FOLDER / ".gitignore").read_text() == "*\n"


def test_a_folder_that_others_can_read_is_mended(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(mode=0o755)
    (tmp_path / FOLDER).chmod(0o755)
    assert state_dir(tmp_path).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / FOLDER / ".gitignore").read_text() == "*\n"


def test_asking_for_a_path_makes_nothing(tmp_path: Path) -> None:
    assert state_path(tmp_path, "told", "x.json") == tmp_path / FOLDER / "told" / "x.json"
    assert list(tmp_path.iterdir()) == []


def test_every_file_in_it_is_private_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STACKTEST_KEY", raising=False)
    before = os.umask(0)
    try:
        with RunLock(tmp_path, command="pytest", since="now"):
            take_ledger_lock(tmp_path)
            save_names(tmp_path)
            read_key(tmp_path)
            moment = datetime(2026, 1, 1, tzinfo=UTC)
            write_timeline(tmp_path, Timeline(run="r", started=moment))
            paths = [path for path in (tmp_path / FOLDER).rglob("*") if path.is_file()]
            assert {path.name: path.stat().st_mode & 0o077 for path in paths} == {
                path.name: 0 for path in paths
            }
            assert len(paths) > 5
    finally:
        os.umask(before)
