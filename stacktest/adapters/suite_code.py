"""Finds the files of tests' code, and computes a digest over them.

A pass is only valid for the code of its tests: the test file, the `conftest.py` files above it, the
packages that hold it, every module of the project that any of these import, and the data files that
this code opens. The process that has collected the tests lists these files, since only it knows to
which files imports were resolved; any process can compute the digest over them, which is the same
for the same content.
"""

import ast
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from stacktest.adapters.plain_files import read_plain
from stacktest.adapters.suite_data import DataFiles, Mentions, mentions
from stacktest.adapters.suites import Suites
from stacktest.adapters.syntax_nodes import nodes_of
from stacktest.core.fingerprint.digest import DIGEST_LENGTH, content_digest

IMPORTING_CALLS = frozenset({"import_module", "importorskip", "__import__"})


class _Source(NamedTuple):
    tree: ast.Module
    digest: str


class _Import(NamedTuple):
    """One import as written: `from ..a import b` is level 2, module `a`, name `b`."""

    module: str
    level: int = 0
    names: tuple[str, ...] = ()


_EMPTY = ast.Module(body=[], type_ignores=[])


def saved_at(path: Path) -> int | None:
    """The time of the file's last change in nanoseconds; None if it does not exist."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def read_tree(path: Path) -> ast.Module:
    """The syntax tree of the file; an empty one if it cannot be parsed."""
    return _read(path, saved_at(path)).tree


def read_nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of the file's syntax tree; the first is the module."""
    return _nodes(path, saved_at(path))


@cache
def is_foreign(file: Path | str) -> bool:
    """Whether a file belongs to an installation of Python, or to stacktest itself."""
    path = Path(file)
    if {"site-packages", "dist-packages"} & set(path.parts):
        return True
    return any(path.is_relative_to(folder) for folder in _installed())


def imported_by_call(node: ast.expr) -> str:
    """The module's name in `import_module("a.b")` or a similar call; empty if it has none."""
    if not isinstance(node, ast.Call) or not _calls_import(node.func):
        return ""
    return next(_texts(node.args[:1]), "")


class SuiteCode:
    """Digests over the present code of tests below `base`, each computed once."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._digests: dict[tuple[str, ...], str] = {}

    def digest(self, files: tuple[str, ...]) -> str:
        """16 hex digits over the files: the same in every checkout of the same content."""
        if files not in self._digests:
            lines = []
            for name in sorted(files, key=Path):
                path = Path(os.path.normpath(self._base / name))
                content = _read(path, saved_at(path)).digest
                lines.append(f"{_portable(name)}\0{content}\n")
            self._digests[files] = content_digest("".join(lines))[:DIGEST_LENGTH]
        return self._digests[files]


class CodeGraph:
    """Finds the files of tests' code, in the process that has collected the tests."""

    def __init__(
        self,
        suites: Suites,
        *,
        modules: Mapping[str, str] | None = None,
        search: Iterable[str] | None = None,
    ) -> None:
        self._suites = suites
        self._modules = modules
        self._search = tuple(sys.path if search is None else search)
        self._imported: dict[Path, frozenset[Path]] = {}
        self._resolved: dict[tuple[str, Path], tuple[Path, ...]] = {}
        self.searched: set[Path] = set()
        """Folders that were searched for modules; a new file in one may change an import."""
        # Cached: the files do not change during one collection.
        self._relative, self._near = cache(suites.relative), cache(self._folders_near)

    def files(self, path: Path, more: Iterable[Path] = ()) -> tuple[str, ...]:
        """The code and data files of the tests in `path`, relative to the suites' base."""
        code = self.code(path, more)
        data = {opened for file in code for opened in self._data(path).of(file, _mentions(file))}
        return tuple(sorted({self._relative(file) for file in code | data}))

    def code(self, path: Path, more: Iterable[Path] = ()) -> set[Path]:
        """The code files of the tests in `path`.

        `more` are files that belong to them without an import: plugins whose fixtures they use.
        """
        plugins = [name for flag, name in _pairs(self._suites.settings.addopts) if flag == "-p"]
        waiting = [path, *_conftests(path, self._suites), *more]
        waiting += [file for name in plugins for file in self._resolve(name, path)]
        code: set[Path] = set()
        while waiting:
            file = waiting.pop()
            if file not in code and not is_foreign(file):
                code.add(file)
                waiting += self._imports(file)
        return code

    # Private

    def _imports(self, file: Path) -> frozenset[Path]:
        if file not in self._imported:
            targets = set(_packages(file))
            for item in _import_statements(file, saved_at(file)):
                targets |= set(self._targets(file, item))
            self._imported[file] = frozenset(targets)
        return self._imported[file]

    def _targets(self, file: Path, item: _Import) -> Iterator[Path]:
        names = [".".join(filter(None, (item.module, name))) for name in ("", *item.names)]
        if item.level:
            parents = [file.parent, *file.parent.parents]
            folder = parents[min(item.level, len(parents)) - 1]
            for name in names:
                yield from self._module_files(name, folder)
            return
        for name in names:
            yield from self._resolve(name, file)

    def _resolve(self, name: str, file: Path) -> tuple[Path, ...]:
        """The files of an import, cached by folder: all files of a folder have the same result."""
        key = (name, file.parent)
        if key not in self._resolved:
            self._resolved[key] = tuple(self._files_of_import(name, file.parent))
        return self._resolved[key]

    def _files_of_import(self, name: str, folder: Path) -> Iterator[Path]:
        """The files that `import name` in `folder` executes: of loaded modules, and found ones."""
        top = name.partition(".")[0]
        loaded = self._loaded.get(top)
        if loaded is not None and is_foreign(loaded):
            return
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            if module := self._loaded.get(".".join(parts[:end])):
                yield Path(module)
        for near in self._near(folder):
            yield from self._module_files(name, near)
        if portions := self._portions.get(top):
            yield from self._first_files(name.partition(".")[2], portions)
        elif top not in self._loaded:
            yield from self._first_files(name, self._settled)

    def _first_files(self, name: str, folders: Iterable[Path]) -> Iterator[Path]:
        """The module's files in the first folder that has it, as in Python's own search."""
        for folder in folders:
            files = tuple(self._module_files(name, folder))
            if files:
                yield from files
                return

    def _module_files(self, name: str, folder: Path) -> Iterator[Path]:
        base = folder.joinpath(*name.split(".")) if name else folder
        candidates = (
            (base.with_suffix(".py"), base / "__init__.py") if name else (base / "__init__.py",)
        )
        self.searched |= {candidate.parent for candidate in candidates}
        yield from (candidate for candidate in candidates if candidate.is_file())

    @cached_property
    def _loaded(self) -> Mapping[str, str]:
        if self._modules is not None:
            return self._modules
        files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
        return {name: file for name, file in files.items() if isinstance(file, str)}

    @cached_property
    def _portions(self) -> dict[str, tuple[Path, ...]]:
        """The folders of each loaded package, also of packages without `__init__.py`."""
        if self._modules is not None:
            return {}
        paths = {name: getattr(module, "__path__", ()) for name, module in sys.modules.items()}
        return {
            name: tuple(Path(folder) for folder in folders if isinstance(folder, str))
            for name, folders in paths.items()
            if "." not in name and isinstance(folders, Iterable)
        }

    def _folders_near(self, folder: Path) -> tuple[Path, ...]:
        """Folders that may hold a module of the project, for a file in `folder`."""
        base = self._suites.base
        above = [place for place in (folder, *folder.parents) if place.is_relative_to(base)]
        return tuple(dict.fromkeys([*above, base]))

    @cached_property
    def _settled(self) -> tuple[Path, ...]:
        """The folders of `pythonpath` and of the search path, except installations."""
        search = [Path(name) for name in self._search if name and Path(name).is_dir()]
        here = [*self._suites.settings.pythonpath, *search]
        return tuple(folder for folder in here if not is_foreign(folder))

    def _data(self, path: Path) -> DataFiles:
        if self._suites.likely:
            return self._common_data
        return DataFiles([path.parent], base=self._suites.base)

    @cached_property
    def _common_data(self) -> DataFiles:
        return DataFiles(self._suites.likely, base=self._suites.base)


# Private


@cache
def _read(path: Path, _saved: int | None) -> _Source:
    """The file's tree and digest; the tree is empty if the file is gone or not valid Python.

    Both can happen when an editor saves a file at the end of a run.
    """
    try:
        content = read_plain(path)
    except OSError:
        return _Source(tree=_EMPTY, digest="gone")
    digest = content_digest(content)
    if path.suffix not in (".py", ""):
        return _Source(tree=_EMPTY, digest=digest)
    try:
        return _Source(tree=ast.parse(content, filename=str(path)), digest=digest)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _Source(tree=_EMPTY, digest=digest)


@cache
def _nodes(path: Path, saved: int | None) -> tuple[ast.AST, ...]:
    """All nodes of the file's tree, cached: walking the tree takes the most time."""
    return tuple(nodes_of(_read(path, saved).tree))


def _mentions(path: Path) -> Mentions:
    return _all_mentions(path, saved_at(path))


@cache
def _all_mentions(path: Path, saved: int | None) -> Mentions:
    return mentions(_nodes(path, saved))


@cache
def _import_statements(path: Path, saved: int | None) -> tuple[_Import, ...]:
    return tuple(sorted(set(_imported(_nodes(path, saved)))))


def _imported(nodes: Iterable[ast.AST]) -> Iterator[_Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (_Import(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield _Import(node.module or "", node.level, names)
        elif isinstance(node, ast.Call) and _calls_import(node.func):
            yield from (_Import(text) for text in _texts(node.args[:1]))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value and _is_plugins(node):
            yield from (_Import(text) for text in _texts([node.value]))


def _calls_import(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in IMPORTING_CALLS


def _is_plugins(node: ast.Assign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(name, ast.Name) and name.id == "pytest_plugins" for name in targets)


def _texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield from _texts(node.elts)


def _conftests(path: Path, suites: Suites) -> Iterator[Path]:
    """The `conftest.py` files from the test's folder up to the folder that pytest starts from."""
    file = suites.settings.file
    last = suites.base if path.is_relative_to(suites.base) or not file else file.parent
    for folder in path.parents:
        if (folder / "conftest.py").is_file():
            yield folder / "conftest.py"
        if folder == last or not folder.is_relative_to(last):
            return


def _packages(path: Path) -> Iterator[Path]:
    """The `__init__.py` of packages that hold a file; an empty one is not code."""
    for folder in path.parents:
        package = folder / "__init__.py"
        if not package.is_file():
            return
        if _read(package, saved_at(package)).tree.body:
            yield package


@cache
def _installed() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    folders = {Path(paths[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    return (*sorted(folders), Path(__file__).parents[1])


def _pairs(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each option with the word after it; `-pname` counts as two words."""
    for word, following in zip(words, (*words[1:], ""), strict=False):
        if word.startswith("-p") and len(word) > 2 and not word.startswith("--"):  # noqa: PLR2004
            yield "-p", word[2:]
        else:
            yield word, following


def _portable(name: str) -> str:
    """A name that is the same on every machine: of a file outside the project, its last parts."""
    return "/".join(Path(name).parts[-2:]) if name.startswith(("../", "/")) else name
