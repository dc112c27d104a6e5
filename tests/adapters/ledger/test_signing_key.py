import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stacktest.adapters.ledger.signing_key import read_key
from stacktest.core.fingerprint.digest import Key
from stacktest.core.unknown import Unknown


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACKTEST_KEY", raising=False)


def test_the_first_use_makes_a_key_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key = read_key(tmp_path)
    finally:
        os.umask(before)
    assert isinstance(key, Key)
    assert len(key.secret) == 32
    assert stat.S_IMODE((tmp_path / ".stacktest/key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / ".stacktest").stat().st_mode) == 0o700
    assert sorted(p.name for p in (tmp_path / ".stacktest").iterdir()) == [".gitignore", "key"]
    assert read_key(tmp_path) == key


def test_git_does_not_see_it(tmp_path: Path) -> None:
    read_key(tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert subprocess.check_output(["git", "status", "--porcelain"], cwd=tmp_path) == b""


def test_the_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKTEST_KEY", "ab" * 32)
    assert read_key(tmp_path) == Key(secret=b"\xab" * 32)
    assert not (tmp_path / ".stacktest").exists()


@pytest.mark.parametrize("text", ["", "geheim", "ab" * 31, "ab" * 33, "zz" * 32])
def test_what_is_no_key_is_unknown_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("STACKTEST_KEY", text)
    found = read_key(tmp_path)
    assert isinstance(found, Unknown)
    assert found.why == (
        "the variable STACKTEST_KEY is not 64 hex digits; make one with: openssl rand -hex 32"
    )


@pytest.mark.parametrize("content", [b"", b"abc\n", b"\xff\xfe"])
def test_a_damaged_file_is_unknown_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    read_key(tmp_path)
    path = tmp_path / ".stacktest/key"
    path.write_bytes(content)
    assert isinstance(read_key(tmp_path), Unknown)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_unknown(tmp_path: Path) -> None:
    (tmp_path / ".stacktest").write_text("in the way")
    found = read_key(tmp_path)
    assert isinstance(found, Unknown)
    assert found.why.startswith(".stacktest/key cannot be used: ")


def test_programs_that_start_at_once_use_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: read_key(tmp_path), range(64)))
    assert len(found) == 1
