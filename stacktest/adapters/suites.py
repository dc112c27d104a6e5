"""Locates the tests of a stack, and reads pytest's configuration for them.

The suites do not depend on the folder, path, option or configuration file with which a run is
started, so their place is read from files: from the stack's folder, from `[stack] suites`, and from
the configuration file that pytest finds for the suites by itself.
"""

import configparser
import glob
import os
import shlex
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

#: File names in pytest's order, with the table or section that makes each a configuration.
CONFIG_FILES: tuple[tuple[str, str], ...] = (
    ("pytest.toml", "pytest"),
    (".pytest.toml", "pytest"),
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", "tool.pytest"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
ALWAYS = frozenset({"pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"})
"""Files that configure pytest even when they are empty."""


class PytestSettings(Struct, frozen=True, kw_only=True):
    """The settings of the configuration file that affect which tests are collected."""

    file: Path | None = None
    addopts: tuple[str, ...] = ()
    pythonpath: tuple[Path, ...] = ()
    testpaths: tuple[str, ...] = ()


class Suites(Struct, frozen=True, kw_only=True):
    """The folders of a stack's tests, and the folder that their names are relative to."""

    base: Path
    """The folder that node ids and paths of tests are relative to."""
    settings: PytestSettings
    folders: tuple[Path, ...] = ()
    """The folders of `[stack] suites`; empty: all tests that pytest collects in `base`."""
    likely: tuple[Path, ...] = ()
    """The folders that probably hold the stack's tests: `folders`, or existing `suites`."""

    def relative(self, path: Path) -> str:
        """`path` as in records: relative to `base`, with links resolved if necessary."""
        for candidate in (path, path.resolve()):
            if candidate.is_relative_to(self.base):
                return candidate.relative_to(self.base).as_posix()
        return Path(os.path.relpath(path.resolve(), self.base.resolve())).as_posix()

    def holds(self, path: Path) -> bool:
        """Whether tests in `path` are tests of the stack."""
        return not self.folders or _is_in(path, self.folders)

    def is_likely(self, path: Path) -> bool:
        """Whether `path` is in a folder that probably holds tests of the stack."""
        return _is_in(path, self.likely)


def locate_suites(root: Path, names: Iterable[str], *, pointer: Path | None = None) -> Suites:
    """The suites of the stack in `root`; `pointer` is the folder that names the stack, if any."""
    folders = tuple(Path(os.path.normpath(root / name)) for name in names)
    base = _base(root, folders, pointer)
    start = Path(os.path.commonpath(folders)) if folders else base
    guesses = (root / "suites", base / "suites")
    return Suites(
        base=base,
        settings=read_settings(start),
        folders=folders,
        likely=folders or tuple(folder for folder in guesses if folder.is_dir()),
    )


def read_settings(start: Path) -> PytestSettings:
    """The configuration file that pytest finds for `start`: the nearest one upward."""
    for folder in (start, *start.parents):
        for name, section in CONFIG_FILES:
            values = _values(folder / name, section)
            if values is not None:
                return _settings(folder / name, values)
    return PytestSettings()


def config_leaving_out(root: Path, name: str) -> str:
    """The name of `root`'s configuration file if its `testpaths` leave out a folder, or empty."""
    settings = read_settings(root)
    if settings.file is None or settings.file.parent != root or not settings.testpaths:
        return ""
    folder = root / name
    places = [path for text in settings.testpaths for path in _globbed(root, text)]
    is_left_out = not any(folder.is_relative_to(place) for place in places)
    return settings.file.name if is_left_out else ""


# Private


def _globbed(root: Path, text: str) -> list[Path]:
    """The paths that an entry of `testpaths` matches; pytest ignores one without a match."""
    plain = os.path.normpath(root / text)
    return [Path(plain), *(Path(path) for path in glob.glob(plain))]  # noqa: PTH207 - may be absolute


def _base(root: Path, folders: tuple[Path, ...], pointer: Path | None) -> Path:
    """The pointing folder, else the nearest folder upward from the stack that configures pytest."""
    if pointer is not None and not folders:
        return pointer
    file = read_settings(root).file
    base = file.parent if file else root
    if all(folder.is_relative_to(base) for folder in folders):
        return base
    return Path(os.path.commonpath([folder.parent for folder in folders]))


def _is_in(path: Path, folders: tuple[Path, ...]) -> bool:
    if any(path.is_relative_to(folder) for folder in folders):
        return True
    resolved = path.resolve()
    return any(resolved.is_relative_to(folder.resolve()) for folder in folders)


def _values(path: Path, section: str) -> dict[str, Any] | None:
    """The options of pytest in one file; None: the file does not configure pytest."""
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
        values = _toml(text, section) if path.suffix == ".toml" else _ini(text, section)
    except (OSError, ValueError, RecursionError, configparser.Error):
        # pytest itself reports errors in its configuration.
        values = {} if path.name in ALWAYS else None
    return {} if values is None and path.name in ALWAYS else values


def _toml(text: str, section: str) -> dict[str, Any] | None:
    table: Any = tomllib.loads(text)
    for key in section.split("."):
        table = table.get(key) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return None
    options = table.get("ini_options", table)
    return options if isinstance(options, dict) else {}


def _ini(text: str, section: str) -> dict[str, Any] | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    return dict(parser[section]) if parser.has_section(section) else None


def _settings(file: Path, values: dict[str, Any]) -> PytestSettings:
    return PytestSettings(
        file=file,
        addopts=_words(values.get("addopts", ())),
        pythonpath=tuple(file.parent / name for name in _words(values.get("pythonpath", ()))),
        testpaths=_words(values.get("testpaths", ())),
    )


def _words(value: Any) -> tuple[str, ...]:
    """The words of an option: a list in TOML, one text in other formats."""
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError:
            return tuple(value.split())
    return tuple(str(word) for word in value) if isinstance(value, list | tuple) else ()
