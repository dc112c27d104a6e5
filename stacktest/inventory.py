"""The inventory: every test that names a service, whatever this run selected.

A run with `-k` or `-m` still sees the whole collection before the deselection. A run with paths,
`--ignore`, `--lf` or node ids does not, and pytest says nothing about what it never collected; then
a second pytest collects everything, in the background, and the end of the run waits for it.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from stacktest import collected
from stacktest.collected import Collected

NARROWING = ("ignore", "ignore_glob", "deselect", "lf", "failedfirst", "stepwise", "pyargs")
"""Options after which the collection may lack tests without a word."""


class InventoryWriter:
    """Plays the part of the plugin in the second pytest: collects, writes, stops."""

    def __init__(self, config: pytest.Config) -> None:
        self._file = Path(config.getoption("--stack-inventory"))
        self._errors: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected hides its tests."""
        if report.failed:
            self._errors.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Write before anything is deselected."""
        del session
        write_collected(self._file, collected.read(items, config.rootpath), self._errors)


class BackgroundInventory:
    """A second pytest that collects everything while the first one runs its tests."""

    def __init__(self, rootdir: Path, *, inipath: Path | None = None, stack: str = "") -> None:
        from concurrent.futures import ThreadPoolExecutor

        from stacktest.adapters.process import run

        self._folder = tempfile.TemporaryDirectory(prefix="stacktest-inventory-")
        self._file = Path(self._folder.name, "inventory.json")
        argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
        argv += ["-m", "", "-k", "", f"--stack-inventory={self._file}", f"--rootdir={rootdir}"]
        argv += ["-c", str(inipath)] if inipath else []
        argv += [f"--stack={stack}"] if stack else []
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        pool = ThreadPoolExecutor(max_workers=1)
        self._done = pool.submit(run, argv, cwd=rootdir, env=environment)
        pool.shutdown(wait=False)

    def read(self) -> tuple[tuple[Collected, ...], tuple[str, ...]]:
        """The tests and the errors of the whole collection; waits for its end."""
        done = self._done.result()
        try:
            return read_collected(self._file)
        except (OSError, ValueError):
            return (), (f"the tests could not be collected: {done.tail}",)
        finally:
            self._folder.cleanup()


def suites_folder(root: Path) -> Path:
    """Where pytest runs for the stack in `root`: the nearest folder upward that configures it."""
    return next((folder for folder in (root, *root.parents) if _configures_pytest(folder)), root)


def is_whole(config: pytest.Config) -> bool:
    """Whether this run's own collection, before deselection, is the inventory."""
    source = config.args_source
    by_paths = source == pytest.Config.ArgsSource.ARGS
    return not by_paths and not any(config.getoption(name, None) for name in NARROWING)


def write_collected(file: Path, tests: tuple[Collected, ...], errors: list[str]) -> None:
    """Hand collected tests to another process, whole or not at all."""
    data: dict[str, Any] = {"tests": [test.as_json() for test in tests], "errors": errors}
    part = file.with_suffix(".part")
    part.write_text(json.dumps(data), encoding="utf-8")
    part.replace(file)


def read_collected(file: Path) -> tuple[tuple[Collected, ...], tuple[str, ...]]:
    """What `write_collected` wrote."""
    data = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Collected.from_json(test) for test in data["tests"]), tuple(data["errors"])


# Private


def _configures_pytest(folder: Path) -> bool:
    if any((folder / name).is_file() for name in ("pytest.ini", ".pytest.ini", "pytest.toml")):
        return True
    sections = {
        "pyproject.toml": "[tool.pytest",
        "tox.ini": "[pytest]",
        "setup.cfg": "[tool:pytest]",
    }
    return any(
        (folder / name).is_file() and section in (folder / name).read_text(encoding="utf-8")
        for name, section in sections.items()
    )
