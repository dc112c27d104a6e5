"""The record of a shard survives its file, keeps its schema, and shows every change."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.records.strict_json import RecordError
from stacktest.core.shards.record import ShardRecord
from stacktest.core.unknown import Unknown
from tests.support.sharded_run import Scenario, run_shards
from tests.support.stack_simulator import NO_ENGINE, StackSimulator

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas/shard.v1.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def shop(world: StackSimulator, _remembers: bool) -> None:
    world.add("db", tests=2, drift=("env:X",))
    world.add("app", tests=2, depends_on=("db",))
    world.services["app"].parts["image"] = Unknown("no image here")
    world.add("idle", tests=0, carried={1: "a" * 16})
    world.start_failures = {"app": "app exited 3"}


@pytest.fixture
def record() -> ShardRecord:
    """A shard with one of everything."""
    with ExitStack() as stack:
        scenario = Scenario(prepare=shop, moved=frozenset({"db"}))
        first, second = run_shards(stack, scenario)
        return first if first.not_up else second


def test_it_comes_back_from_json(record: ShardRecord) -> None:
    document = json.loads(json.dumps(record.to_dict()))
    assert ShardRecord.from_dict(document).to_dict() == document
    VALIDATOR.check_schema(SCHEMA)
    VALIDATOR.validate(document)


def test_every_field_of_an_observation_is_in_the_record(record: ShardRecord) -> None:
    added_by_the_judge = {"dependencies", "optional", "doors"}
    # What a shard started ends with it; only a stack that stays is compared with its pass.
    of_the_stack_here = {"volumes", "unread"}
    written = record.to_dict()["before"]["db"].keys() - {"containers_unknown"}
    assert written | added_by_the_judge | of_the_stack_here == set(
        ServiceObservation.__struct_fields__
    )


def test_containers_that_nobody_could_see_stay_unknown(record: ShardRecord) -> None:
    document = record.to_dict()
    document["before"]["db"] |= {"containers": None, "containers_unknown": NO_ENGINE.why}
    VALIDATOR.validate(document)
    with pytest.raises(RecordError, match="digest"):
        ShardRecord.from_dict(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("index",), 3),
        (("count",), "2"),
        (("schema",), "stacktest.shard/2"),
        (("run", "git_commit"), 7),
        (("outcomes", 0, "result"), "fine"),
        (("before", "db", "fingerprint", "parts", "image"), None),
        (("before", "db", "fingerprint", "carried"), {"x": "y"}),
        (("before", "db", "containers_unknown"), " "),
        (("before", "app", "fingerprint", "unknown"), {"image": ""}),
        (("moves",), [{"service": "db"}]),
        (("digest",), "0" * 16),
    ],
)
def test_what_is_not_one_is_refused(
    record: ShardRecord, path: tuple[str | int, ...], value: Any
) -> None:
    document = json.loads(json.dumps(record.to_dict()))
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    with pytest.raises(RecordError):
        ShardRecord.from_dict(document)
