"""What containers were made of is kept for the owner alone, and its loss costs no look."""

import stat
from pathlib import Path

import pytest

from stacktest.adapters.ledger.origins import load_origins, save_origins
from stacktest.core.freshness.origins import ContainerOrigin, Origins

ORIGINS = Origins(containers={"c": ContainerOrigin(started_at="t", key_id="k", files={"a": "1"})})


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    assert load_origins(tmp_path) == Origins()
    save_origins(tmp_path, ORIGINS)
    assert load_origins(tmp_path) == ORIGINS
    path = tmp_path / ".stacktest/origins.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "[]", "{", '{"containers": 1, "images": {}}'])
def test_a_damaged_file_is_forgotten(tmp_path: Path, text: str) -> None:
    save_origins(tmp_path, ORIGINS)
    (tmp_path / ".stacktest/origins.json").write_text(text)
    assert load_origins(tmp_path) == Origins()


def test_a_folder_that_cannot_be_made_costs_the_memory_only(tmp_path: Path) -> None:
    (tmp_path / ".stacktest").write_text("in the way")
    save_origins(tmp_path, ORIGINS)
