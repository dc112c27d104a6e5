"""Modules of the standard library stay what they are, whatever files the project holds.

A `secrets.py` or `http.py` beside `conftest.py` comes before the standard library's module on
Python's search path. Tests may mean that file; stacktest and the libraries that it uses never do.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType


class StandardLibraryFirst:
    """Finds a module of the standard library for an importer that is installed itself."""

    def __init__(self, search: Sequence[str]) -> None:
        self._search = [folder for folder in search if _is_standard(folder)]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The standard library's module; None: Python looks as it always does."""
        if path is not None or name not in sys.stdlib_module_names:
            return None
        if not _is_installed(_importer(sys._getframe(1))):  # noqa: SLF001 - who imports
            return None
        return PathFinder.find_spec(name, self._search)


def prefer_standard_library() -> None:
    """From now on installed modules get the standard library's modules; safe to call again."""
    if not any(isinstance(finder, StandardLibraryFirst) for finder in sys.meta_path):
        sys.meta_path.insert(0, StandardLibraryFirst(sys.path))


# Private

_INSTALLED = ("site-packages", "dist-packages")
_BY_NAME = ("/_pytest/", "/pluggy/", "/importlib/")
"""Those who import by a name that somebody else gave them: it may be the project's module."""
_OWN = __file__.rpartition("/adapters/")[0] + "/"


def _importer(frame: FrameType | None) -> str:
    """The file of the module that imports."""
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame.f_code.co_filename if frame else ""


def _is_installed(file: str) -> bool:
    if any(part in file for part in _BY_NAME):
        return False
    return file.startswith(_OWN) or any(name in file for name in _INSTALLED) or _is_standard(file)


def _is_standard(path: str) -> bool:
    """Whether a folder or a file belongs to the standard library of this Python."""
    version = f"python{sys.version_info.major}{sys.version_info.minor}"
    library = f"{sys.base_prefix}/lib/python{sys.version_info.major}.{sys.version_info.minor}"
    is_inside = path == library or path.startswith(f"{library}/") or path.endswith(f"{version}.zip")
    return is_inside and not any(name in path for name in _INSTALLED)
