"""What cannot be written costs one service, is said with its path, and never opens the gate."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters import atomic_write
from stacktest.core.freshness.states import State
from stacktest.errors import UsageError
from tests.support.stack_simulator import StackSimulator


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Files whose path holds this text cannot be written any more."""
    real = atomic_write.write_atomically

    def use(part: str) -> None:
        def write(path: Path, content: Any, *, mode: Any = None) -> None:
            if part in str(path):
                raise OSError(28, os.strerror(28), str(path))
            real(path, content, mode=mode)

        monkeypatch.setattr("stacktest.adapters.ledger.json_files.write_atomically", write)

    return use


def test_one_record_costs_its_service_only(
    world: StackSimulator, refuse: Callable[..., None]
) -> None:
    world.add("app")
    world.add("db")
    refuse("app/last_pass.json")
    ran = world.run()
    assert ran.credited() == {"db"}
    assert "app/last_pass.json cannot be written: no space left on device" in ran.refused["app"]
    assert world.index()["app"].state in (State.NEVER_RUN, State.EVIDENCE_MISSING)
    assert not world.gate().open


@pytest.mark.parametrize("file", ["last_run.json", "history.jsonl"])
def test_a_failure_that_cannot_be_recorded_stays_a_failure(
    world: StackSimulator, refuse: Callable[..., None], file: str
) -> None:
    world.add("app")
    world.run()
    assert world.gate().open
    refuse(f"app/{file}")
    world.run(app="failed")
    world.index()
    assert world.state("app") is State.FAILING
    assert not world.gate().open


def test_the_status_is_one_error_with_a_path(
    world: StackSimulator, refuse: Callable[..., None]
) -> None:
    world.add("app")
    world.run()
    refuse("status.json")
    world.services["app"].edit("config", "new")
    with pytest.raises(UsageError, match=r"status\.json cannot be written: no space left"):
        world.index()


def test_what_was_proved_is_told_where_the_status_cannot_be_written(
    world: StackSimulator, refuse: Callable[[str], None]
) -> None:
    world.add("app")
    world.run()
    world.services["app"].edit("config", "new")
    refuse("status.json")
    ran = world.run()
    assert ran.credited() == {"app"}
    assert ran.summary is not None
    assert isinstance(ran.summary.trouble, UsageError)
    assert "status.json cannot be written" in ran.summary.trouble.what
