"""What `init` wrote and nobody edited is written again; all else stays."""

from pathlib import Path

import pytest

from stacktest.adapters.ledger.init_files import InitFiles


def test_a_file_that_nobody_edited_is_written_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "suites/test_a.py"
    path.parent.mkdir()
    InitFiles(tmp_path).create(path, "one")
    for text in ("two", "three"):
        assert InitFiles(tmp_path).renew(path, text)
        assert path.read_text() == text
    assert not InitFiles(tmp_path).renew(path, "three")


@pytest.mark.parametrize("content", [b"edited", b"\xff", None])
def test_an_edited_file_stays(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "test_a.py"
    InitFiles(tmp_path).create(path, "one")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert not InitFiles(tmp_path).renew(path, "two")
    assert (path.read_bytes() if path.exists() else None) == content


def test_a_file_of_others_and_one_of_another_clone_stay(tmp_path: Path) -> None:
    path = tmp_path / "test_a.py"
    path.write_text("one")
    assert not InitFiles(tmp_path).renew(path, "two")
    with pytest.raises(FileExistsError):
        InitFiles(tmp_path).create(path, "two")
    assert path.read_text() == "one"
