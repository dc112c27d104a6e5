"""The keys under which the plugin stores values in pytest's stash; imports only pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stacktest.adapters.compose.client import Compose
    from stacktest.adapters.tls import ServerTrust
    from stacktest.application.judge import Judge
    from stacktest.application.running_stack import RunningStack
    from stacktest.application.shards import Division
    from stacktest.bootstrap.session import PytestRun, RunRequest
    from stacktest.core.collected_test import Collected
    from stacktest.core.freshness.judgement import Judgement
    from stacktest.core.runs.start_failure import StartFailure
    from stacktest.pytest_plugin.failure_artifacts import Evidence
    from stacktest.reports.terminal.progress_display import ProgressDisplay

    RunFactory = Callable[[RunRequest, ProgressDisplay, tuple[Collected, ...]], PytestRun]
    StackJudge = Callable[
        [RunRequest, tuple[Collected, ...] | None], tuple[Judge, Mapping[str, Judgement]]
    ]
    StackJoiner = Callable[[Path, Compose | None], RunningStack]

RUNNING: pytest.StashKey[RunningStack] = pytest.StashKey()
"""Per process: the stack, once it is up; absent when no collected test asks for one."""
ASKED: pytest.StashKey[Compose] = pytest.StashKey()
"""Per process: the Compose client whose `config` was started at the first test of the stack."""
NOT_UP: pytest.StashKey[tuple[Mapping[str, StartFailure], str]] = pytest.StashKey()
"""Per process: the services that could not be started, and the name of the front door."""
BLOCKED: pytest.StashKey[bool] = pytest.StashKey()
"""Per test: it did not run, since a service that it uses could not be started."""
BLOCKED_REPORT = "stacktest_blocked"
"""Attribute of a report: whether its test is `BLOCKED`."""
UNROUTED_REPORT = "stacktest_unrouted"
"""Attribute of a report: its test ended because a file of the front door could not be read."""
CONTACTS: pytest.StashKey[dict[str, int]] = pytest.StashKey()
"""Per test: service → how many answers came from it."""
LOOKS: pytest.StashKey[set[str]] = pytest.StashKey()
"""Per test: services whose container it looked at."""
DOUBTS: pytest.StashKey[dict[str, str]] = pytest.StashKey()
"""Per test: service that may have answered → the route or reason that leaves it in doubt."""
UNREACHED: pytest.StashKey[str] = pytest.StashKey()
"""Per test: why it ended without reaching any check, or missed a failed one; else empty."""
TRUST: pytest.StashKey[dict[Path | None, ServerTrust]] = pytest.StashKey()
"""Per process: the CA's file → which servers showed a certificate signed by it."""
EVIDENCE: pytest.StashKey[Evidence] = pytest.StashKey()
"""Per test: its evidence if it failed; the page is completed when its fixtures have ended."""
IN_VARIANT: pytest.StashKey[bool] = pytest.StashKey()
"""Per test: a service of the stack runs with other settings now, so no answer proves anything."""
SHARED = "stacktest_shared"
"""Key of `workerinput`: the folder that controller and workers of pytest-xdist share."""
OPEN_RUN: pytest.StashKey[RunFactory] = pytest.StashKey()
"""Per process: the function that makes a run, in place of `bootstrap.session.open_run`."""
JOIN: pytest.StashKey[StackJoiner] = pytest.StashKey()
"""Per worker: the function that joins the stack, in place of `bootstrap.workers.join`."""
JUDGE: pytest.StashKey[StackJudge] = pytest.StashKey()
"""Per process: the function that judges for `--stale`, else `bootstrap.session.judge_tests`."""
NOTHING_STALE: pytest.StashKey[bool] = pytest.StashKey()
"""Per process: `--stale` deselected every test that the other options had left."""
DIVISION: pytest.StashKey[Division] = pytest.StashKey()
"""Per process: the shard that the command line asks for, and the tests that were divided."""
COLLECTED: pytest.StashKey[list[pytest.Item]] = pytest.StashKey()
"""Per process: the tests before any was deselected."""


def trust_of(config: pytest.Config, ca: Path | None) -> ServerTrust:
    """Which servers showed this process a certificate of this CA; made at the first call."""
    from stacktest.adapters.tls import ServerTrust

    known = config.stash.setdefault(TRUST, {})
    if ca not in known:
        known[ca] = ServerTrust(ca)
    return known[ca]
