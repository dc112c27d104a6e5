"""A message, whole, as a telephone shows it and as a program reads it."""

import datetime as dt
import json
from pathlib import Path

import jsonschema
import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.states import State
from stacktest.core.runs.changes import CurrentStatus, News, ReportedStatus, news
from stacktest.reports.export.change_message import document, text, title
from stacktest.reports.report_data import Board

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas/news.v1.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
AT = dt.datetime(2026, 11, 20, 3, 17, tzinfo=dt.UTC)


def told(
    before: tuple[str, ...],
    board: Board,
    *,
    gate_open: bool = False,
    trouble: str = "",
    was: str = "",
) -> News:
    now = CurrentStatus(
        stack="reference", at=AT, services={} if trouble else board.status, gate_open=gate_open,
        trouble=trouble,
    )  # fmt: skip
    return news(ReportedStatus(functional=frozenset(before), trouble=was), now)


PROVED = ("caddy", "redis", "mariadb", "prometheus")


@pytest.fixture
def small(board: Board) -> Board:
    """Of the board's services four that are proved, and three that are not."""

    names = (*PROVED, "loki", "grafana", "librechat")
    return replace(board, status={name: board.status[name] for name in names})


def test_services_that_broke_and_one_that_works_again(small: Board) -> None:
    found = told((*PROVED[1:], "loki", "grafana"), small)
    assert title(found) == "reference: 2 services broken, 1 works"
    assert text(found) == (
        "broken  loki     failing: suites/phase2_observability/test_loki.py::"
        "test_a_line_is_found_again\n"
        "broken  grafana  changed: env and 1 more\n"
        "works   caddy\n"
        "4 of 7 services are functional; the gate is closed\n"
        "next: stacktest gate"
    )


def test_all_is_well_again(small: Board) -> None:
    found = told(PROVED[2:], small, gate_open=True)
    assert title(found) == "reference: 2 services work"
    assert text(found) == (
        "works   caddy\nworks   redis\n4 of 7 services are functional; the gate is open"
    )


def test_a_stack_that_does_not_come_up(small: Board) -> None:
    found = told(PROVED, small, trouble="mariadb exited with 1")
    assert title(found) == "reference: the stack did not come up"
    assert text(found) == "mariadb exited with 1\nnext: stacktest up"
    assert title(told(PROVED, small, was="x")) == "reference: the stack came up again"


def test_a_long_list_is_counted(board: Board) -> None:
    found = told((), board)
    lines = text(found).splitlines()
    assert lines[10] == f"and {len(found.changes) - 10} more"
    assert len(lines) == 13


def test_a_program_gets_all_of_it(small: Board) -> None:
    found = document(told((*PROVED[1:], "loki"), small))
    VALIDATOR.validate(found)
    assert found["changes"] == [
        {"service": "loki", "functional": False, "state": "failing",
         "reasons": ["suites/phase2_observability/test_loki.py::test_a_line_is_found_again"]},
        {"service": "caddy", "functional": True, "state": "functional", "reasons": []},
    ]  # fmt: skip
    assert (found["gate"], found["services"], found["trouble"]) == ("closed", 7, None)
    assert found["not_functional"] == ["grafana", "librechat", "loki"]


def test_the_schema_knows_every_state() -> None:
    states = SCHEMA["properties"]["changes"]["items"]["properties"]["state"]["enum"]
    assert states == [*(state.value for state in State), None]


def test_the_schema_refuses_another_document(small: Board) -> None:
    found = document(told(PROVED, small))
    for damage in ({"gate": "ajar"}, {"more": 1}, {"schema": "stacktest.news/2"}):
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(found | damage)
