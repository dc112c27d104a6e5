"""The entry point of the pytest plugin: exports the hooks of `pytest_plugin.hooks`.

Pytest rewrites the assertions of this module, which takes eight times as long for each line.
"""

# ruff: noqa: E402 - the next imports need the finder that is installed before them
from stacktest.pytest_plugin.own_modules import find_own_modules

find_own_modules()

from stacktest.pytest_plugin.hooks import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_itemcollected,
    pytest_load_initial_conftests,
    pytest_runtest_makereport,
)

__all__ = (
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_itemcollected",
    "pytest_load_initial_conftests",
    "pytest_runtest_makereport",
)
