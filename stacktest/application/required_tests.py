"""The tests that every service requires: collected by a second pytest, in the background.

A run with paths, `--ignore`, `--lf` or node ids does not see the whole collection, and the command
has none at all: then a second pytest collects everything, and who needs the answer waits for it.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from stacktest.adapters.atomic_write import write_atomically
from stacktest.core.collected_test import Collected


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


def write_collected(file: Path, tests: tuple[Collected, ...], errors: list[str]) -> None:
    """Hand collected tests to another process, whole or not at all."""
    data: dict[str, Any] = {"tests": [test.as_json() for test in tests], "errors": errors}
    write_atomically(file, json.dumps(data))


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
