import os
import stat
from pathlib import Path

import pytest

from stacktest.adapters.ledger.part_names import KEPT, load_detail, save_detail
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.fingerprint import PARTS, Fingerprint
from stacktest.core.unknown import Unknown

ONE = Fingerprint(
    parts=dict.fromkeys(PARTS, "1" * 16),
    repo="a" * 16,
    key_id="k",
    detail={"config": {"a ü \udcff": "file:1"}},
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    save_detail(tmp_path, "app", ONE)
    assert load_detail(tmp_path, "app", str(ONE.digest)) == ONE.detail
    assert load_detail(tmp_path, "other", str(ONE.digest)) is None


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    save_detail(tmp_path, "app", ONE)
    files = [path for path in (tmp_path / ".stacktest/detail").rglob("*") if path.is_file()]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600]


def test_an_unknown_fingerprint_is_not_saved(tmp_path: Path) -> None:
    save_detail(tmp_path, "app", replace(ONE, parts={"image": Unknown("no engine")}))
    assert not (tmp_path / ".stacktest/detail").exists()


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    many = [replace(ONE, version=number) for number in range(KEPT + 3)]
    for each in many:
        save_detail(tmp_path, "app", each)
    known = [load_detail(tmp_path, "app", str(each.digest)) is not None for each in many]
    assert sum(known) == KEPT
    assert known[-1]


def test_what_is_saved_already_is_the_newest_again_and_not_written(tmp_path: Path) -> None:
    many = [replace(ONE, version=number) for number in range(KEPT)]
    for each in many:
        save_detail(tmp_path, "app", each)
    path = tmp_path / f".stacktest/detail/app/{many[0].digest}.json"
    written = path.stat()
    os.utime(path, ns=(0, 0))
    save_detail(tmp_path, "app", many[0])
    assert path.stat().st_ino == written.st_ino
    save_detail(tmp_path, "app", replace(ONE, version=KEPT))
    assert load_detail(tmp_path, "app", str(many[0].digest)) == ONE.detail
    assert load_detail(tmp_path, "app", str(many[1].digest)) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"detail": 1}', "{"])
def test_damage_costs_names_only(tmp_path: Path, text: str) -> None:
    save_detail(tmp_path, "app", ONE)
    (tmp_path / f".stacktest/detail/app/{ONE.digest}.json").write_text(text)
    assert load_detail(tmp_path, "app", str(ONE.digest)) is None


@pytest.mark.parametrize("digest", ["../../key", "", "1" * 15])
def test_only_digests_are_looked_up(tmp_path: Path, digest: str) -> None:
    assert load_detail(tmp_path, "app", digest) is None
