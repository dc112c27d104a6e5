"""Records of shards are read wherever they lie, each once; what is none is torn."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from stacktest.adapters.shard_records import read_shards
from stacktest.core.shards.faults import Fault
from stacktest.core.shards.record import ShardRecord
from tests.support.sharded_run import Scenario, run_shards, text_of
from tests.support.stack_simulator import StackSimulator


def shop(world: StackSimulator, _remembers: bool) -> None:
    world.add("db", tests=2)


@pytest.fixture
def texts() -> list[str]:
    with ExitStack() as stack:
        return [text_of(record) for record in run_shards(stack, Scenario(prepare=shop))]


def test_each_is_read_once_wherever_it_lies(tmp_path: Path, texts: list[str]) -> None:
    for place, text in enumerate(texts, start=1):
        folder = tmp_path / f"job-{place}/reports/shards"
        folder.mkdir(parents=True)
        (folder / f"{place}-of-2.json").write_text(text)
        (folder / "junit.xml").write_text("<testsuites/>")
    places = [tmp_path, tmp_path / "job-1", tmp_path / "job-2/reports/shards/2-of-2.json"]
    records = list(read_shards(places))
    assert [str(r.shard) for r in records if isinstance(r, ShardRecord)] == ["1/2", "2/2"]
    assert len(records) == 2


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"schema": "stacktest.shard/2"}'])
def test_what_is_none_is_torn(tmp_path: Path, text: str) -> None:
    (tmp_path / "1-of-2.json").write_text(text)
    (fault,) = read_shards([tmp_path])
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.subject) == ("torn", str(tmp_path / "1-of-2.json"))


def test_one_whose_content_was_changed_is_torn(tmp_path: Path, texts: list[str]) -> None:
    document = json.loads(texts[0])
    document["outcomes"][0]["result"] = "failed"
    (tmp_path / "1-of-2.json").write_text(json.dumps(document))
    (fault,) = read_shards([tmp_path])
    assert isinstance(fault, Fault)
    assert "the record was changed" in fault.why
