"""Names that cannot exist are not there, and text that is not UTF-8 has a line."""

from pathlib import Path

import pytest

from stacktest.adapters.foreign_paths import is_file, is_folder, matching, text_or_line

ODD = ["a" * 300, "a\0b", "x/../" * 2000 + "y"]


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_cannot_exist_is_not_there(name: str, tmp_path: Path) -> None:
    assert not is_file(tmp_path / name)
    assert not is_folder(tmp_path / name)


@pytest.mark.parametrize("pattern", [*ODD, "", "/x", "**x", "[", "***"])
def test_a_pattern_that_cannot_be_means_nothing(pattern: str, tmp_path: Path) -> None:
    assert matching(tmp_path, pattern) == []


def test_what_is_there_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("x")
    assert is_file(tmp_path / "a.conf")
    assert is_folder(tmp_path)
    assert matching(tmp_path, "*.conf") == [tmp_path / "a.conf"]


@pytest.mark.parametrize(("content", "line"), [(b"a\nb\xfc\n", 2), (b"\xff", 1), (b"a\n\xc3", 2)])
def test_the_first_line_that_is_not_utf_8(content: bytes, line: int, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    assert text_or_line(tmp_path / "x") == line


def test_text_is_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes("ü\r\n".encode())
    assert text_or_line(tmp_path / "x") == "ü\r\n"
