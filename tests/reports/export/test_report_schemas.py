"""The documents that reports write hold against their published schemas, and no others do."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema.validators import Draft202012Validator

from stacktest.core.freshness.states import State
from stacktest.core.records.timeline import Timeline
from stacktest.reports.export.docs_data import docs_data
from stacktest.reports.report_data import Board
from tests.support.known import known

SCHEMAS = Path(__file__).parents[3] / "schemas"


def validator(name: str) -> Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / name).read_text()))


def test_the_data_for_documentation_sites_is_valid(board: Board) -> None:
    schema = validator("docs.v1.schema.json")
    data = docs_data(board)
    schema.validate(data)
    document: Any = schema.schema
    services = document["properties"]["stacktest"]["properties"]["services"]
    assert services["additionalProperties"]["properties"]["state"]["enum"] == [
        s.value for s in State
    ]
    damaged: tuple[Any, ...] = ({}, {"stacktest": {}}, {**data, "more": 1})
    for broken in damaged:
        with pytest.raises(jsonschema.ValidationError):
            schema.validate(broken)


def test_a_timeline_is_valid_and_reads_as_it_was_written(board: Board) -> None:
    document = known(board.timeline).to_dict()
    validator("timeline.v1.schema.json").validate(document)
    assert Timeline.from_dict(json.loads(json.dumps(document))).to_dict() == document
