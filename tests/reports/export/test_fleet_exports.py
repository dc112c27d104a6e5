"""What programs read of a fleet: JSON by its schema, metrics that a scraper accepts."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from prometheus_client.openmetrics import parser

from stacktest.bootstrap.fleet import read_fleet
from stacktest.core.freshness.states import State
from stacktest.reports.export.fleet_json import fleet_document
from stacktest.reports.export.fleet_metrics import fleet_metrics
from stacktest.reports.fleet_data import Fleet, Trouble
from tests.support.ledger_folder import NOW, write_ledger

SCHEMA = Path(__file__).parents[3] / "schemas/fleet.v1.schema.json"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """A sound stack, its twin on another engine, an old one, one named twice and none."""
    places = [
        write_ledger(tmp_path / "shop", {"web": State.FUNCTIONAL, "db": State.CHANGED}),
        write_ledger(tmp_path / "twin", {"web": State.FUNCTIONAL}, stack="shop@e2"),
        write_ledger(tmp_path / "old", stack="old@e1", hours=100),
        *[write_ledger(tmp_path / 'odd "name"\n{x="1"}', stack='odd"\n@e1')] * 2,
        tmp_path / "nowhere",
    ]
    return read_fleet(map(str, places), NOW)


def samples(fleet: Fleet) -> list[Any]:
    """Every sample of the metrics, as the official parser reads them."""
    read: Any = parser.text_string_to_metric_families
    return [s for family in read(f"{fleet_metrics(fleet)}# EOF\n") for s in family.samples]


def test_the_document_is_valid(fleet: Fleet) -> None:
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    document = json.loads(json.dumps(fleet_document(fleet)))
    validator.validate(document)
    ledger = schema["$defs"]["ledger"]["properties"]
    assert set(ledger["trouble"]["enum"]) == {None, *(trouble.value for trouble in Trouble)}
    service = schema["$defs"]["service"]["properties"]
    assert set(service["state"]["enum"]) == {state.value for state in State}
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**document, "more": 1})


def test_the_metrics_are_valid_and_no_series_is_there_twice(fleet: Fleet) -> None:
    series = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples(fleet)]
    assert len(series) == len(set(series))
    assert all("stack" in dict(labels) for _, labels in series)


def test_no_service_of_a_ledger_that_is_not_believed_is_green(fleet: Fleet) -> None:
    proved = {
        (sample.labels["stack"], sample.labels["service"]): sample.value
        for sample in samples(fleet)
        if sample.name == "stacktest_service_functional"
    }
    assert {key for key, value in proved.items() if value} == {
        ("shop@e1", "web"),
        ("shop@e2", "web"),
    }
    assert ("old@e1", "web") in proved
