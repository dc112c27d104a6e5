import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.fingerprint_inputs import files as files_module
from stacktest.adapters.fingerprint_inputs.files import FileReader, Reading, UnreadableError
from stacktest.core.fingerprint.digest import Key
from stacktest.core.unknown import Unknown

KEY = Key(secret=b"k" * 32)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "stack/conf").mkdir(parents=True)
    return tmp_path / "stack"


def read(root: Path, path: str, label: str | None = None, **given: Any) -> Reading:
    into = Reading()
    FileReader(root=root, key=KEY, **given).read(
        f"{root}/{path}", path if label is None else label, into
    )
    return into


def test_a_single_file(root: Path) -> None:
    (root / "one").write_text("abc")
    entry = read(root, "one").entries["one"]
    # The sha256 of "abc", from the standard that defines it.
    assert entry.content.startswith(
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert not entry.executable
    assert not entry.secret


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 19, 20, 21, 35])
def test_streaming_gives_the_digest_of_the_whole(
    root: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    monkeypatch.setattr(files_module, "CHUNK", 10)
    data = bytes(range(size))
    (root / "one").write_bytes(data)
    assert read(root, "one").entries["one"].content == hashlib.sha256(data).hexdigest()


def test_a_file_that_says_it_is_empty_is_still_read(root: Path) -> None:
    into = Reading()
    FileReader(root=root, key=KEY).read("/proc/version", "version", into)
    said = subprocess.check_output(["sha256sum", "/proc/version"], text=True)
    assert into.entries["version"].content == said.split()[0]


def test_nothing_there_is_nothing(root: Path) -> None:
    assert read(root, "conf").entries == read(root, "gone").entries == {}


def test_a_link_inside_is_followed_once_and_named_by_where_it_leads(root: Path) -> None:
    (root / "shared").mkdir()
    (root / "shared/x").write_text("1")
    (root / "shared/round").symlink_to("../conf")
    (root / "conf/a").symlink_to("../shared")
    (root / "conf/b").symlink_to("../shared")
    (root / "conf/self").symlink_to(".")
    (root / "conf/up").symlink_to("..")
    found = read(root, "conf").entries
    assert sorted(found) == [
        *("conf/a", "conf/b", "conf/self", "conf/up", "shared/round", "shared/x")
    ]
    assert found["conf/a"].content == "../shared"


def test_absolute_links_into_the_project_do_not_depend_on_where_it_lies(root: Path) -> None:
    (root / "x").write_text("1")
    (root / "conf/a").symlink_to(root / "x")
    (root / "conf/b").symlink_to("/etc/hostname")
    found = read(root, "conf").entries
    assert {path: e.content for path, e in found.items() if e.kind == "link"} == {
        "conf/a": "./x",
        "conf/b": "/etc/hostname",
    }
    assert sorted(found) == ["conf/a", "conf/b", "x"]


def test_a_mount_that_is_a_link_exposes_its_target_wherever_it_is(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "x").write_text("1")
    (root / "certs").symlink_to(outside)
    assert sorted(read(root, "certs").entries) == ["certs", "certs target/x"]


@pytest.mark.parametrize("links", [{"a": "a"}, {"a": "b", "b": "a"}])
def test_a_mount_that_is_a_link_to_itself_ends(root: Path, links: dict[str, str]) -> None:
    for name, target in links.items():
        (root / name).symlink_to(target)
    first = read(root, "a")
    (root / "a").unlink()
    (root / "a").write_text("a file")
    assert first.entries != read(root, "a").entries


def test_a_link_to_a_place_below_itself_names_itself(root: Path) -> None:
    (root / "a").symlink_to("a/x")
    with pytest.raises(UnreadableError, match="Too many levels of symbolic links"):
        read(root, "a")


def test_a_project_reached_through_a_link(root: Path) -> None:
    (root / "conf/x").write_text("1")
    (root / "conf/l").symlink_to(root / "conf/x")
    (root.parent / "alias").symlink_to(root)
    alias = root.parent / "alias"
    assert read(alias, "conf").entries == read(root, "conf").entries


@pytest.mark.parametrize(
    ("mode", "executable"),
    [(0o755, True), (0o700, True), (0o4711, True), (0o644, False), (0o600, False), (0o655, False)],
)
def test_only_whether_its_owner_may_execute_it_counts(
    root: Path, mode: int, executable: bool
) -> None:
    (root / "x").write_text("1")
    (root / "x").chmod(mode)
    assert read(root, "x").entries["x"].executable is executable


def test_kinds_are_told_and_nothing_blocks(root: Path) -> None:
    os.mkfifo(root / "conf/pipe")
    assert read(root, "conf").entries["conf/pipe"].kind == "fifo"
    assert read(root, "conf/pipe").entries["conf/pipe"].kind == "fifo"
    into = Reading()
    FileReader(root=root, key=KEY).read("/dev/null", "null", into)
    assert into.entries["null"].kind == "device"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "A=1"),
        ("tls.key", "x"),
        ("plain", "-----BEGIN EC PRIVATE KEY-----\nx"),
        ("declared", "x"),
    ],
)
def test_secrets_are_signed(root: Path, name: str, text: str) -> None:
    (root / "conf" / name).write_text(text)
    declared = frozenset({f"{root}/conf/declared"})
    mine = read(root, "conf", secret_paths=declared).entries[f"conf/{name}"]
    plain = Reading()
    FileReader(root=root, key=Key(secret=b"x" * 32), secret_paths=declared).read(
        f"{root}/conf", "conf", plain
    )
    assert mine.secret
    assert mine.content != plain.entries[f"conf/{name}"].content


def test_without_a_key_a_secret_is_only_named(root: Path) -> None:
    (root / "conf/.env").write_text("A=1")
    into = Reading()
    FileReader(root=root, key=Unknown("no key")).read(f"{root}/conf", "conf", into)
    assert into.unsigned == "conf/.env"
    assert into.entries["conf/.env"].content == ""


def test_what_stacktest_writes_is_not_read_back(root: Path) -> None:
    (root / "data/tests").mkdir(parents=True)
    (root / "data/tests/x").write_text("1")
    (root / "data/y").write_text("1")
    (root / ".stacktest").mkdir()
    (root / ".stacktest/key").write_text("k")
    own = frozenset({f"{root}/data/tests"})
    assert sorted(read(root, ".", "", own=own).entries) == ["data/y"]
    assert read(root, "data/tests", own=own).left_out == {"written by stacktest": {"data/tests"}}


def test_an_unreadable_file_names_itself(root: Path) -> None:
    # Reading this one fails for root, too, which no mode of a file achieves.
    into = Reading()
    with pytest.raises(UnreadableError, match=r"^cannot read mem: Input/output error$"):
        FileReader(root=root, key=KEY).read("/proc/self/mem", "mem", into)


def test_a_file_is_read_once_for_all_services(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "conf/x").write_text("1")
    reader = FileReader(root=root, key=KEY)
    reader.read(f"{root}/conf", "conf", first := Reading())
    monkeypatch.setattr("stacktest.adapters.fingerprint_inputs.files.os.open", None)
    reader.read(f"{root}/conf", "conf", second := Reading())
    assert first.entries == second.entries
