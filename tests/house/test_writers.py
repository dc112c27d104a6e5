"""Only one module writes files, and only one makes temporary folders: each file is whole or absent."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.rooms import PACKAGE

WRITER = "adapters/atomic_write.py"
TEMPORARY = "adapters/temporary.py"
WRITING = frozenset({"write_text", "write_bytes", "touch", "dump", "copyfile", "copy", "copy2"})
"""Calls that put content into a file that others may read meanwhile."""
MODULES = frozenset({"json", "pickle", "shutil", "yaml", "tomli_w"})
"""Modules whose functions of these names write; a method of that name need not."""
PLACING = frozenset(
    {"mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile"}
)
OTHERS = frozenset({"write_text", "write_bytes"})
"""Methods that nothing but a path has."""


def writes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each call that writes a file or makes a temporary one."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name, owner = called(node.func)
        if name == "open" and any(set(mode) & set("wax+") for mode in modes(node)):
            yield node.lineno, "open for writing"
        elif (
            name == "open"
            and owner == "os"
            and any("O_CREAT" in ast.dump(arg) for arg in node.args)
        ):
            yield node.lineno, "os.open with O_CREAT"
        elif (name in OTHERS and owner not in ("", "documents")) or name in PLACING:
            yield node.lineno, name
        elif name in WRITING and owner in MODULES:
            yield node.lineno, f"{owner}.{name}"


def called(function: ast.expr) -> tuple[str, str]:
    """The name that is called, and what it is called on."""
    if isinstance(function, ast.Attribute):
        owner = function.value
        return function.attr, owner.id if isinstance(owner, ast.Name) else "an expression"
    return getattr(function, "id", ""), ""


def modes(call: ast.Call) -> Iterator[str]:
    """The texts that may be the mode of an `open`."""
    values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    texts = (value.value for value in values if isinstance(value, ast.Constant))
    return (text for text in texts if isinstance(text, str) and len(text) <= 3 and text.isascii())


@pytest.mark.parametrize(
    "source",
    [
        "path.open('w')",
        "open(name, mode='ab')",
        "(folder / 'x').write_text('y')",
        "json.dump(document, file)",
        "tempfile.mkdtemp()",
        "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "shutil.copyfile(a, b)",
        "self._note.write_bytes(b'')",
    ],
)
def test_what_counts_as_writing(source: str) -> None:
    assert list(writes(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "path.open('rb')",
        "open(name)",
        "json.dumps(x)",
        "documents.write_text(p, t)",
        "os.open(p, os.O_RDONLY)",
    ],
)
def test_what_does_not(source: str) -> None:
    assert not list(writes(ast.parse(source)))


def test_one_module_writes_files(trees: dict[Path, ast.Module]) -> None:
    others = {
        f"{path.relative_to(PACKAGE)}:{line}": name
        for path, tree in trees.items()
        for line, name in writes(tree)
        if str(path.relative_to(PACKAGE)) not in (WRITER, TEMPORARY)
    }
    assert others == {}, "use stacktest.adapters.atomic_write, or stacktest.adapters.temporary"
