"""A pytest-xdist worker: tells the controller which tests it collected, and uses its stack.

Workers only read. The controller brings the stack up between the collection and the first test,
and writes how to reach it into the folder that both share; that folder holds no secret.
"""

from pathlib import Path

import pytest

from stacktest.application.evidence_folder import restrict_run
from stacktest.application.required_tests import write_collected
from stacktest.core.collected_test import Collection
from stacktest.pytest_plugin import blocked_tests
from stacktest.pytest_plugin import markers as collection
from stacktest.pytest_plugin.browser_output import page_options
from stacktest.pytest_plugin.collected_tests import read
from stacktest.pytest_plugin.stash import ASKED, DIVISION, JOIN, RUNNING, SHARED


class Worker:
    """The hooks of a worker process."""

    def __init__(self, config: pytest.Config, whole: Collection) -> None:
        workerinput: dict[str, str] = config.workerinput  # type: ignore[attr-defined]
        self.shared = Path(workerinput[SHARED])
        """The folder that controller and workers share."""
        self._name = workerinput["workerid"]
        self._whole = whole

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write the collected tests for the controller, which waits for them before it plans."""
        selected = Collection(tests=read(session.items, session.config))
        write_collected(self.shared / f"whole-{self._name}.json", self._whole)
        write_collected(self.shared / f"selected-{self._name}.json", selected)
        if DIVISION in session.config.stash:
            divided = Collection(tests=session.config.stash[DIVISION].selected)
            write_collected(self.shared / f"divided-{self._name}.json", divided)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Make the stack known to the fixtures before the first test that asks for it."""
        if RUNNING not in item.config.stash and collection.asks_for_stack(item):
            from stacktest.bootstrap.workers import join

            stash = item.config.stash
            stack = stash.get(JOIN, join)(self.shared, stash.get(ASKED, None))
            stash[RUNNING] = stack
            page_options(item.config, stack.run_id, self._name)
        blocked_tests.check(item, self.shared)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Restrict the run's folder of evidence to its owner."""
        if RUNNING in session.config.stash:
            restrict_run(session.config.rootpath, session.config.stash[RUNNING].run_id)
