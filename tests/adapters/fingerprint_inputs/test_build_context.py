import os
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.fingerprint_inputs.build_context import left_out_of_context, read_build
from stacktest.adapters.fingerprint_inputs.files import FileReader, UnreadableError
from stacktest.core.fingerprint.digest import Key
from stacktest.core.model import Build
from stacktest.core.unknown import Unknown


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (
        "Dockerfile",
        "a.md",
        "src/b.md",
        "src/c.py",
        "node_modules/x",
        "keep/y",
        "keep/z",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def paths(root: Path, **build: Any) -> list[str]:
    reader = FileReader(root=root, key=Key(secret=b"k" * 32))
    found = read_build(reader, Build(context=str(root), **build))
    return sorted(path.removeprefix("context/") for path in found.reading.entries)


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("", ["a.md", "keep/y", "keep/z", "node_modules/x", "src/b.md", "src/c.py"]),
        ("*.md", ["keep/y", "keep/z", "node_modules/x", "src/b.md", "src/c.py"]),
        ("**/*.md", ["keep/y", "keep/z", "node_modules/x", "src/c.py"]),
        ("b.md", ["a.md", "keep/y", "keep/z", "node_modules/x", "src/b.md", "src/c.py"]),
        ("# note\n\n/keep/\n./src", ["a.md", "node_modules/x"]),
        ("keep\n!keep/y", ["a.md", "keep/y", "node_modules/x", "src/b.md", "src/c.py"]),
        ("*\n!src", ["src/b.md", "src/c.py"]),
        ("*\n!src\nsrc/*.md", ["src/c.py"]),
        ("!keep/y\nkeep", ["a.md", "node_modules/x", "src/b.md", "src/c.py"]),
    ],
)
def test_what_the_engine_would_be_sent(root: Path, ignore: str, left: list[str]) -> None:
    (root / ".dockerignore").write_text(ignore)
    found = set(paths(root)) - {".dockerignore"}
    assert "Dockerfile" in found
    assert sorted(found - {"Dockerfile"}) == left


def test_an_ignore_file_of_the_dockerfile_s_own_is_preferred(root: Path) -> None:
    (root / ".dockerignore").write_text("*")
    (root / "Dockerfile.dockerignore").write_text("*\n!src/c.py")
    assert paths(root) == ["Dockerfile", "src/c.py"]


def test_comments_of_what_the_build_reads_do_not_count(root: Path) -> None:
    def contents() -> dict[str, str]:
        build = Build(context=str(root), dockerfile="src/Dockerfile")
        reader = FileReader(root=root, key=Key(secret=b"k" * 32))
        entries = read_build(reader, build).reading.entries
        return {path: entry.content for path, entry in entries.items()}

    dockerfile, ignore = root / "src/Dockerfile", root / ".dockerignore"
    dockerfile.write_text("FROM x\nCOPY . .\n")
    ignore.write_text("*.md\n")
    before = contents()
    dockerfile.write_text("# why\nFROM x\n\n# all\nCOPY . .\n")
    ignore.write_text("# prose\n*.md\n")
    assert contents() == before
    dockerfile.write_text("FROM x\nCOPY . /app\n")
    changed = {path for path, content in contents().items() if content != before[path]}
    assert changed == {"Dockerfile", "context/src/Dockerfile"}
    # A file that only looks like one is a file like any other.
    (root / "Dockerfile").write_text("# not the one that is used\n")
    assert contents()["context/Dockerfile"] != before["context/Dockerfile"]


def test_the_dockerfile_may_lie_outside_the_context(root: Path) -> None:
    found = paths(root / "src", dockerfile="../Dockerfile")
    assert found == ["Dockerfile", "b.md", "c.py"]


def test_an_inline_dockerfile_is_in_the_stanza_instead(root: Path) -> None:
    assert "Dockerfile" not in paths(root / "src", inline=True)


def test_links_are_sent_as_links(root: Path) -> None:
    (root / "src/link").symlink_to("../keep")
    found = paths(root / "src", inline=True)
    assert found == ["b.md", "c.py", "link"]


def test_a_remote_context_is_no_file_here(root: Path) -> None:
    reader = FileReader(root=root, key=Unknown("no key"))
    found = read_build(reader, Build(context="https://example.test/x.git"))
    assert [entry.kind for entry in found.reading.entries.values()] == ["remote"]


@pytest.mark.parametrize(
    ("build", "why"),
    [
        ({"context": "gone"}, "the build context gone does not exist"),
        ({"context": "src", "dockerfile": "No"}, "the Dockerfile src/No does not exist"),
    ],
)
def test_what_is_missing_is_named(root: Path, build: dict[str, Any], why: str) -> None:
    given = Build(**{**build, "context": f"{root}/{build['context']}"})
    with pytest.raises(UnreadableError) as error:
        read_build(FileReader(root=root, key=Unknown("no key")), given)
    assert str(error.value) == why


def test_git_would_know_the_files_by_their_place_in_the_project(root: Path) -> None:
    reader = FileReader(root=root / "src", key=Unknown("no key"))
    found = read_build(reader, Build(context=str(root), dockerfile="Dockerfile")).reading.entries
    assert found["context/src/c.py"].source == "c.py"
    assert found["context/a.md"].source == "../a.md"
    assert found["Dockerfile"].source == "../Dockerfile"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"app\ncaf\xe9/**\n", ".dockerignore:2 is not UTF-8 text"),
        (b"[z-a]\n", ".dockerignore:1 is not a pattern"),
        (b"#\n" + b"*a" * 400, ".dockerignore:2 is too long to be a pattern"),
    ],
)
def test_an_ignore_file_that_is_broken_is_named_with_its_line(
    root: Path, content: bytes, why: str
) -> None:
    (root / ".dockerignore").write_bytes(content)
    with pytest.raises(UnreadableError, match=why.replace(".", "[.]")):
        paths(root)
    build = Build(context=str(root))
    assert not left_out_of_context(build, str(root / "x")), "it says so elsewhere"


def test_an_ignore_file_may_begin_with_a_byte_order_mark(root: Path) -> None:
    (root / ".dockerignore").write_bytes(b"\xef\xbb\xbf*\r\n!Dockerfile\r\n")
    assert all("Dockerfile" in path for path in paths(root))


@pytest.mark.timeout(20)
def test_a_pipe_in_the_place_of_the_ignore_file_is_named_and_not_waited_for(root: Path) -> None:
    os.mkfifo(root / ".dockerignore")
    with pytest.raises(UnreadableError, match=r"\.dockerignore: it is a pipe, not a file"):
        paths(root)
