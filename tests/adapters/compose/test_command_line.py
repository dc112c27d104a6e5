"""Which folder a person means, and what they type: a link gives the project its name."""

from pathlib import Path

import pytest

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.compose.command_line import working_folder


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release of a stack; `current`, beside it, is a link to it."""
    folder = tmp_path / "2026-06-01"
    folder.mkdir()
    (folder / "compose.yaml").write_text("services: {cache: {image: 'redis:7'}}\n")
    (tmp_path / "current").symlink_to(folder)
    return folder


@pytest.mark.case("field/b03")
def test_a_folder_that_was_reached_by_a_link_keeps_the_link_s_name(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = release.parent / "current"
    monkeypatch.chdir(link)
    monkeypatch.setenv("PWD", str(link))
    assert working_folder() == link
    # As Compose does: its containers belong to the project `current`.
    assert Compose(working_folder(), (), ()).model().name == "current"
    monkeypatch.setenv("PWD", str(release))
    assert Compose(working_folder(), (), ()).model().name == "2026-06-01"


@pytest.mark.case("field/b03")
@pytest.mark.parametrize("pwd", ["", "/nowhere", "elsewhere"])
def test_what_the_shell_says_counts_only_where_it_is_this_folder(
    pwd: str, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(release)
    (release.parent / "elsewhere").mkdir()
    monkeypatch.setenv("PWD", str(release.parent / pwd) if pwd == "elsewhere" else pwd)
    assert working_folder() == release.resolve()
