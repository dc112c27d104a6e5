"""The inventory: every test that names a service, whatever this run selected.

A run with `-k` or `-m` still sees the whole collection before the deselection. A run with paths,
`--ignore`, `--lf` or node ids does not, and pytest says nothing about what it never collected; then
a second pytest collects everything, in the background, and the end of the run waits for it.
"""

from pathlib import Path

import pytest

from stacktest.application.required_tests import write_collected
from stacktest.pytest_plugin.collected_tests import read

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
        write_collected(self._file, read(items, config.rootpath), self._errors)


def is_whole(config: pytest.Config) -> bool:
    """Whether this run's own collection, before deselection, is the inventory."""
    source = config.args_source
    by_paths = source == pytest.Config.ArgsSource.ARGS
    return not by_paths and not any(config.getoption(name, None) for name in NARROWING)
