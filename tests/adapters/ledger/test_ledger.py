"""The ledger survives whatever kills its writer."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.ledger import json_files as documents
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.core.freshness.states import State
from stacktest.core.unknown import Unknown
from stacktest.errors import UsageError
from tests.support.properties import examples
from tests.support.stack_simulator import START, StackSimulator, in_memory

#: Runs, changes and looks for as long as it lives; says so once it is under way.
WRITER = """
import sys
from pathlib import Path
from tests.support.stack_simulator import StackSimulator

world = StackSimulator(Path(sys.argv[1]))
for name in ("app", "db"):
    world.add(name)
print("writing", flush=True)
for number in range(10_000):
    world.run(**({"app": "failed"} if number % 3 == 2 else {}))
    if number % 4 == 3:
        world.services["app"].edit("config", str(number))
        world.services["app"].recreate()
    world.index()
"""


@pytest.mark.processes
def test_a_writer_that_is_killed_leaves_whole_documents(world: StackSimulator) -> None:
    dice = random.Random(20260106)
    for _ in range(min(100, examples(4).max_examples)):
        argv = [sys.executable, "-c", WRITER, str(world.root)]
        writer = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        time.sleep(dice.uniform(0.0, 0.2))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        documents_are_whole(world)


def documents_are_whole(world: StackSimulator) -> None:
    fresh = StackSimulator(world.root)
    fresh.now = START.replace(year=2030)
    for name in ("app", "db"):
        fresh.add(name)
        evidence = fresh.ledger.read(name)
        for one in (evidence.last_pass, evidence.last_run, evidence.previous):
            assert not isinstance(one, Unknown), one
        _, broken = fresh.ledger.history(name)
        assert broken == ()
        judgement = fresh.judge(name)
        assert judgement.state is not State.ERROR, judgement.reasons
    assert not isinstance(fresh.ledger.read_meta(), Unknown)
    # And the next one can go on: nobody holds the lock, nothing is in the way.
    fresh.run()


@pytest.mark.parametrize("after", range(1, 12))
def test_a_crash_between_any_two_writes_neither_credits_nor_hides(
    after: int, world: StackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails in the middle of its records: what was red stays red."""
    world.add("app")
    world.run()
    world.run(app="failed")
    world.index()
    left = after
    write = documents.write_text

    def crash(path: Path, text: str, *, mode: int = 0o644) -> bool:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return write(path, text, mode=mode)

    monkeypatch.setattr(documents, "write_text", crash)
    try:
        world.run()
        world.index()
    except KeyboardInterrupt:
        monkeypatch.setattr(documents, "write_text", write)
        state = world.index()["app"].state
        passed = json.loads(world.record("app").read_text())["run"]["seq"] == 3
        assert state is (State.FUNCTIONAL if passed else State.FAILING)
    else:
        assert after > 5


def test_what_breaks_during_a_run_is_not_covered_at_its_end(world: StackSimulator) -> None:
    world.add("app")
    world.add("db")
    world.run()
    whole = world.record("app").read_text()

    def tear() -> None:
        world.record("app", "history.jsonl").write_bytes(bytes([255]))

    ran = world.run(meanwhile=tear)
    assert ran.credited() == {"db"}
    assert ran.refused == {"app": "history.jsonl: history.jsonl is not UTF-8"}
    assert world.record("app").read_text() == whole


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"passed": 1}, "not every required test passed"),
        ({"required": 0, "passed": 0}, "not every required test passed"),
        ({"required": True}, "$.tests.required is True, not a count"),
        ({"required": -1}, "$.tests.required is -1, not a count"),
    ],
)
def test_a_pass_that_contradicts_itself(
    changes: dict[str, Any], why: str, world: StackSimulator
) -> None:
    world.add("app")
    world.run()
    tests = json.loads(world.record("app").read_text())["tests"]
    world.rewrite("app", tests=tests | changes)
    judgement = world.judge("app")
    assert judgement.state is State.ERROR
    assert why in judgement.reasons[0]


def test_an_open_run_is_told(world: StackSimulator) -> None:
    world.add("app")
    world.run(id="first")
    world.run(id="lost", crash=True)
    assert world.index()["app"].warnings == ("app: run lost never came to its end",)
    assert world.state("app") is State.FUNCTIONAL
    last_run = json.loads(world.record("app", "last_run.json").read_text())
    assert last_run["run"]["finished"] is None
    assert last_run["verdict"] is None


def test_runs_are_numbered_across_services_and_losses(world: StackSimulator) -> None:
    world.add("app")
    world.run()
    world.add("db")
    world.run()
    for name in ("last_pass.json", "last_run.json"):
        world.record("app", name).unlink()
    world.record("db", "last_run.json").unlink()
    world.run()
    assert json.loads(world.record("app", "last_run.json").read_text())["run"]["seq"] == 3


def test_a_torn_line_of_history_costs_that_line_only(world: StackSimulator) -> None:
    world.add("app")
    world.run()
    path = world.record("app", "history.jsonl")
    path.write_text(path.read_text() + '{"schema": "stacktest.hist')
    world.run()
    lines, broken = world.ledger.history("app")
    assert [line.seq for line in lines] == [1, 2]
    assert len(broken) == 1
    assert broken[0].startswith("history.jsonl:2 is not valid JSON")
    assert world.state("app") is State.FUNCTIONAL


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("{", "is not valid JSON"),
        ('{"a": 1, "a": 2}', "'a' is there twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ("null", "is null"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_what_is_no_document(text: str, why: str) -> None:
    found = documents.parse(text, "x.json")
    assert isinstance(found, Unknown)
    assert why in found.why


def test_reading_what_cannot_be_read(tmp_path: Path) -> None:
    assert documents.read_json(tmp_path / "none.json") is None
    assert documents.read_json(tmp_path / "none" / "none.json") is None
    found = documents.read_json(tmp_path)
    assert isinstance(found, Unknown)
    assert "cannot be read" in found.why
    (tmp_path / "x").write_bytes(bytes([255]))
    assert documents.read_json(tmp_path / "x") == Unknown("x is not UTF-8")


def test_writing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.json"
    old = os.umask(0o077)
    try:
        assert documents.write_json(path, {"b": "ü\udcff", "a": [1]})
    finally:
        os.umask(old)
    assert path.read_bytes().isascii()
    assert documents.read_json(path) == {"b": "ü\udcff", "a": [1]}
    assert path.stat().st_mode & 0o777 == 0o644
    before = path.stat().st_mtime_ns
    assert not documents.write_json(path, {"b": "ü\udcff", "a": [1]})
    assert path.stat().st_mtime_ns == before
    assert [one.name for one in path.parent.iterdir()] == ["x.json"]


def test_a_write_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    documents.write_json(path, {"old": 1})

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="no space left"):
        documents.write_json(path, {"new": 1})
    assert documents.read_json(path) == {"old": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_the_private_folder_ignores_itself() -> None:
    with in_memory() as world:
        world.add("app")
        world.run()
        assert (world.root / ".stacktest" / ".gitignore").read_text() == "*\n"
        assert (world.root / ".stacktest").stat().st_mode & 0o777 == 0o700


def test_records_may_lie_outside_of_the_stack(tmp_path: Path) -> None:
    """As on a runner whose workspace is thrown away."""
    root = tmp_path / "workspace"
    root.mkdir()
    ledger = Ledger(root, records=str(tmp_path / "kept"), status=str(tmp_path / "status.json"))
    evidence = ledger.read("app")
    assert (evidence.last_pass, evidence.passed_before, evidence.ran_before) == (None, False, False)
