"""Imports this package's modules without pytest's rewriting of assertions.

Pytest rewrites every module of a plugin's distribution: it reads and hashes its source, and if it
may not write beside the source, compiles it again in every run. No module of this package holds
an assertion that pytest has to rewrite.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class OwnModules:
    """A finder for `sys.meta_path` that finds the modules of this package."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec from Python's own finder; None: not a module of this package."""
        return PathFinder.find_spec(name, path) if name.startswith(_PREFIX) else None


def find_own_modules() -> None:
    """Import modules of this package without pytest's finder from now on; safe to call again."""
    if OwnModules not in sys.meta_path:
        sys.meta_path.insert(0, OwnModules)


def forget_own_modules() -> None:
    """Remove the finder: Python ends faster when `sys.meta_path` holds no Python function."""
    if OwnModules in sys.meta_path:
        sys.meta_path.remove(OwnModules)


# Private

_PREFIX = f"{__name__.partition('.')[0]}."
