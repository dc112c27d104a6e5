"""A place where nothing can be written is the reader's to correct, not a bug."""

import os
from pathlib import Path

import pytest

from stacktest.adapters.ledger.json_files import write_text
from stacktest.errors import UsageError


@pytest.mark.case("compose/unwritable")
@pytest.mark.parametrize("blocked", ["docs", "docs/_data", "docs/_data/status.json/x"])
def test_a_file_where_a_folder_has_to_be(tmp_path: Path, blocked: str) -> None:
    place = tmp_path / blocked
    if blocked.endswith("x"):
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(exist_ok=True)
        place.write_text("")
    with pytest.raises(UsageError) as caught:
        write_text(tmp_path / "docs/_data/status.json", "{}")
    assert caught.value.what.startswith(f"{tmp_path}/docs/_data/status.json cannot be written: ")
    assert "`status` and `ledger`" in caught.value.hint


@pytest.mark.parametrize(
    ("number", "hint"),
    [(28, "make room on the disk that holds"), (30, "is read-only"), (5, "look at the log")],
)
def test_a_disk_that_is_full_or_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, hint: str
) -> None:
    def refuse(_handle: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UsageError, match="cannot be written") as caught:
        write_text(tmp_path / "docs/_data/status.json", "{}")
    assert hint in caught.value.hint
    assert list((tmp_path / "docs/_data").iterdir()) == []


def test_a_draft_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied", f"{named['dir']}/.status.json.x1.tmp")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(UsageError) as caught:
        write_text(tmp_path / "status.json", "{}")
    assert caught.value.where == str(tmp_path)


@pytest.mark.case("compose/unwritable")
def test_a_folder_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Path, **_named: bool) -> None:
        raise PermissionError(13, "Permission denied", "docs/_data")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(UsageError, match="cannot be written: permission denied"):
        write_text(tmp_path / "docs/_data/status.json", "{}")
