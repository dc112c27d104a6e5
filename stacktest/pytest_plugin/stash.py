"""Where the plugin keeps things in pytest's stash; nothing here costs an import."""

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
    from stacktest.core.freshness.inputs import Judgement
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
"""Per process: Compose, asked what the stack is when the first test that asks for it was seen."""
NOT_UP: pytest.StashKey[tuple[Mapping[str, StartFailure], str]] = pytest.StashKey()
"""Per process: the services that could not be started, and the name of the front door."""
BLOCKED: pytest.StashKey[bool] = pytest.StashKey()
"""Per test: it did not run, since a service that it goes to could not be started."""
CONTACTS: pytest.StashKey[dict[str, int]] = pytest.StashKey()
"""Per test: service → how many answers came from it."""
LOOKS: pytest.StashKey[set[str]] = pytest.StashKey()
"""Per test: services whose container it looked at."""
DOUBTS: pytest.StashKey[dict[str, str]] = pytest.StashKey()
"""Per test: services that may have answered → where it is said who else may have."""
UNREACHED: pytest.StashKey[str] = pytest.StashKey()
"""Per test: why it ended without having reached one of its checks; empty: it did not."""
TRUST: pytest.StashKey[dict[Path | None, ServerTrust]] = pytest.StashKey()
"""Per process: the CA's file → which servers showed a certificate that it stands for."""
EVIDENCE: pytest.StashKey[Evidence] = pytest.StashKey()
"""Per test: what it left when it failed, whose page is completed when its fixtures have ended."""
IN_VARIANT: pytest.StashKey[bool] = pytest.StashKey()
"""Per test: a service of the stack runs with other settings now, so no answer proves anything."""
SHARED = "stacktest_shared"
"""Key of `workerinput`: the folder where controller and workers of pytest-xdist meet."""
OPEN_RUN: pytest.StashKey[RunFactory] = pytest.StashKey()
"""Per process: what makes a run, in place of `bootstrap.session.open_run`."""
JOIN: pytest.StashKey[StackJoiner] = pytest.StashKey()
"""Per worker: what joins the controller's stack, in place of `bootstrap.workers.join`."""
JUDGE: pytest.StashKey[StackJudge] = pytest.StashKey()
"""Per process: what judges for `--stale`, in place of `bootstrap.session.judge_tests`."""
NOTHING_STALE: pytest.StashKey[bool] = pytest.StashKey()
"""Per process: `--stale` took away every test that the other options left."""
DIVISION: pytest.StashKey[Division] = pytest.StashKey()
"""Per process: the shard that the command line asks for, and what was divided."""
COLLECTED: pytest.StashKey[list[pytest.Item]] = pytest.StashKey()
"""Per process: the tests before any was deselected."""


def trust_of(config: pytest.Config, ca: Path | None) -> ServerTrust:
    """What this process knows of servers and their certificates, by this CA."""
    from stacktest.adapters.tls import ServerTrust

    known = config.stash.setdefault(TRUST, {})
    if ca not in known:
        known[ca] = ServerTrust(ca)
    return known[ca]
