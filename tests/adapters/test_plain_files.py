"""A name that leads to a pipe, a device or a folder holds up nobody, and is never a crash."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose import env_files
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.part_names import load_detail
from stacktest.adapters.ledger.run_lock import read_holder
from stacktest.adapters.ledger.run_texts import read_texts
from stacktest.adapters.ledger.signing_key import read_key
from stacktest.adapters.ledger.stack_identity import stack_mark
from stacktest.adapters.plain_files import read_plain, read_plain_text
from stacktest.adapters.service_markers import may_name_services
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, UsageError

SECONDS = 10
DIGEST = "0123456789abcdef"


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def circle(path: Path) -> None:
    path.symlink_to(path.name)


KINDS: dict[str, Callable[[Path], None]] = {
    "pipe": pipe,
    "endless device": endless,
    "folder": folder,
    "link to itself": circle,
}
READERS: dict[str, Callable[[Path], Any]] = {
    "docs/_data/status.json": lambda root: ledger(root).read_status(),
    "docs/_data/status.meta.json": lambda root: ledger(root).read_meta(),
    "data/tests/cache/last_pass.json": lambda root: ledger(root).read_all(["cache"]),
    "data/tests/cache/last_run.json": lambda root: ledger(root).read_all(["cache"]),
    "data/tests/cache/history.jsonl": lambda root: ledger(root).read_all(["cache"]),
    ".stacktest/key": read_key,
    ".stacktest/id": stack_mark,
    ".stacktest/texts.json": read_texts,
    ".stacktest/run.holder.json": read_holder,
    f".stacktest/detail/cache/{DIGEST}.json": lambda root: load_detail(root, "cache", DIGEST),
    "suites/test_a.py": lambda root: may_name_services(root / "suites/test_a.py"),
}


def ledger(root: Path) -> Ledger:
    return Ledger(root, records="data/tests", status="docs/_data/status.json")


@pytest.fixture(autouse=True)
def _soon() -> Iterator[None]:
    """What would wait for ever is interrupted, and fails."""
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", READERS)
def test_it_ends_soon_and_in_order(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    KINDS[kind](path)
    refused = ""
    try:
        READERS[name](tmp_path)
    except (StacktestError, OSError) as error:
        refused = f"{error} {getattr(error, 'where', '')}"
    assert not refused or name in refused


def test_evidence_that_is_a_pipe_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "docs/_data/status.json"
    path.parent.mkdir(parents=True)
    pipe(path)
    status = ledger(tmp_path).read_status()
    assert isinstance(status, Unknown)
    assert "it is a pipe, not a file" in status.why


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\r\ntwo\n")
    (tmp_path / "b").symlink_to("a")
    assert read_plain(tmp_path / "b") == b"one\r\ntwo\n"
    assert read_plain_text(tmp_path / "b") == "one\ntwo\n"


def test_an_environment_file_may_be_a_pipe_that_somebody_fills(tmp_path: Path) -> None:
    pipe(tmp_path / ".env")
    writer = threading.Thread(target=lambda: (tmp_path / ".env").write_text("A=1\n"))
    writer.start()
    assert env_files.read_env_file(tmp_path / ".env", {}) == {"A": "1"}
    writer.join()


def test_an_environment_file_that_nobody_fills_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env_files, "PATIENCE", 0.1)
    pipe(tmp_path / ".env")
    with pytest.raises(UsageError, match="nobody writes to it") as refusal:
        env_files.read_env_file(tmp_path / ".env", {})
    assert str(tmp_path / ".env") in refusal.value.where


@pytest.mark.parametrize("most", [None, 4, 5])
def test_a_file_of_at_most_so_many_bytes_is_read(tmp_path: Path, most: int | None) -> None:
    (tmp_path / "file").write_bytes(b"four")
    assert read_plain(tmp_path / "file", most=most) == b"four"
    with pytest.raises(OSError, match="more than 3 bytes"):
        read_plain(tmp_path / "file", most=3)
