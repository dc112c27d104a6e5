"""Text from elsewhere stays readable, and nothing in it acts."""

import string
from dataclasses import dataclass
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.printable import one_line, printable, visible, visible_data

ACTING = {
    "colour": ("\x1b[31;1mred\x1b[0m", "red"),
    "colour by colons": ("\x1b[38:2::255:0:0mred", "red"),
    "clear": ("a\x1b[2J\x1b[Hb", "ab"),
    "cursor": ("a\x1b[1A\x1b[2Kb", "ab"),
    "title": ("a\x1b]0;OWNED\x07b", "ab"),
    "title ended by ST": ("a\x1b]2;OWNED\x1b\\b", "ab"),
    "clipboard": ("a\x1b]52;c;Y3VybA==\x07b", "ab"),
    "link": ("\x1b]8;;https://evil.example\x1b\\text\x1b]8;;\x1b\\", "text"),
    "device control": ('a\x1bP$q"p\x1b\\b', "ab"),
    "application": ("a\x1b_G payload\x1b\\b", "ab"),
    "one byte CSI": ("a\x9b31mb", "ab"),
    "one byte OSC": ("a\x9d0;OWNED\x9cb", "ab"),
    "character set": ("a\x1b(0b", "ab"),
    "reset": ("a\x1bcb", "ab"),
    "a title that never ends": ("a\x1b]0;OWNED\nb", "a\nb"),
    "half a sequence": ("a\x1b[", "a"),
    "nested": ("a\x1b\x1b[2Jb", "ab"),
    "backspace": ("rm\b\bls", "rmls"),
    "bell": ("a\x07b", "ab"),
    "null": ("a\x00b", "ab"),
    "delete": ("a\x7fb", "ab"),
    "overwriting": ("gate closed\rgate open", "gate closed gate open"),
    "windows": ("a\r\nb", "a\nb"),
    "other breaks": ("a\x0bb\x0cc\x85d\u2028e\u2029f", "a b c d e f"),
    "direction": ("a\u202eb\u2066c\u2069\u200fd", "abcd"),
    "invisible": ("a\u200bb\ufeffc\u2060d\u00ade", "abcde"),
    "tags": ("a\U000e0041\U000e007fb", "ab"),
    "not UTF-8": (b"f\xfcr.conf".decode("utf-8", "surrogateescape"), "f\\xfcr.conf"),
    "half a pair": ("a\ud83db", "a\\ud83db"),
}
"""Kind → the text, and what is left of it."""
COMMANDS = {
    "::error file=a::b": ": :error file=a::b",
    "  \t::set-output name=a::b": "  \t: :set-output name=a::b",
    "##vso[task.complete]": "# #vso[task.complete]",
    "x ##[error]y": "x # #[error]y",
    "##teamcity[blockOpened]": "# #teamcity[blockOpened]",
    "a\n::stop-commands::x": "a\n: :stop-commands::x",
    "\x1b[0m::error::x": ": :error::x",
    ":\x00:error::x": ": :error::x",
    "#\u200b#[error]": "# #[error]",
}
PLAIN = (
    "tests/test_a.py::test_b",
    "## Heading",
    "a: b",
    "Grüße, 日本 👩\u200d💻",
    "## [x]",
    "std::vector",
)


@pytest.mark.case("hard/E1-control-sequences-from-containers")
@pytest.mark.parametrize("kind", ACTING)
def test_what_acts_is_removed(kind: str) -> None:
    text, left = ACTING[kind]
    assert visible(text) == left


@pytest.mark.parametrize("text", COMMANDS)
def test_no_line_is_a_command_of_a_ci_system(text: str) -> None:
    assert printable(text) == COMMANDS[text]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_stays(text: str) -> None:
    assert one_line(text) == text


def test_a_name_begins_no_line() -> None:
    assert one_line("a\nb\tc\n") == "a\\nb\\tc"


def test_records_are_cleaned_inside() -> None:
    class Word(StrEnum):
        GOOD = "good"

    @dataclass(frozen=True)
    class Record:
        names: tuple[str, ...]
        word: Word

    record = Record(names=("a\x1b[2Jb",), word=Word.GOOD)
    document = {"k\x07": [record, 1, None, frozenset({"x\x00"})]}
    cleaned = visible_data(document)
    assert cleaned == {"k": [Record(names=("ab",), word=Word.GOOD), 1, None, frozenset({"x"})]}
    assert cleaned["k"][0].word is Word.GOOD


PIECES = [text for text, _ in ACTING.values()] + list(COMMANDS) + list(string.printable)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
def test_nothing_acts_however_it_is_put_together(text: str) -> None:
    result = printable(text)
    result.encode("utf-8")
    assert printable(result) == result
    assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in result)
    assert not any(0x7F <= ord(sign) < 0xA0 for sign in result)
    assert not any(
        line.lstrip().startswith("::error") or "##[" in line for line in result.split("\n")
    )
    assert "\n" not in one_line(text)
