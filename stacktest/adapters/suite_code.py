"""What a test file says: how many checks each test makes, and which files make up its code.

A pass is only valid for the code that earned it, so the digest covers the test file, the conftest
files above it and every module of the project that it imports, directly or not.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

CHECKING_CALLS = ("expect", "raises", "fail")
CHECKING_PREFIXES = ("verify_", "assert_", "expect_")


class _Source(NamedTuple):
    tree: ast.Module
    digest: str


_EMPTY = ast.Module(body=[], type_ignores=[])


def saved_at(path: Path) -> int | None:
    """When the file was last saved, in nanoseconds; None where there is none any more."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def count_checks(path: Path, first_line: int) -> int:
    """Number of places where the function that starts at `first_line` of `path` can fail a test.

    Counted are `assert`, `expect(…)`, `raises(…)`, `fail(…)` and calls of `verify_*`, `assert_*`
    and `expect_*`. 0 means that the test cannot fail by a check of its own.
    """
    return _all_checks(path, saved_at(path)).get(first_line, 0)


class SuiteCode:
    """The code below `rootdir` that tests consist of, as it is now: one reading of it."""

    def __init__(self, rootdir: Path) -> None:
        self._rootdir = rootdir
        self._modules: dict[str, tuple[Path, ...]] = {}
        self._digests: dict[str, str] = {}

    def digest(self, path: str) -> str:
        """16 hex digits over `files`: the same in every checkout of the same content."""
        if path not in self._digests:
            self._digests[path] = self._digest(path)
        return self._digests[path]

    def files(self, path: str) -> tuple[Path, ...]:
        """The files whose content decides what the tests in `path` prove, sorted.

        They are the file itself, `conftest.py` files from its folder up to `rootdir`, and the
        modules under `rootdir` that any of these import.
        """
        first = self._rootdir / path
        files: set[Path] = set()
        waiting = [first, *_conftests(first, self._rootdir)]
        while waiting:
            current = waiting.pop()
            if current in files:
                continue
            files.add(current)
            for name in _imports(current, saved_at(current)):
                waiting += self._files_of(name)
        return tuple(sorted(files))

    def _digest(self, path: str) -> str:
        digest = hashlib.sha256()
        for file in self.files(path):
            name = file.relative_to(self._rootdir).as_posix()
            digest.update(f"{name}\0{_read(file, saved_at(file)).digest}\n".encode())
        return digest.hexdigest()[:16]

    def _files_of(self, module: str) -> tuple[Path, ...]:
        if module not in self._modules:
            self._modules[module] = tuple(_module_files(module, self._rootdir))
        return self._modules[module]


# Private


@cache
def _read(path: Path, _saved: int | None) -> _Source:
    """What the file says; a file that is gone says nothing, and half of one imports nothing.

    Both happen when somebody saves while a run comes to its end.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return _Source(tree=_EMPTY, digest="gone")
    digest = hashlib.sha256(content).hexdigest()
    try:
        return _Source(tree=ast.parse(content, filename=str(path)), digest=digest)
    except (SyntaxError, ValueError):
        return _Source(tree=_EMPTY, digest=digest)


@cache
def _imports(path: Path, saved: int | None) -> tuple[str, ...]:
    return tuple(sorted(set(_imported(_read(path, saved).tree))))


@cache
def _all_checks(path: Path, saved: int | None) -> dict[int, int]:
    """First line of a function (decorators included) → number of its checks."""
    return {
        min([node.lineno, *(d.lineno for d in node.decorator_list)]): _checks(node)
        for node in ast.walk(_read(path, saved).tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _checks(function: ast.AST) -> int:
    return sum(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and _is_check(node.func))
        for node in ast.walk(function)
    )


def _is_check(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in CHECKING_CALLS or name.startswith(CHECKING_PREFIXES)


def _conftests(path: Path, rootdir: Path) -> Iterator[Path]:
    for folder in path.parents:
        if (folder / "conftest.py").is_file():
            yield folder / "conftest.py"
        if folder == rootdir:
            return


def _module_files(name: str, rootdir: Path) -> Iterator[Path]:
    base = rootdir.joinpath(*name.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            yield candidate
