"""Lists the files that decided a collection, so its inventory can be kept; or why it cannot.

All imported code of the project has to be plain, and every plugin has to be known: then the tests
depend only on files that can be listed. Any other collection is repeated each time.
"""

import os
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from stacktest.adapters.ledger.kept_inventory import Inputs
from stacktest.adapters.suite_code import is_foreign, read_tree
from stacktest.adapters.suites import Suites
from stacktest.core.collected_test import Collection
from stacktest.pytest_plugin.plain_code import first_act
from stacktest.pytest_plugin.written_functions import written_functions

KNOWN_PLUGINS = frozenset(
    {
        *(
            "_hypothesis_pytestplugin",
            "_pytest",
            "allure_pytest",
            "anyio",
            "hypothesis",
            "platformdirs",
        ),
        *("pluggy", "pytest", "pytest_asyncio", "pytest_base_url", "pytest_cov", "pytest_html"),
        *("pytest_metadata", "pytest_playwright", "pytest_randomly", "pytest_rerunfailures"),
        *("pytest_sugar", "pytest_timeout", "stacktest", "xdist"),
    }
)
"""Packages whose plugins make tests only from code, options and their own configuration."""
LARGEST = 2000
"""Most folders that are searched; a project with more of them is collected each time."""


def inputs_of(
    config: pytest.Config,
    suites: Suites,
    items: Sequence[pytest.Item],
    collection: Collection,
    searched: Iterable[Path],
) -> Inputs | str:
    """The files and folders that decide which tests exist, or why they cannot be listed."""
    modules = [module for module in list(sys.modules.values()) if _file(module)]
    own = [module for module in modules if not is_foreign(_file(module))]
    if why := _why_unknown(config, items, own):
        return why
    starts = {config.rootpath / argument for argument in config.args} | {*suites.likely}
    folders = {*starts, *_walk(starts)}
    if len(folders) > LARGEST:
        return f"there are more than {LARGEST} folders"
    code = {Path(_file(module)) for module in own}
    code |= {suites.base / name for test in collection.tests for name in test.files}
    code |= {file for folder in folders for file in folder.glob("*.py")}
    code |= {config.inipath} if config.inipath else set()
    tops = {suites.base, config.rootpath, *starts}
    folders |= {parent for file in code for parent in _up_to(file.parent, tops)}
    folders |= {Path(str(place)) for module in own for place in getattr(module, "__path__", ())}
    folders |= {Path(path) for path in sys.path if path} | set(searched)
    return Inputs(
        installed=tuple(sorted({*map(_file, modules), *_registrations()} - set(map(_file, own)))),
        own=tuple(sorted(map(os.path.normpath, code))),
        folders=tuple(sorted(map(str, folders))),
    )


# Private


def _why_unknown(
    config: pytest.Config, items: Sequence[pytest.Item], own: Sequence[types.ModuleType]
) -> str:
    """Why tests may depend on something that is in no listed file; empty: they do not."""
    for plugin in config.pluginmanager.get_plugins():
        name = plugin.__name__ if isinstance(plugin, types.ModuleType) else type(plugin).__module__
        if not _is_known_package(name) and sys.modules.get(name) not in own:
            return f"the plugin {name} is not known"
    for module in own:
        file = Path(_file(module))
        if file.suffix != ".py":
            return f"{file} is not Python's source"
        if act := first_act(read_tree(file), vars(module)):
            return f"{file}: {act}"
    files = {Path(_file(module)) for module in own}
    for item in items:
        for file in _written_in(item):
            if file not in files and not _is_known_file(file):
                return f"{item.nodeid} uses {file}, which is not the project's"
    return ""


def _file(module: types.ModuleType) -> str:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else ""


def _is_known_package(name: str) -> bool:
    return name.partition(".")[0] in KNOWN_PLUGINS


def _written_in(item: pytest.Item) -> Iterator[Path]:
    """The files of a test's function and of its fixtures."""
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    targets = [definition.func for group in definitions.values() for definition in group]
    for target in (getattr(item, "function", None), *targets):
        for function in written_functions(target):
            yield Path(function.__code__.co_filename)


@cache
def _is_known_file(file: Path) -> bool:
    """Whether a file belongs to a plugin that is known."""
    if not is_foreign(file):
        return False
    packages = {
        name.partition(".")[0]
        for name, module in list(sys.modules.items())
        if _file(module) == str(file)
    }
    return bool(packages & (KNOWN_PLUGINS | sys.stdlib_module_names))


def _walk(starts: Iterable[Path]) -> Iterator[Path]:
    """The folders that are searched for tests, the starts included."""
    seen: set[str] = set()
    for start in starts:
        for where, folders, _ in os.walk(
            start if start.is_dir() else start.parent, followlinks=True
        ):
            folders[:] = [
                name
                for name in folders
                if not fnmatchcase(name, ".*") and name not in ("__pycache__", "node_modules")
            ]
            real = os.path.realpath(where)
            if real in seen or len(seen) > LARGEST:
                folders.clear()
            seen.add(real)
            yield Path(where)


def _up_to(folder: Path, tops: Iterable[Path]) -> Iterator[Path]:
    """A folder and its parents, up to one of `tops`."""
    for place in (folder, *folder.parents):
        yield place
        if not any(place.is_relative_to(top) and place != top for top in tops):
            return


def _registrations() -> Iterator[str]:
    """Files that define Python's search path and pytest's plugins."""
    for path in map(Path, filter(None, sys.path)):
        if is_foreign(path / "any"):
            yield from map(str, path.glob("*.pth"))
            yield from map(str, path.glob("*-info/entry_points.txt"))
    yield from map(str, Path(sys.prefix).glob("pyvenv.cfg"))
