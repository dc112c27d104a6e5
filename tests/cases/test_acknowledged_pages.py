"""A service that serves docs pages can be acknowledged: the line that does so is no part of it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.adapters.compose.model import read_model
from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.config import Config
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.fingerprint import FINGERPRINT_VERSION, Fingerprint
from stacktest.core.freshness.docs_page import acknowledge, acknowledged, unacknowledged
from tests.cases.test_carried_over import IMAGE
from tests.support.known import known

pytestmark = pytest.mark.processes

PAGE = "docs/spokes/app.md"
TEXT = "# App\n\nIt shows these pages.\n"
KEY = Key(secret=b"k" * 32)


def bind(source: str, target: str, *, read_only: bool = True) -> dict[str, Any]:
    return {"type": "bind", "source": source, "target": target, "read_only": read_only}


KINDS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "a file": lambda root: {"volumes": [bind(f"{root}/{PAGE}", "/app.md")]},
    "a file that the container may write": lambda root: {
        "volumes": [bind(f"{root}/{PAGE}", "/app.md", read_only=False)]
    },
    "a folder": lambda root: {"volumes": [bind(f"{root}/docs", "/docs")]},
    "a folder that the container may write": lambda root: {
        "volumes": [bind(f"{root}/docs", "/docs", read_only=False)]
    },
    "the whole project": lambda root: {"volumes": [bind(str(root), "/repo")]},
    "baked by a build": lambda root: {
        "build": {"context": str(root), "dockerfile": "Dockerfile"},
    },
    "an additional context": lambda root: {
        "build": {
            "context": f"{root}/other",
            "dockerfile": "Dockerfile",
            "additional_contexts": {"pages": f"{root}/docs"},
        },
    },
    "a link": lambda root: {"volumes": [bind(f"{root}/linked.md", "/app.md")]},
    "a file of configs": lambda root: {"configs": [{"source": "page", "target": "/app.md"}]},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        PAGE: TEXT,
        "docs/spokes/db.md": "# Database\n\nIt keeps rows.\n",
        "Dockerfile": "FROM x\nCOPY docs /docs\n",
        "other/Dockerfile": "FROM x\nCOPY --from=pages . /docs\n",
        "compose.yml": "services:\n  app:\n    image: app:1\n  db:\n    image: db:1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "linked.md").symlink_to(PAGE)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def fingerprint(root: Path, kind: str) -> Fingerprint:
    services = {"app": {"image": "app:1", **KINDS[kind](root)}, "db": {"image": "db:1"}}
    document = {
        "name": "s",
        "services": services,
        "configs": {"page": {"name": "s_page", "file": f"{root}/{PAGE}"}},
    }
    stack = read_model(document, root=root, files=[root / "compose.yml"])
    images = dict.fromkeys(services, IMAGE)
    return read_fingerprints(stack, key=KEY, images=images, config=Config(root=root))["app"]


def acknowledge_page(root: Path, name: str, digest: str) -> None:
    page = root / name
    page.write_bytes(acknowledge(page.read_bytes().decode(), digest).encode())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", ["digest", "repo"])
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.rstrip("\n"),
        TEXT.replace("\n", "\r\n"),
        f"{TEXT}\n**Last change fingerprint:** TBD\n",
        "**Last change fingerprint:** `0123456789abcdef`\n\n# App\n\nIt works.\n",
        f"{TEXT}\n- **Last change fingerprint:** 0123456789abcdef\n\n## More\n\nAnd so on.\n\n\n",
    ],
    ids=["no line", "no line, no end", "CRLF", "to be done", "first line", "in a list"],
)
def test_a_page_names_what_it_is_a_part_of(root: Path, kind: str, which: str, text: str) -> None:
    (root / PAGE).write_bytes(text.encode())
    digest = known(getattr(fingerprint(root, kind), which))
    acknowledge_page(root, PAGE, digest)
    assert acknowledged((root / PAGE).read_bytes().decode()) == digest
    assert getattr(fingerprint(root, kind), which) == digest


@pytest.mark.parametrize("kind", ["a folder", "the whole project", "baked by a build"])
def test_the_line_of_another_page_does_not_count_either(root: Path, kind: str) -> None:
    before = fingerprint(root, kind)
    acknowledge_page(root, "docs/spokes/db.md", "f" * 16)
    assert fingerprint(root, kind).to_json() == before.to_json()


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_page_says_counts(root: Path, kind: str) -> None:
    acknowledge_page(root, PAGE, "f" * 16)
    before = fingerprint(root, kind)
    (root / PAGE).write_text((root / PAGE).read_text().replace("these pages", "other pages"))
    after = fingerprint(root, kind)
    assert (after.digest == before.digest, after.repo == before.repo) == (False, False)


def test_the_line_counts_in_what_is_not_the_page_of_a_service(root: Path) -> None:
    (root / "docs/notes.md").write_text(TEXT)
    before = fingerprint(root, "a folder")
    acknowledge_page(root, "docs/notes.md", "f" * 16)
    assert fingerprint(root, "a folder").digest != before.digest


FOURTH = {
    "a folder": ("5961e1db8b48b845", "ac456af2b545962d"),
    "baked by a build": ("cd8641dc14f9854d", "cf4fc83c29e8d727"),
}
"""Digest and digest of the repository, by the last program that made version 4, of an acknowledged page."""


@pytest.mark.parametrize("kind", FOURTH)
def test_passes_of_version_4_are_carried_over(root: Path, kind: str) -> None:
    acknowledge_page(root, PAGE, "0123456789abcdef")
    current = fingerprint(root, kind)
    assert current.version == FINGERPRINT_VERSION
    assert (current.carried[4], current.carried_repo[4]) == FOURTH[kind]
    assert current.digest != FOURTH[kind][0]
    (root / PAGE).write_text("# Another\n")
    changed = fingerprint(root, kind)
    assert changed.carried[4] != FOURTH[kind][0]


LINES = st.sampled_from(
    [
        "",
        "# App",
        "It works.",
        "**Last change fingerprint:** TBD",
        "  - **Last change fingerprint**: `x`",
    ]
)


@given(st.lists(LINES, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_whatever_a_page_looks_like_its_acknowledgement_leaves_the_rest(
    lines: list[str], newline: str, ends: bool
) -> None:
    text = newline.join(lines) + newline * ends
    plain = unacknowledged(text)
    for digest in ("0" * 16, "f" * 16):
        text = acknowledge(text, digest)
        assert unacknowledged(text) == plain
