"""The short forms of the campaigns about kills, disks, clocks, engines, updates and many runs."""

from collections.abc import Callable

import pytest

from campaigns import (
    clock,
    disk,
    drill,
    engine_restart,
    first_minute,
    kill_change,
    kill_drill,
    kill_run,
    rehearse,
    soak,
    swarm,
    two_runs,
    update,
)
from campaigns.common import Options, Report

SHORT = Options(short=True)


@pytest.mark.parametrize("run", [clock.run, disk.run], ids=["clock", "disk"])
def test_without_an_engine(run: Callable[[Options], Report]) -> None:
    report = run(SHORT)
    assert report.rows
    assert list(report.faults) == []


@pytest.mark.real_docker
@pytest.mark.slow
@pytest.mark.parametrize(
    "run",
    [
        kill_run.run,
        kill_change.run,
        kill_drill.run,
        update.run,
        drill.run,
        rehearse.run,
        two_runs.run,
        soak.run,
        engine_restart.run,
        first_minute.run,
        swarm.run,
    ],
    ids=[
        *("kill_run", "kill_change", "kill_drill", "update", "drill", "rehearse"),
        *("two_runs", "soak", "engine_restart", "first_minute", "swarm"),
    ],
)
def test_with_an_engine(run: Callable[[Options], Report]) -> None:
    report = run(SHORT)
    assert report.rows
    assert list(report.faults) == []
