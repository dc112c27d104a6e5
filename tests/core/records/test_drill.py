"""The record of a drill survives its file, keeps its schema, and holds no word of a program."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.records.drill import Drill
from stacktest.core.records.strict_json import RecordError

SCHEMA = Path(__file__).parents[3] / "schemas" / "last_drill.v1.schema.json"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DRILL = Drill(
    service="db", run="r1", started=NOW, finished=NOW, result="rotten", step="test", tests=("t",)
)


@pytest.mark.parametrize("drill", [DRILL, replace(DRILL, made=NOW, restore_ms=7, result="rotten")])
def test_it_comes_back_from_json(drill: Drill) -> None:
    document = drill.to_dict()
    assert Drill.from_dict(document) == drill
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize(
    ("key", "value"),
    [("result", "fine"), ("step", "guess"), ("restore_ms", -1), ("schema", "stacktest.drill/2")],
)
def test_what_is_not_one_is_refused(key: str, value: object) -> None:
    with pytest.raises(RecordError):
        Drill.from_dict({**DRILL.to_dict(), key: value})
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**DRILL.to_dict(), key: value})
