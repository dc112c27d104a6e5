"""Finds the data files below the suites that a test's code opens, from its text.

Tests read their cases from files beside them: `HERE / "cases.json"`, `glob("*.yaml")`,
`f"{name}.txt"`, a folder by its name. An edit of such a file changes what the test proves, so it
belongs to the test's code. Whether a test really opens it is known only when it runs; that its text
names it is known at any time and on every machine. Files that the code only writes are left out.
"""

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.syntax_nodes import nodes_of

LISTING_CALLS = frozenset({"iterdir", "listdir", "scandir", "walk"})
WRITING_CALLS = frozenset(
    {"write_text", "write_bytes", "screenshot", "save_as", "mkdir", "makedirs", "touch", "unlink"}
)
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules"})
WILD_CARDS = frozenset("*?[")
LONGEST = 200
"""Largest number of characters of a text that counts as the name of a file."""


class Mentions(Struct, frozen=True):
    """The names of files in the text of one code file."""

    patterns: frozenset[str]
    """File names, paths and globs; a value in an f-string is replaced by `*`."""
    lists_folder: bool
    """Whether the code lists a folder."""


def mentions(nodes: Sequence[ast.AST]) -> Mentions:
    """Every text in the code that may name a file or a folder that it reads."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    skipped = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    skipped |= {id(child) for tree in _written(nodes, calls) for child in nodes_of(tree)}
    texts = {_text(node) for node in nodes if id(node) not in skipped}
    return Mentions(
        patterns=frozenset(filter(None, map(_pattern, texts))),
        lists_folder=any(_called(call) in LISTING_CALLS for call in calls),
    )


class DataFiles:
    """The files below some folders; `of` selects those that a code file mentions."""

    def __init__(self, folders: Iterable[Path], *, base: Path) -> None:
        """`base` holds the project: links to folders elsewhere are not followed."""
        self._folders = tuple(folders)
        self._base = base

    def of(self, file: Path, mentioned: Mentions) -> set[Path]:
        """The data files that `file` opens: by name, by listing, or in a folder of its own name."""
        exact = {pattern for pattern in mentioned.patterns if not set(pattern) & WILD_CARDS}
        globs = mentioned.patterns - exact
        files = {path for pattern in exact for path in self._index.get(pattern, ())}
        files |= {
            path
            for path in self._paths
            if globs and path.suffix != ".py" and any(_ends(path, pattern) for pattern in globs)
        }
        folder = f"{file.parent}{os.sep}".replace(os.sep * 2, os.sep)
        beside = [path for text, path in self._texts if text.startswith(folder)]
        files |= {path for path in beside if _is_own(path, file)}
        data = [path for path in beside if path.suffix != ".py"]
        files |= {path for path in data if path.suffix in exact}
        if mentioned.lists_folder and not files:
            files = {path for path in data if path.parent == file.parent}
        return files - {file}

    @cached_property
    def _paths(self) -> tuple[Path, ...]:
        return tuple(
            sorted({path for folder in self._folders for path in _files_in(folder, self._base)})
        )

    @cached_property
    def _texts(self) -> tuple[tuple[str, Path], ...]:
        return tuple((str(path), path) for path in self._paths)

    @cached_property
    def _index(self) -> dict[str, set[Path]]:
        """The last parts of a path, or of a folder above it → the paths."""
        index: dict[str, set[Path]] = {}
        for folder in self._folders:
            depth = len(folder.parts)
            for path in _files_in(folder, self._base):
                ends = [len(path.parts)]
                if path.suffix != ".py":
                    ends += range(depth + 1, len(path.parts))
                for end in ends:
                    for start in range(1, end):
                        index.setdefault("/".join(path.parts[start:end]), set()).add(path)
        return index


# Private


def _files_in(folder: Path, base: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [
            name
            for name in folders
            if name not in SKIPPED_FOLDERS
            and not name.startswith(".")
            and _is_followed(Path(where, name), base)
        ]
        yield from (Path(where, name) for name in names if not name.endswith(".pyc"))


def _is_followed(folder: Path, base: Path) -> bool:
    """Whether it is not a link, or a link to a folder of the project that does not hold it."""
    if not folder.is_symlink():
        return True
    target = folder.resolve()
    return target.is_relative_to(base.resolve()) and not folder.parent.resolve().is_relative_to(
        target
    )


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _written(nodes: Iterable[ast.AST], calls: Iterable[ast.Call]) -> Iterator[ast.AST]:
    """Calls that write, and the assignments of the names that they use."""
    writing = [call for call in calls if _is_writing(call)]
    yield from writing
    names = {
        child.id for call in writing for child in nodes_of(call) if isinstance(child, ast.Name)
    }
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if any(isinstance(target, ast.Name) and target.id in names for target in targets):
            yield node


def _is_writing(call: ast.Call) -> bool:
    """Whether it is like `path.write_text(…)`, `page.screenshot(path=…)`, `open(…, "w")`."""
    name = _called(call)
    if name != "open":
        return name in WRITING_CALLS
    values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [value.value for value in values if isinstance(value, ast.Constant)]
    return any(
        isinstance(mode, str) and re.fullmatch(r"[rwaxbt+]{1,3}", mode) and set(mode) & set("wax+")
        for mode in modes
    )


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "*" for part in node.values]
        return "".join(map(str, parts))
    return ""


def _pattern(text: str) -> str:
    """The text as a pattern for the end of a path; empty when it names no file."""
    if len(text) > LONGEST or "\n" in text or "://" in text:
        return ""
    parts = [part for part in text.strip("/").split("/") if part not in (".", "..", "", "**")]
    pattern = "/".join(parts)
    return pattern if any(character.isalnum() for character in pattern) else ""


def _ends(path: Path, pattern: str) -> bool:
    """Whether the pattern matches as many last parts of the path as it has itself."""
    return fnmatchcase("/".join(path.parts[-pattern.count("/") - 1 :]), pattern)


def _is_own(path: Path, file: Path) -> bool:
    """Whether it is like `test_x/…` or `__snapshots__/test_x.…` beside `test_x.py`, of plugins."""
    parts = path.relative_to(file.parent).parts
    return parts[0] == file.stem or (
        len(parts) > 1 and parts[0] in ("__snapshots__", "snapshots") and file.stem in parts[1]
    )
