"""A pass that an older version of the fingerprint recorded still counts where nothing moved.

The digests below were made by the last programs that made each version, of the project below.
"""

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose.model import read_model
from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.config import Config
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.compare import moved_parts
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.file_tree import Entry, tree_digest
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness import inputs
from stacktest.core.freshness.docs_page import PageFacts, judge_page
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.unknown import Unknown

pytestmark = pytest.mark.processes

PASS = FingerprintRecord(
    version=1,
    digest="a9f7ce8ecd673a0a",
    parts={
        "image": "8bf7f517c2e21608",
        "config": "3ed5096774957995",
        "env": "a125c75e8e11f7f5",
        "stanza": "cfe3f3f2c0488b1a",
        "build": "a28e120b0dfafadb",
    },
    repo="a5e7efd91b572f2d",
    key_id=Key(secret=b"k" * 32).key_id,
)
SECOND = FingerprintRecord(
    version=2,
    digest="de720447ad3f4acc",
    parts={
        "image": "8bf7f517c2e21608",
        "config": "58d13629dc3a2f59",
        "env": "a125c75e8e11f7f5",
        "stanza": "df0e142f9f0bc5ec",
        "build": "d9a267613bb49a98",
    },
    repo="71a0d7a88f055822",
    key_id=Key(secret=b"k" * 32).key_id,
)
THIRD = FingerprintRecord(
    version=3,
    digest="babb8b5c63dad144",
    parts={
        "image": "8bf7f517c2e21608",
        "config": "f3d1ce6022b12724",
        "env": "a125c75e8e11f7f5",
        "stanza": "df0e142f9f0bc5ec",
        "build": "7eb60da6185acfff",
    },
    repo="71a0d7a88f055822",
    key_id=Key(secret=b"k" * 32).key_id,
    keyed=("config", "env", "stanza", "build"),
)
FOURTH = FingerprintRecord(
    version=4,
    digest="8cdd0e3325fdd43a",
    parts={
        "image": "8bf7f517c2e21608",
        "config": "f3d1ce6022b12724",
        "env": "a125c75e8e11f7f5",
        "stanza": "df0e142f9f0bc5ec",
        "build": "125bff67035e7f5d",
    },
    repo="ea5ff12588a32954",
    key_id=Key(secret=b"k" * 32).key_id,
    keyed=("config", "env", "stanza", "build"),
)
FIFTH = replace(FOURTH, version=5, digest="a259eb93c288f8b4")
SIXTH = replace(FOURTH, version=6, digest="29e83b5970df858f")
OLDER = pytest.mark.parametrize(
    "record", [PASS, SECOND, THIRD, FOURTH, FIFTH, SIXTH], ids=lambda r: f"v{r.version}"
)
FILES = {
    "conf/a": "1",
    "data/db": "1",
    "ctx/Dockerfile": "# why\nFROM x\nCOPY a /a\n",
    "ctx/a": "1",
    "base/x": "1",
    "compose.yml": "services:\n  app:\n    image: app:1\n    restart: 'no'\n",
}
IMAGE = {
    "Os": "linux",
    "Architecture": "amd64",
    "RootFS": {"Layers": ["sha256:" + "a" * 64]},
    "Config": {"Cmd": ["x"]},
}


def document(root: Path) -> dict[str, Any]:
    app = {
        "image": "app:1",
        "restart": "no",
        "scale": 1,
        "privileged": False,
        "labels": {"auth": "u:$apr1$x"},
        "ulimits": {"nofile": 10},
        "deploy": {"replicas": 1},
        "healthcheck": {"test": ["CMD", "x"], "interval": "30s"},
        "environment": {"A": "1"},
        "volumes": [
            {"type": "bind", "source": f"{root}/conf", "target": "/c", "read_only": True},
            {"type": "bind", "source": f"{root}/data", "target": "/d"},
        ],
        "networks": {"default": None},
        "build": {
            "context": f"{root}/ctx",
            "dockerfile": "Dockerfile",
            "args": {"V": "1"},
            "additional_contexts": {"base": f"{root}/base"},
        },
    }
    networks = {"default": {"name": "s_default", "internal": False}}
    return {"name": "s", "services": {"app": app}, "networks": networks}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def fingerprint(root: Path, image: Any = IMAGE) -> Fingerprint:
    stack = read_model(document(root), root=root, files=[root / "compose.yml"])
    key = Key(secret=b"k" * 32)
    return read_fingerprints(stack, key=key, images={"app": image}, config=Config(root=root))["app"]


def reasons(
    current: Fingerprint, scope: str = "host", record: FingerprintRecord = PASS
) -> tuple[str, ...]:
    present = inputs.Present(
        service="app",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        observation=ServiceObservation(fingerprint=current),
        tests=inputs.Tests(digest="", required=0),
        stack="s",
    )
    return moved_parts(record, present, inputs.Policy(scope="repo" if scope == "repo" else "host"))


@OLDER
def test_what_has_not_changed_is_carried_over(root: Path, record: FingerprintRecord) -> None:
    current = fingerprint(root)
    assert current.version == 7
    assert current.digest != record.digest
    assert reasons(current, record=record) == ()
    assert reasons(current, "repo", record=record) == ()


def test_no_file_of_the_second_version_is_hashed_in_the_open(root: Path) -> None:
    current = fingerprint(root)
    assert {name for name in current.parts if current.parts[name] == SECOND.parts[name]} == {
        "image",
        "env",
        "stanza",
    }
    assert set(current.keyed) == {"config", "env", "stanza", "build"}


@OLDER
def test_what_changed_since_is_not(root: Path, record: FingerprintRecord) -> None:
    (root / "conf/a").write_text("2")
    current = fingerprint(root)
    assert reasons(current, record=record) == ("fingerprint_version",)
    assert reasons(current, "repo", record=record) == ("repo",)


def test_what_version_1_did_not_count_does_not_hinder(root: Path) -> None:
    (root / "data/db").write_text("2")
    (root / "base/x").write_text("2")
    assert reasons(fingerprint(root)) == ()


def test_a_pass_that_knew_other_files_by_names_of_state_is_not_carried_over(root: Path) -> None:
    (root / "data/zone.db").write_text("; of example.test")
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    assert reasons(fingerprint(root), record=THIRD) == ("fingerprint_version",)
    assert 4 in fingerprint(root).carried


def test_a_pass_that_did_not_know_the_folder_behind_a_volume_is_not_carried_over(
    root: Path,
) -> None:
    text = document(root)
    options = {"type": "none", "o": "bind", "device": f"{root}/conf"}
    mount = {"type": "volume", "source": "conf", "target": "/e", "read_only": True}
    text["services"]["app"]["volumes"].append(mount)
    text["volumes"] = {"conf": {"name": "s_conf", "driver": "local", "driver_opts": options}}
    stack = read_model(text, root=root, files=[root / "compose.yml"])
    key = Key(secret=b"k" * 32)
    read = read_fingerprints(stack, key=key, images={"app": IMAGE}, config=Config(root=root))
    assert set(read["app"].carried) == {6}


def test_a_part_that_is_unknown_is_neither_equal_nor_changed(root: Path) -> None:
    assert reasons(fingerprint(root, Unknown("no engine"))) == ()


def test_a_page_that_names_the_older_fingerprint_still_holds(root: Path) -> None:
    current = fingerprint(root)
    digests = {"fingerprint": str(current.digest), "repo_fingerprint": str(current.repo)}
    for line in (PASS.digest, PASS.repo):
        facts = PageFacts(text=f"It works.\n\n**Last change fingerprint:** {line}\n")
        page = judge_page(
            facts,
            **digests,
            older=lambda: (*current.carried.values(), *current.carried_repo.values()),
        )
        assert not isinstance(page, Unknown)
        assert page.state == "current"


def guesses(prefix: str, *, count: int = 10_000) -> set[str]:
    """Digests of every four-digit number in a file, in every way that needs no key."""
    found = set()
    for number in range(count):
        pin = f"{number:04d}".encode()
        for content in (pin, pin + b"\n"):
            entry = Entry(path=prefix, kind="file", content=hashlib.sha256(content).hexdigest())
            found |= {tree_digest([entry]), hashlib.sha256(content).hexdigest()[:16]}
    return found


@pytest.mark.parametrize("is_tracked", [True, False], ids=["tracked", "not tracked"])
def test_a_number_in_a_mounted_file_cannot_be_guessed(root: Path, *, is_tracked: bool) -> None:
    (root / "conf/a").write_text("4711")
    if not is_tracked:
        subprocess.run(["git", "rm", "-qf", "--cached", "conf/a"], cwd=root, check=True)
    written = set(fingerprint(root).parts.values())
    assert not written & guesses("conf/a")


def test_committing_a_file_does_not_change_what_the_service_is(root: Path) -> None:
    (root / "conf/new").write_text("4711")
    before = fingerprint(root)
    subprocess.run(["git", "add", "conf/new"], cwd=root, check=True)
    assert fingerprint(root).digest == before.digest
