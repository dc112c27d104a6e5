"""A failure, or that something else ran, is not forgotten with the record that held it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stacktest.core.freshness.states import State
from tests.support.stack_simulator import Service, StackSimulator


@pytest.fixture
def app(world: StackSimulator) -> Service:
    """A service that passed and is functional."""
    app = world.add("app")
    assert world.run().credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL
    return app


def keep(world: StackSimulator) -> Path:
    """A copy of all committed files, as git holds them."""
    copy = world.root / "kept"
    for name in ("data", "docs"):
        shutil.copytree(world.root / name, copy / name)
    return copy


def keep_in(world: StackSimulator, name: str) -> Path:
    """One more copy, beside the first."""
    copy = world.root / name
    for folder in ("data", "docs"):
        shutil.copytree(world.root / folder, copy / folder)
    return copy


def put_back(world: StackSimulator, copy: Path, *names: str) -> None:
    for name in names:
        target = world.root / name
        if target.is_dir():
            shutil.rmtree(target)
            shutil.copytree(copy / name, target)
        else:
            shutil.copy(copy / name, target)


def forget_here(world: StackSimulator) -> None:
    (world.root / ".stacktest" / "last_runs.json").unlink()


RECORD, RECORDS = "data/tests/app/last_run.json", "data/tests/app"

LOSSES: dict[str, tuple[tuple[str, ...], bool]] = {
    "the record": ((RECORD,), False),
    "the record, in a clone": ((RECORD,), True),
    "all records": ((RECORDS,), False),
    "all records, in a clone": ((RECORDS,), True),
    "records and status": (("data", "docs"), False),
}
"""What is put back → the files, and whether this machine has no memory of its own."""


@pytest.mark.case("freshness/c08-last-run-restored", "hard/D4-git-checkout-opens-gate")
@pytest.mark.parametrize("loss", LOSSES)
def test_a_failure_stands_when_an_older_record_is_put_back(
    world: StackSimulator, app: Service, loss: str
) -> None:
    names, is_clone = LOSSES[loss]
    copy = keep(world)
    world.run(app="failed")
    assert world.state("app") is State.FAILING
    put_back(world, copy, *names)
    if is_clone:
        forget_here(world)
    assert not world.gate().open
    judgement = world.index()["app"]
    assert judgement.state is State.FAILING
    assert set(judgement.reasons) == {f"test:{nodeid}" for nodeid in app.tests}
    # The same after a restart, after another look, and after a run that proves nothing.
    app.recreate()
    world.run(crash=True)
    assert world.state("app") is State.FAILING
    # A newer pass ends it, for every witness.
    assert world.run().credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL
    assert world.gate().open


@pytest.mark.parametrize("loss", LOSSES)
def test_something_else_that_ran_is_remembered_when_an_older_record_is_put_back(
    world: StackSimulator, app: Service, loss: str
) -> None:
    names, is_clone = LOSSES[loss]
    copy, first = keep(world), str(app.parts["config"])
    app.edit("config", "another")
    app.recreate()
    world.run(app="skipped")
    assert world.state("app") is State.CHANGED
    put_back(world, copy, *names)
    if is_clone:
        forget_here(world)
    app.parts["config"] = first
    app.recreate()
    judgement = world.index()["app"]
    assert (judgement.state, judgement.reasons) == (State.CHANGED, ("reverted",))
    assert world.run().credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL


def test_what_only_the_gate_saw_is_remembered_on_this_machine(
    world: StackSimulator, app: Service
) -> None:
    first = str(app.parts["config"])
    app.edit("config", "another")
    app.recreate()
    world.ledger.remember(world.judge_all())
    app.parts["config"] = first
    app.recreate()
    assert world.judge("app").reasons == ("reverted",)


def test_the_very_containers_prove_that_nothing_else_ran(
    world: StackSimulator, app: Service
) -> None:
    first = str(app.parts["config"])
    app.edit("config", "another")
    world.index()
    app.parts["config"] = first
    assert world.state("app") is State.FUNCTIONAL


def test_a_failure_of_two_runs_with_one_number_stands(world: StackSimulator, app: Service) -> None:
    """Two clones go on from one record: a failure here, a pass there, and then a merge."""
    copy = keep(world)
    world.run(id="here", app="failed")
    history = world.record("app", "history.jsonl").read_text()
    put_back(world, copy, "data", "docs")
    forget_here(world)
    world.run(id="there")
    ours = world.record("app", "history.jsonl").read_text()
    lines = dict.fromkeys((ours + history).splitlines())
    world.record("app", "history.jsonl").write_text("".join(f"{line}\n" for line in lines))
    numbers = [json.loads(line)["seq"] for line in lines]
    assert numbers.count(2) == 2
    assert world.state("app") is State.FAILING
    assert world.run().credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL


@pytest.mark.parametrize("place", ["here", "in a third clone"])
def test_a_failed_record_is_not_hidden_by_a_pass_of_the_same_number(
    world: StackSimulator, app: Service, place: str
) -> None:
    """A merge takes the last run of one side, and the pass and the history of the other."""
    copy = keep(world)
    world.run(id="there", app="failed")
    theirs = world.record("app", "last_run.json").read_text()
    put_back(world, copy, "data", "docs")
    forget_here(world)
    world.run(id="here")
    world.record("app", "last_run.json").write_text(theirs)
    if place == "in a third clone":
        forget_here(world)
    assert world.state("app") is State.FAILING
    assert world.run().credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL


def merge(world: StackSimulator, *histories: str) -> None:
    """The history as git's union of two branches leaves it."""
    lines = dict.fromkeys("".join(histories).splitlines())
    world.record("app", "history.jsonl").write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("order", ["ours first", "theirs first", "ours alone"])
@pytest.mark.parametrize("place", ["here", "there", "in a third clone"])
def test_a_later_failure_with_a_lower_number_stands_after_a_merge(
    world: StackSimulator, app: Service, order: str, place: str
) -> None:
    """Two clones on one engine number their runs without each other."""
    copy = keep(world)
    world.run(id="more")
    world.run(id="there")
    there = keep_in(world, "there")
    put_back(world, copy, "data", "docs")
    memory = world.root / ".stacktest/last_runs.json"
    memory_there = memory.read_text()
    forget_here(world)
    world.run(id="here", app="failed")
    history = world.record("app", "history.jsonl").read_text()
    put_back(world, there, "data", "docs")
    theirs = world.record("app", "history.jsonl").read_text()
    # A conflict is settled file by file: the pass may come without the line of its run.
    orders = {"ours first": (history, theirs), "theirs first": (theirs, history)}
    merge(world, *orders.get(order, (history,)))
    if place == "there":
        memory.write_text(memory_there)
    elif place == "in a third clone":
        forget_here(world)
    assert world.state("app") is State.FAILING
    assert not world.gate().open
    # The next run knows of both.
    assert world.run().credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL
    forget_here(world)
    assert world.state("app") is State.FUNCTIONAL


def test_a_record_of_another_clone_does_not_replace_what_this_machine_saw(
    world: StackSimulator, app: Service
) -> None:
    """Nothing of the run here is left: a merge took all of the other branch."""
    copy = keep(world)
    world.run(id="more")
    world.run(id="there")
    there = keep_in(world, "there")
    put_back(world, copy, "data", "docs")
    forget_here(world)
    world.run(id="here", app="failed")
    put_back(world, there, "data", "docs")
    judgement = world.index()["app"]
    assert judgement.state is State.EVIDENCE_MISSING
    assert judgement.reasons == ("older:run 2, which failed",)
    assert not world.gate().open
    assert world.run().credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL


def test_a_clone_that_went_on_from_here_is_believed(world: StackSimulator, app: Service) -> None:
    memory = (world.root / ".stacktest/last_runs.json").read_text()
    world.run(id="there")
    (world.root / ".stacktest/last_runs.json").write_text(memory)
    assert world.state("app") is State.FUNCTIONAL


@pytest.mark.parametrize("names", [("data", "docs"), (RECORDS,), (RECORD,)])
def test_an_older_pass_is_not_taken_for_the_newest(
    world: StackSimulator, app: Service, names: tuple[str, ...]
) -> None:
    copy = keep(world)
    world.run()
    put_back(world, copy, *names)
    judgement = world.index()["app"]
    assert (judgement.state, judgement.reasons) == (
        State.EVIDENCE_MISSING,
        ("older:run 2, which passed",),
    )
    gate = world.gate()
    assert (gate.open, gate.exit_code) == (False, 11)
    assert gate.blockers[0].command == "pytest --stale"
    assert world.run().credited() == {"app"}
    assert world.gate().open


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("{", "rm .stacktest/last_runs.json && pytest --stale"),
        ("[]", "rm .stacktest/last_runs.json && pytest --stale"),
        ('{"app": {"schema": "stacktest.last_run/2"}}', "pip install --upgrade stacktest"),
    ],
)
def test_a_memory_that_cannot_be_read_is_neither_forgotten_nor_replaced(
    world: StackSimulator, app: Service, text: str, command: str
) -> None:
    copy = keep(world)
    world.run(app="failed")
    put_back(world, copy, "data", "docs")
    memory = world.root / ".stacktest/last_runs.json"
    memory.write_text(text)
    judgement = world.index()["app"]
    assert judgement.state is State.ERROR
    assert judgement.reasons[0].startswith("evidence:last_runs: ")
    gate = world.gate()
    assert not gate.open
    assert gate.blockers[0].command == command
    assert world.run().credited() == set()
    assert memory.read_text() == text
    memory.unlink()
    assert world.run().credited() == {"app"}
    assert world.gate().open


def test_losing_a_run_that_decided_nothing_changes_nothing(
    world: StackSimulator, app: Service
) -> None:
    copy = keep(world)
    world.run(app="skipped")
    put_back(world, copy, "data", "docs")
    assert world.state("app") is State.FUNCTIONAL
    assert world.gate().open


def lose_records(world: StackSimulator) -> None:
    shutil.rmtree(world.root / "data")
    shutil.rmtree(world.root / "docs")


def lose_all_but_git(world: StackSimulator) -> None:
    lose_records(world)
    shutil.rmtree(world.root / ".stacktest")
    world.tracked |= {f"{RECORDS}/last_pass.json", f"{RECORDS}/last_run.json"}
    world.ledger = world.new_ledger()


@pytest.mark.case("freshness/c24-exempt-never-run")
@pytest.mark.parametrize("lose", [lose_records, lose_all_but_git])
def test_lost_records_are_missing_and_not_a_service_that_never_ran(
    world: StackSimulator, app: Service, lose: Callable[[StackSimulator], None]
) -> None:
    world.run(app="failed")
    world.index()
    lose(world)
    assert world.state("app") is State.EVIDENCE_MISSING
    assert world.run().credited() == {"app"}
    assert world.state("app") is State.FUNCTIONAL
