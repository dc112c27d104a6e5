"""Finds this package's modules as any program does, not through pytest's rewriting of assertions.

Pytest takes every module of a plugin's distribution for one with assertions of tests: it reads and
hashes its source, and where it may not write beside it, compiles it again in every run. No module
of this package holds such an assertion.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class OwnModules:
    """Finds the modules of this package, for whoever imports them."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Python's own way to the module; None: somebody else's."""
        return PathFinder.find_spec(name, path) if name.startswith(_PREFIX) else None


def find_own_modules() -> None:
    """From now on modules of this package are imported without pytest; safe to call again."""
    if OwnModules not in sys.meta_path:
        sys.meta_path.insert(0, OwnModules)


def forget_own_modules() -> None:
    """Python ends faster when no function is left among what finds its modules."""
    if OwnModules in sys.meta_path:
        sys.meta_path.remove(OwnModules)


# Private

_PREFIX = f"{__name__.partition('.')[0]}."
