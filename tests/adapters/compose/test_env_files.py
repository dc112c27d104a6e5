"""`.env` is read as Compose reads it; the values here are those that Compose 2.26 prints."""

from pathlib import Path

import pytest

from stacktest.adapters.compose.env_files import parse_env, read_env_files


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("V=one", "one"),
        ("V='one'", "one"),
        ('V="one"', "one"),
        ("V=one # a comment", "one"),
        ("V=a#b", "a#b"),
        ("V='a # b'", "a # b"),
        ("export V=one", "one"),
        ("V = spaced", "spaced"),
        ("V: yaml", "yaml"),
        ("V:yaml", "yaml"),
        ("V: yaml # a comment", "yaml"),
        ("V: 'a # b' # a comment", "a # b"),
        ("V: a#b", "a#b"),
        ('V="two\nlines"', "two\nlines"),
        (r'V="x\ny"', "x\ny"),
        ("A=x\nV=${A}y", "xy"),
        ("A=x\nV='${A}y'", "${A}y"),
        ('A=x\nV="$A-${NO:-z}"', "x-z"),
        ("A=x\nV=$$A", "$A"),
        ('V="a\\$b"', "a$b"),
        ("V=${SHELL_ONLY}", "shell"),
        ("SHELL_ONLY=file\nV=${SHELL_ONLY}", "shell"),
        ("V=", ""),
        ("\ufeffV=bom", "bom"),
        ("# V=no\nV=yes", "yes"),
        ("V=1\nV=2", "2"),
        ("not a line\nV=1", "1"),
    ],
)
def test_a_value(text: str, value: str) -> None:
    assert parse_env(text, {"SHELL_ONLY": "shell"})["V"] == value


def test_a_later_file_wins_and_a_missing_one_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("V=1\nW=1\n")
    (tmp_path / "b").write_text("V=2\nX=${W}\n")
    paths = [tmp_path / name for name in ("a", "gone", "b")]
    assert read_env_files(paths, {}) == {"V": "2", "W": "1", "X": "1"}
