"""The journal reads what it wrote, keeps its schema, and knows what was put back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import jsonschema
import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.records.strict_json import RecordError
from stacktest.core.update.journal import (
    Candidate,
    Journal,
    OldContainer,
    SavedData,
    refused_again,
    works_again,
)
from stacktest.core.update.steps import Step

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "schemas" / "update.v1.schema.json").read_text(encoding="utf-8")
)
START = datetime(2026, 11, 29, 14, tzinfo=UTC)


def candidate(service: str = "app", digest: str = "d1") -> Candidate:
    return Candidate(
        service=service, image="sha256:2", named="", digest=digest, differs=("image:newer",)
    )


def journal(step: Step = "testing", *candidates: Candidate, hours: int = 0) -> Journal:
    return Journal(
        id=f"ab12c{hours}",
        step=step,
        started=START + timedelta(hours=hours),
        candidates=candidates or (candidate(),),
        containers=(
            OldContainer(
                service="app",
                name="shop-app-1",
                container="c1",
                image="sha256:1",
                spare="shop-update-ab12c0-0",
                ran=True,
            ),
        ),
        data=(SavedData(source="shop_data", volume="shop-update-ab12c0_0", services=("store",)),),
        writers=("c2",),
        model="m1",
        why="test_a failed",
    )


@pytest.mark.parametrize("step", get_args(Step))
def test_it_reads_what_it_wrote_and_keeps_its_schema(step: Step) -> None:
    written = replace(journal(step), finished=START, works=False, kept_until=START, stood_ms=12)
    written = replace(written, restored=("c3",))
    document = json.loads(json.dumps(written.to_dict()))
    assert Journal.from_dict(document) == written
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("data"),
        lambda d: d.update(step="gone"),
        lambda d: d.update(schema="stacktest.update/2"),
        lambda d: d.update(more=1),
        lambda d: d["containers"][0].pop("spare"),
    ],
)
def test_a_damaged_journal_is_refused(damage: Callable[[dict[str, object]], object]) -> None:
    document = journal().to_dict()
    damage(document)
    with pytest.raises(RecordError):
        Journal.from_dict(document)


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    document = journal().to_dict()
    del document["writers"]
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


@pytest.mark.parametrize(
    ("earlier", "refused"),
    [
        ([], False),
        ([journal("put_back")], True),
        ([journal("kept")], False),
        ([journal("given_up")], False),
        ([journal("put_back", candidate(digest="d2"))], False),
        ([journal("put_back", candidate("other"))], False),
        # Later it was kept, for example with other data.
        ([journal("put_back"), journal("kept", hours=1)], False),
        ([journal("kept"), journal("put_back", hours=1)], True),
        # Another candidate was tried since: then this one may be, too.
        ([journal("put_back"), journal("put_back", candidate(digest="d2"), hours=1)], False),
        ([journal("put_back"), journal("given_up", hours=1)], True),
    ],
)
def test_what_was_put_back_last_is_refused(earlier: list[Journal], refused: bool) -> None:
    assert bool(refused_again([candidate()], earlier)) is refused


def put_back(*, works: bool, hours: int = 0) -> Journal:
    return replace(journal("put_back", hours=hours), works=works, restored=("c1", "c2"))


@pytest.mark.parametrize(
    ("earlier", "ids"),
    [
        ([], set()),
        ([put_back(works=True)], {"c1", "c2"}),
        ([put_back(works=False)], set()),
        ([put_back(works=True), journal("given_up", hours=1)], {"c1", "c2"}),
        ([put_back(works=True), journal("kept", hours=1)], set()),
        ([put_back(works=True), put_back(works=False, hours=1)], set()),
    ],
)
def test_what_was_put_back_works_as_its_tests_said_until_the_next_update(
    earlier: list[Journal], ids: set[str]
) -> None:
    assert works_again(earlier, "app") == ids
    assert works_again(earlier, "nobody") == set()


def test_an_older_journal_says_of_no_container_that_it_was_put_back() -> None:
    document = journal("put_back").to_dict()
    del document["restored"]
    assert Journal.from_dict(document).restored == ()
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document)))


def test_what_a_person_undid_has_a_cause_in_words() -> None:
    assert journal("put_back").cause == "test_a failed"
    assert replace(journal("put_back"), why="").cause == "a person undid it"
