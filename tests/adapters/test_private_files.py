"""Folders and files that are their owner's alone, whatever the umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacktest.adapters.atomic_write import open_log
from stacktest.adapters.private_files import (
    make_private_folder,
    restrict_tree,
    write_private,
)


@pytest.fixture(params=[0o000, 0o022], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.usefixtures("umask")
def test_private_from_the_first_moment(tmp_path: Path) -> None:
    folder = make_private_folder(tmp_path / "a", ignored=True)
    write_private(folder / "b", "text")
    open_log(folder / "log").close()
    assert mode(folder) == 0o700
    assert {path.name: mode(path) for path in folder.iterdir()} == dict.fromkeys(
        (".gitignore", "b", "log"), 0o600
    )
    assert (folder / ".gitignore").read_text() == "*\n"


def test_what_is_there_already_is_mended(tmp_path: Path) -> None:
    folder, file = tmp_path / "a", tmp_path / "a/b"
    folder.mkdir(mode=0o755)
    file.write_text("before")
    file.chmod(0o644)
    make_private_folder(folder)
    write_private(file, "after")
    assert (mode(folder), mode(file), file.read_text()) == (0o700, 0o600, "after")
    assert not (folder / ".gitignore").exists()


def test_rights_of_others_are_taken_from_a_whole_tree(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("")
    outside.chmod(0o644)
    (tmp_path / "run/deep").mkdir(parents=True)
    (tmp_path / "run/deep/trace.zip").write_text("")
    (tmp_path / "run/link").symlink_to(outside)
    restrict_tree(tmp_path / "run")
    assert (mode(tmp_path / "run/deep"), mode(tmp_path / "run/deep/trace.zip")) == (0o700, 0o600)
    assert mode(outside) == 0o644, "a link is not followed"
