"""A secret does not survive in any of the ways that reports quote it."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.core.redaction import MASK, clean, redact
from stacktest.reports.report_data import Board
from tests.support.properties import examples

AWKWARD = "p&ss \"<word>' é/?"


@pytest.mark.parametrize(
    "written",
    [AWKWARD, html.escape(AWKWARD), json.dumps(AWKWARD)[1:-1], quote(AWKWARD, safe="")],
)
def test_a_secret_is_found_however_it_is_quoted(written: str) -> None:
    assert redact(f"before {written} after", [AWKWARD]) == f"before {MASK} after"


def test_jinja_and_the_standard_library_quote_differently_and_both_are_found() -> None:
    import markupsafe

    assert redact(str(markupsafe.escape(AWKWARD)), [AWKWARD]) == MASK


def test_a_secret_that_contains_another_goes_first() -> None:
    assert redact("hunter2-long", ["hunter2", "hunter2-long"]) == MASK


def test_a_value_too_short_to_be_secret_is_left_alone() -> None:
    assert redact("port 443", ["443", ""]) == "port 443"


def test_each_line_of_a_key_is_taken_out() -> None:
    key = "-----BEGIN KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END KEY-----"
    assert "MIGHAgEAMBMGByqGSM49" not in redact("  MIGHAgEAMBMGByqGSM49\n", [key])


@examples(50)
@given(st.text(min_size=4), st.text())
def test_no_secret_is_left(secret: str, around: str) -> None:
    assert secret not in redact(around + secret + around, [secret]).replace(MASK, "")


def test_records_are_cleaned_wherever_a_secret_stands(board: Board) -> None:
    name = next(iter(board.histories["loki"][-1].tests))
    cleaned = clean(board.histories, ["test_it_is"])
    line = cleaned["loki"][-1]
    assert name not in line.tests
    assert name.replace("test_it_is", MASK) in line.tests
    assert line.fingerprint == board.histories["loki"][-1].fingerprint
    assert line.started == board.histories["loki"][-1].started


def test_a_board_is_cleaned_of_what_its_compose_model_knows(board: Board) -> None:
    from dataclasses import replace

    entry = replace(board.status["loki"], reasons=("said canary-in-the-environment`|<",))
    leaky = replace(board, status={"loki": entry})
    assert leaky.without_secrets().status["loki"].reasons == (f"said {MASK}`|<",)
    assert leaky.without_secrets().stack is leaky.stack
