"""A rehearsal passed when something was proved and nothing failed; its document keeps its schema."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.records.rehearsal import Rehearsal, Rehearsed, Result
from stacktest.core.records.strict_json import RecordError

SCHEMA = Path(__file__).parents[3] / "schemas" / "rehearsal.v1.schema.json"
START = datetime(2026, 11, 29, 14, tzinfo=UTC)


def rehearsal(*results: Result) -> Rehearsal:
    return Rehearsal(
        id="ab12cd",
        run="20261129T140000-ab12cd",
        started=START,
        finished=START + timedelta(seconds=9),
        data="copy",
        copied_bytes=28672,
        paused_seconds=0.9784,
        services={
            f"s{number}": Rehearsed(result=result, why="" if result == "passed" else "why")
            for number, result in enumerate(results)
        },
    )


@pytest.mark.parametrize(
    ("results", "passed"),
    [
        (["passed"], True),
        (["passed", "left_out"], True),
        (["passed", "failed"], False),
        (["passed", "not_proved"], False),
        (["left_out"], False),
        ([], False),
    ],
)
def test_passed_means_proved_and_nothing_failed(results: list[Result], passed: bool) -> None:
    assert rehearsal(*results).passed is passed


def test_the_document_keeps_its_schema() -> None:
    document = rehearsal("passed", "failed", "not_proved", "left_out").to_dict()
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["paused_ms"] == 978
    assert document["services"]["s1"] == {"result": "failed", "image": "", "why": "why"}


@pytest.mark.parametrize("key", ["schema", "passed", "services"])
def test_a_document_without_one_of_its_keys_is_refused(key: str) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    document = rehearsal("passed").to_dict()
    del document[key]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize("drilled", [(), ("s0",)])
def test_it_reads_what_it_wrote(drilled: tuple[str, ...]) -> None:
    written = replace(rehearsal("passed", "failed"), drilled=drilled, paused_seconds=0.978)
    assert Rehearsal.from_dict(json.loads(json.dumps(written.to_dict()))) == written


def test_one_of_an_older_version_reads_as_drilling_nothing() -> None:
    document = rehearsal("passed").to_dict()
    del document["drilled"]
    assert Rehearsal.from_dict(document).drilled == ()


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ({"passed": False}, r"\$\.passed is not what \$\.services says"),
        ({"schema": "stacktest.rehearsal/2"}, "a newer stacktest wrote it"),
        ({"data": "half"}, r"\$\.data is 'half'"),
        ({"services": {"a": {"result": "passed"}}}, r"\$\.services\.a\.image is missing"),
        ({"services": {"a": {"result": "fine", "image": "", "why": ""}}}, "is 'fine'"),
        ({"more": 1}, r"\$\.more is not known"),
    ],
)
def test_a_damaged_one_is_refused(damage: dict[str, object], why: str) -> None:
    with pytest.raises(RecordError, match=why):
        Rehearsal.from_dict({**rehearsal("passed").to_dict(), **damage})
