"""A secret does not survive in any of the ways that reports quote it."""

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.core.changed_copy import replace
from stacktest.core.redaction import clean, redact
from stacktest.core.secret_forms import MASK
from stacktest.printable import visible
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
@given(st.text(min_size=13), st.text())
def test_no_secret_is_left(secret: str, around: str) -> None:
    assert secret not in redact(around + secret + around, [secret]).replace(MASK, "")


@pytest.mark.parametrize("secret", ["4711", "hunter2", "postgres"])
def test_a_short_word_is_taken_out_where_it_stands_alone(secret: str) -> None:
    assert redact(f"x={secret}, ({secret})", [secret]) == f"x={MASK}, ({MASK})"
    assert redact(f"a{secret} {secret}ql", [secret]) == f"a{secret} {secret}ql"


@pytest.mark.parametrize(
    "text",
    [
        "GET https://user:{}@app.b.c/x",
        "GET https://app.b.c/x?a=1&access_token={}",
        "Authorization: Bearer {}",
        "'authorization': 'Basic {}'",
        "Cookie: theme={}; session={}",
        "Set-Cookie: session={}; Path=/; HttpOnly",
    ],
)
def test_what_the_form_of_a_text_shows_to_be_secret_is_blanked(text: str) -> None:
    blanked = redact(text.replace("{}", "n0body-knows"), ())
    assert blanked == text.replace("{}", MASK)


@pytest.mark.parametrize(
    "text",
    [
        "http://app.b.c:8080/x?page=2&theme=dark",
        "Authorization is required",
        "no Set-Cookie header",
        "cookie: none",
        "postgres://app:${DB_PASSWORD}@db/app",
        "user@host: mail sent",
    ],
)
def test_plain_words_and_addresses_stay(text: str) -> None:
    assert redact(text, ()) == text


def test_a_secret_is_found_in_base64_whatever_stands_around_it() -> None:
    for before in ("", "u:", "ab:"):
        encoded = base64.b64encode(f"{before}hunter2-long:x".encode()).decode()
        assert MASK in redact(encoded, ["hunter2-long"])
        assert "aHVudGVy" not in redact(encoded, ["hunter2-long"])


@pytest.mark.parametrize("shown", ["{'answer': 'hunter2-...rrect-Horse'}", "'h...2-Correct-Horse'"])
def test_what_is_left_of_a_shortened_secret_is_taken_out(shown: str) -> None:
    cleaned = redact(f"{shown} == {shown}", ["hunter2-Correct-Horse"])
    assert "Horse" not in cleaned
    assert "hunter2" not in cleaned
    assert cleaned.count(MASK) >= 2


def test_other_text_that_is_shortened_stays() -> None:
    text = "a... b...c ... 1 more lines ...Full output truncated"
    assert redact(text, ["hunter2-Correct-Horse"]) == text


def test_a_long_secret_that_python_shortened_is_found() -> None:
    secret = "".join(chr(97 + place % 26) + str(place) for place in range(200))
    shown = f"{secret[:110]}...{secret[-110:]}"
    assert secret[10:24] not in redact(shown, [secret])
    assert secret[-20:] not in redact(shown, [secret])


def test_records_are_cleaned_wherever_a_secret_stands(board: Board) -> None:
    name = next(iter(board.histories["loki"][-1].tests))
    cleaned = clean(board.histories, ["test_it_is"])
    line = cleaned["loki"][-1]
    assert name not in line.tests
    assert name.replace("test_it_is", MASK) in line.tests
    assert line.fingerprint == board.histories["loki"][-1].fingerprint
    assert line.started == board.histories["loki"][-1].started


def test_a_board_is_cleaned_of_what_its_compose_model_knows(board: Board) -> None:
    entry = replace(board.status["loki"], reasons=("said canary-in-the-environment`|<",))
    leaky = replace(board, status={"loki": entry})
    assert leaky.without_secrets().status["loki"].reasons == (f"said {MASK}`|<",)
    assert leaky.without_secrets().stack is leaky.stack


@pytest.mark.parametrize(
    "secret", ["f\udcfcr-secret", "half \ud83d pair", "pass\x1b[2Jword", "tab\u202eled"]
)
def test_a_secret_that_is_not_plain_text_is_taken_out_as_it_is_shown(secret: str) -> None:
    assert visible(secret) not in redact(visible(f"it is {secret}."), [secret])
