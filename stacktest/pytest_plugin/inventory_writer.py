"""The second pytest process of an inventory: collects every test, writes the list, and ends."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.ledger.kept_inventory import Inputs
from stacktest.application.required_tests import write_collected, write_inputs
from stacktest.core.collected_test import Collection
from stacktest.pytest_plugin.broken_files import note_error
from stacktest.pytest_plugin.collected_tests import SEARCHED
from stacktest.pytest_plugin.inventory import take
from stacktest.pytest_plugin.inventory_inputs import inputs_of
from stacktest.pytest_plugin.suites import suites_of


class InventoryWriter:
    """The plugin of the second pytest process: collects the tests, writes them, stops."""

    def __init__(self, config: pytest.Config) -> None:
        self._file = Path(config.getoption("--stack-inventory"))
        self._reports: list[pytest.CollectReport] = []
        # This process only imports and ends: garbage collection would take a quarter of its time.
        gc.disable()

    def pytest_exception_interact(self, call: Any, report: object) -> None:
        """Note why a file cannot be collected, before its report is passed on."""
        if isinstance(report, pytest.CollectReport):
            note_error(report, call.excinfo.value)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember files that cannot be collected or skip themselves: their tests are hidden."""
        if report.outcome != "passed":
            self._reports.append(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Iterator[None]:
        """Write the tests as they are before any is deselected, with the markers that hooks add."""
        collected = list(items)
        yield
        collection = take(config, collected, self._reports, is_all=True)
        write_collected(self._file, collection)
        write_inputs(self._file, self._inputs(config, collected, collection))
        # Pytest and Python collect garbage at the end even with the collector disabled.
        gc.freeze()

    def _inputs(
        self, config: pytest.Config, items: list[pytest.Item], collection: Collection
    ) -> Inputs | str:
        if self._reports or collection.hidden:
            return "a file could not be collected, or is hidden"
        searched = config.stash.get(SEARCHED, frozenset())
        return inputs_of(config, suites_of(config), items, collection, searched)
