"""What a process of an update starts is its own, and goes with it alone."""

from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.adapters.engine.labels import RUN
from stacktest.bootstrap import update_moves
from stacktest.bootstrap.update_moves import UpdateMoves
from stacktest.core.observed_state import Container


def moves(*runs: str) -> UpdateMoves:
    """The moves of one process on an engine with containers of these runs."""
    containers = [
        Container(
            id=run,
            name=run,
            service="",
            project="",
            image_id="",
            image_ref="",
            state="running",
            labels={RUN: run} if run else {},
        )
        for run in runs
    ]
    project: Any = SimpleNamespace(engine=SimpleNamespace(containers=lambda: containers))
    progress: Any = None
    return UpdateMoves(project=project, update="ab12cd", progress=progress, holding=0, say=print)


def test_two_processes_of_one_update_never_remove_each_others_programs() -> None:
    first, second = moves().run_labels, moves().run_labels
    assert first != second


def test_what_killed_processes_of_this_update_left_is_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    removed: list[str] = []
    monkeypatch.setattr(update_moves, "remove_owned", lambda _, labels: removed.append(labels[RUN]))
    journal: Any = SimpleNamespace(data=())
    left = ("update-ab12cd-1", "update-ab12cd-2", "update-ab12cd-1", "update-ef-1", "run-1", "")
    moves(*left).tidy(journal)
    assert removed == ["update-ab12cd-1", "update-ab12cd-2"]
