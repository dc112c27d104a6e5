"""`.stacktest/` is for its owner alone and ignores itself, whoever needs it first."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.part_names import save_detail
from stacktest.adapters.ledger.run_lock import RunLock
from stacktest.adapters.ledger.signing_key import read_key
from stacktest.adapters.ledger.state_dir import FOLDER, state_dir, state_path
from stacktest.core.fingerprint.fingerprint import Fingerprint


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
