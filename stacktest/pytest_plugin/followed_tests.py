"""Makes the `RunningTest` plugin at the first test that asks for a stack: its imports cost time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stacktest.pytest_plugin.running_test import RunningTest

RUNNING_TEST: pytest.StashKey[RunningTest] = pytest.StashKey()


def follow_tests(config: pytest.Config) -> RunningTest:
    """The plugin that follows this process's tests, registered once."""
    if RUNNING_TEST not in config.stash:
        from stacktest.pytest_plugin.running_test import RunningTest

        config.stash[RUNNING_TEST] = RunningTest()
        config.pluginmanager.register(config.stash[RUNNING_TEST], "stacktest-running-test")
    return config.stash[RUNNING_TEST]
