"""A file is replaced whole or not at all, whatever goes wrong meanwhile."""

import os
from pathlib import Path

import pytest

from stacktest.adapters.atomic_write import write_atomically


@pytest.mark.case("hard/D5-ack-tears-the-page")
def test_a_full_disk_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text("A sentence that a person wrote.\n")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(page, "another")
    assert page.read_text() == "A sentence that a person wrote.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["page.md"]


def test_the_mode_of_the_old_file_stays_unless_another_is_given(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write_atomically(page, "new")
    assert page.stat().st_mode & 0o777 == 0o644
    page.chmod(0o664)
    write_atomically(page, "edited")
    assert page.stat().st_mode & 0o777 == 0o664
    write_atomically(page, b"private", mode=0o600)
    assert page.stat().st_mode & 0o777 == 0o600


def test_a_link_keeps_pointing_to_the_file_that_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    page = tmp_path / "real" / "page.md"
    page.write_text("old\n")
    link = tmp_path / "page.md"
    link.symlink_to(page)
    write_atomically(link, "new\r\n")
    assert link.is_symlink()
    assert page.read_bytes() == b"new\r\n"
