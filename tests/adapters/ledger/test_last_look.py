"""Who asks for the status changes no file that git tracks, unless the answer is another one."""

from datetime import timedelta
from pathlib import Path

import pytest

from stacktest.adapters.ledger.last_look import FILE
from stacktest.adapters.ledger.state_dir import state_path
from tests.support.known import known
from tests.support.stack_simulator import StackSimulator


@pytest.fixture
def world(tmp_path: Path) -> StackSimulator:
    world = StackSimulator(tmp_path)
    world.add("app")
    world.run()
    world.index()
    return world


def look(world: StackSimulator, *, asked: bool) -> tuple[bytes, bytes]:
    """Both documents after the status was judged once more."""
    judgements = world.judge_all()
    world.ledger.write_status(judgements, world.meta(judgements), asked=asked)
    return world.ledger.status_path.read_bytes(), world.ledger.meta_path.read_bytes()


def test_an_unchanged_answer_leaves_the_files_alone_for_ever(world: StackSimulator) -> None:
    before = look(world, asked=True)
    for hours in (1, 30, 60):
        world.later(hours=hours)
        assert look(world, asked=True) == before
        # Pages of this machine still know that it was looked at.
        assert known(world.ledger.read_meta()).evaluated_at == world.now


def test_another_answer_is_written(world: StackSimulator) -> None:
    before = look(world, asked=True)
    world.services["app"].edit("config", "other")
    after = look(world, asked=True)
    assert after[0] != before[0]
    assert known(world.ledger.read_meta()).evaluated_at == world.now


def test_a_run_writes_when_it_was(world: StackSimulator) -> None:
    before = look(world, asked=False)
    world.later(minutes=30)
    assert look(world, asked=False) == before
    world.later(hours=2)
    status, meta = look(world, asked=False)
    assert status == before[0]
    assert meta != before[1]


def test_a_look_is_about_the_document_that_it_found(world: StackSimulator) -> None:
    """After a checkout another one lies there, that nobody has looked at."""
    meta_path = world.ledger.meta_path
    before, written = meta_path.read_bytes(), known(world.ledger.read_meta()).evaluated_at
    world.later(hours=3)
    look(world, asked=False)
    world.later(hours=3)
    look(world, asked=True)
    meta_path.write_bytes(before)
    assert known(world.ledger.read_meta()).evaluated_at == written


@pytest.mark.parametrize("text", ["", "[]", '{"of": 1}', "not JSON"])
def test_a_look_that_cannot_be_read_costs_nothing(world: StackSimulator, text: str) -> None:
    written = known(world.ledger.read_meta()).evaluated_at
    state_path(world.root, FILE).parent.mkdir(exist_ok=True)
    state_path(world.root, FILE).write_text(text)
    assert known(world.ledger.read_meta()).evaluated_at == written
    assert written <= world.now < written + timedelta(hours=1)
