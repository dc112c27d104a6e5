"""The short form of the fuzz campaign, and that it would notice what it looks for."""

from pathlib import Path

import pytest

from campaigns import fuzz
from campaigns.common import Options
from campaigns.readers import Reader, all_readers
from stacktest.errors import StacktestError, UsageError


def test_no_reader_is_broken_by_its_input() -> None:
    report = fuzz.run(Options(short=True))
    assert report.faults == []
    assert int(str(report.rows[-1][1])) >= fuzz.SHORT


def test_most_seeds_are_what_the_reader_takes(tmp_path: Path) -> None:
    """Broken seeds would make a campaign of inputs that are all refused at once."""
    for reader in all_readers():
        taken = 0
        for number, seed in enumerate(reader.seeds):
            folder = tmp_path / f"{reader.name}{number}"
            folder.mkdir()
            taken += fuzz._fault(reader, seed, folder) == ""
        assert taken, reader.name


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (ValueError("x"), "ValueError at "),
        (RecursionError("x"), "RecursionError at "),
        (StacktestError("x"), "an error that ends with 70"),
    ],
)
def test_a_fault_is_noticed(error: Exception, what: str, tmp_path: Path) -> None:
    def read(_: bytes, __: Path) -> object:
        raise error

    reader = Reader(name="x", read=read, seeds=[b"a"])
    assert (fuzz._fault(reader, b"", tmp_path) or "").startswith(what)


def test_what_takes_too_long_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_: bytes, __: Path) -> object:
        # A loop of Python's own: within one call of C no signal is taken.
        while True:
            pass

    monkeypatch.setattr(fuzz, "LONGEST", 0.05)
    reader = Reader(name="x", read=read, seeds=[b"a"])
    assert "TooLong" in (fuzz._fault(reader, b"", tmp_path) or "")


def test_what_is_refused_is_no_fault(tmp_path: Path) -> None:
    def read(_: bytes, __: Path) -> object:
        raise UsageError("x")

    assert fuzz._fault(Reader(name="x", read=read, seeds=[b"a"]), b"", tmp_path) is None
