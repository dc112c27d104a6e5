"""Tokens, hashes and keys are taken out by their form, whether anybody knows them or not."""

import pytest

from stacktest.core.redaction import redact
from stacktest.core.secret_forms import MASK, tokens_in
from stacktest.core.secret_text import blank

KEY = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZq7h\nunterXY9Zq7hunterXY9hRANCAAQ="


@pytest.mark.parametrize(
    "token",
    [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP",
        "ghp_" + "aB3" * 12,
        "glpat-abcDEF1234567890abcd",
        "AKIAIOSFODNN7EXAMPLE",
        "hvs.CAESIabcdefABCDEF123456",
        "$2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG",
        "$2y$05$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG",
        "$apr1$ruca84Hq$mbjdMZBAG.KWn7vfN/SNK/",
        "$6$rounds=5000$usesomesillystri$" + "aB3/" * 20,
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$" + "aB3/" * 10,
        "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
    ],
)
def test_a_token_is_taken_out(token: str) -> None:
    text = f"E   assert 'admin:{token}' == 'x'"
    assert list(tokens_in(text)) == [token]
    assert blank(text) == f"E   assert 'admin:{MASK}' == 'x'"


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        (
            "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            f"https://hooks.slack.com/services/{MASK}",
        ),
        (
            "https://api.telegram.org/bot123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11/sendMessage",
            f"https://api.telegram.org/bot{MASK}/sendMessage",
        ),
        ("https://0123456789abcdef0123@o1.sentry.io/1", f"https://{MASK}@o1.sentry.io/1"),
        ("https://ghx4Token9without0form@github.com/a/b", f"https://{MASK}@github.com/a/b"),
    ],
)
def test_an_address_that_is_a_key_is_blanked(text: str, blanked: str) -> None:
    assert blank(text) == blanked


@pytest.mark.parametrize("end", ["\n-----END PRIVATE KEY-----", "", "... and 12 more lines"])
@pytest.mark.parametrize("form", [str, lambda text: repr(text)[1:-1]], ids=["lines", "quoted"])
def test_a_key_is_taken_out_up_to_its_end_or_to_where_it_was_cut(form: type, end: str) -> None:
    text = redact(form(f"-----BEGIN PRIVATE KEY-----\n{KEY}{end}"), ())
    assert "MIGH" not in text
    assert "unter" not in text


@pytest.mark.parametrize(
    "text",
    [
        "https://user@host/x",
        "ssh://git@github.com/a/b",
        "https://app.b.c/services/monitoring-and-more-of-it",
        "$2 is not $1$",
        "skopeo sk-dist pk_id",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "sha256:0123456789abcdef0123456789abcdef",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert blank(text) == text
