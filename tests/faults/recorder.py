"""A pytest plugin that collects the suites once and then runs chosen files again and again.

    faults  ──── ["test_caddy", …], {node id} ───►  this plugin, inside pytest
            ◄─── {node id: word}, {node id: reason} ───────

One process for all faults: browser, imports and collection are paid once. Before each request the
stack's model is read again, because a fault may have changed what the compose file says.
"""

import os
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from stacktest.bootstrap.context import Project
from stacktest.core.changed_copy import replace
from stacktest.pytest_plugin import failure_artifacts as evidence
from stacktest.pytest_plugin.claims import KNOWN_FALSE
from stacktest.pytest_plugin.stash import RUNNING

ADDRESS = "STACKTEST_FAULTS_ADDRESS"
IMPATIENT = 6.0
"""Seconds that a check may wait which is expected to fail; all others have their own patience."""


class Recorder:
    """Hears what each test did."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test passed when all of its three stages did."""
        if report.failed:
            self.words[report.nodeid] = "failed"
            self.reasons.setdefault(report.nodeid, _last_line(report.longreprtext))
        elif report.skipped:
            is_judged = hasattr(report, KNOWN_FALSE)
            self.words[report.nodeid] = "known false" if is_judged else "skipped"
        elif report.when == "call" and self.words.get(report.nodeid) == "unfinished":
            self.words[report.nodeid] = "passed"


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Take requests until there are none; the stack was brought up before this."""
    address = os.environ.get(ADDRESS)
    if address is None or session.config.option.collectonly:
        return None
    _leave_no_evidence(session.config)
    with Client(address) as faults:
        faults.send(("ready", [item.nodeid for item in session.items]))
        while (asked := faults.recv()) is not None:
            files, doomed = asked
            _read_again(session.config)
            chosen = [item for item in session.items if item.path.stem in files]
            faults.send(_run(session, chosen, doomed))
    session._setupstate.teardown_exact(None)
    return True


@pytest.fixture(autouse=True)
def _impatient(request: pytest.FixtureRequest) -> None:
    """A broken page is given up after five seconds, not thirty."""
    if "page" in request.fixturenames and os.environ.get(ADDRESS):
        request.getfixturevalue("page").set_default_timeout(5000)


# Private


def _run(
    session: pytest.Session, items: list[pytest.Item], doomed: frozenset[str]
) -> tuple[dict[str, str], dict[str, str]]:
    # Not before the suites were collected: only then are its assertions explained.
    from fixtures import waiting

    recorder = Recorder()
    recorder.words.update(dict.fromkeys((item.nodeid for item in items), "unfinished"))
    session.config.pluginmanager.register(recorder)
    for item, following in zip(items, [*items[1:], session], strict=True):
        if hasattr(item, "_initrequest"):
            item._initrequest()
        waiting.LONGEST = IMPATIENT if item.nodeid in doomed else float("inf")
        # With the session itself as the last, what lives as long as it stays set up: the browser.
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    session.config.pluginmanager.unregister(recorder)
    return recorder.words, recorder.reasons


def _leave_no_evidence(config: pytest.Config) -> None:
    """Failures are expected by the dozen; their logs and traces would be the longest part."""
    evidence.gather = lambda *_: None
    config.option.tracing = config.option.screenshot = "off"


def _read_again(config: pytest.Config) -> None:
    running = config.stash[RUNNING]
    project = Project(Path(running.config.root), os.environ)
    # The routes are those of the whole stack: else the fixture `api` would refuse a name that leads
    # elsewhere now, and no check would have to notice who answers it.
    model = replace(project.stack, routes=running.model.routes)
    # In place, because the fixture `stack` lives as long as the session.
    object.__setattr__(running, "model", model)


def _last_line(text: str) -> str:
    marked = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return (marked or [""])[0][:200]
