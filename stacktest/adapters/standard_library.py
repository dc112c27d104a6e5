"""Keeps files of the project from replacing modules of the standard library for installed code.

A `secrets.py` or `http.py` beside `conftest.py` precedes the standard library's module on Python's
search path. Tests may import that file; stacktest and the libraries that it uses must not.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType


class StandardLibraryFirst:
    """A finder of standard library modules for importing modules that are installed."""

    def __init__(self, search: Sequence[str]) -> None:
        self._search = [folder for folder in search if _is_standard(folder)]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of the standard library's module; None: Python searches as usual."""
        if path is not None or name not in sys.stdlib_module_names:
            return None
        if not _is_installed(_importer(sys._getframe(1))):  # noqa: SLF001 - who imports
            return None
        return PathFinder.find_spec(name, self._search)


def prefer_standard_library() -> None:
    """Install the finder; a second call does nothing."""
    if not any(isinstance(finder, StandardLibraryFirst) for finder in sys.meta_path):
        sys.meta_path.insert(0, StandardLibraryFirst(sys.path))


# Private

_INSTALLED = ("site-packages", "dist-packages")
_BY_NAME = ("/_pytest/", "/pluggy/", "/importlib/")
"""Paths of importers whose module names come from others: it may be the project's module."""
_OWN = __file__.rpartition("/adapters/")[0] + "/"


def _importer(frame: FrameType | None) -> str:
    """The file of the importing module."""
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
