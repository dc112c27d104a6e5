"""A secret is taken out in each way in which some program writes it."""

import base64
import html
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from stacktest.core.redaction import redact
from stacktest.core.secret_forms import MASK

SECRETS = (
    "p@ss!w'o\"r$d#1/x&y",
    "ünï©öde-Pässwörd-9",
    "a\\b\tc-Secret!9",
    "two words and (parens)!",
    "100%-secure+pw=9",
    "<b>sec&ret</b>-9",
)


def signs(write: Callable[[str], str]) -> Callable[[str], str]:
    """Every sign that is neither a letter nor a digit of ASCII, written that way."""
    return lambda secret: "".join(
        sign if sign.isascii() and sign.isalnum() else write(sign) for sign in secret
    )


def octets(form: str) -> Callable[[str], str]:
    return signs(lambda sign: "".join(form.format(octet) for octet in sign.encode()))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "HTML": html.escape,
    "HTML by number": signs(lambda sign: f"&#{ord(sign)};"),
    "HTML by hexadecimal number": signs(lambda sign: f"&#x{ord(sign):X};"),
    "XML": lambda secret: html.escape(secret, quote=False).replace('"', "&quot;"),
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON of PHP": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "JSON within JSON": lambda secret: json.dumps(json.dumps(secret)[1:-1])[1:-1],
    "JSON of .NET": signs(lambda sign: f"\\u{ord(sign):04X}"),
    "Python": lambda secret: repr(secret)[1:-1],
    "Python twice": lambda secret: repr(repr(secret)[1:-1])[1:-1],
    "Python within JSON": lambda secret: json.dumps(repr(secret)[1:-1])[1:-1],
    "bytes of Python": lambda secret: repr(secret.encode())[2:-1],
    "ASCII of Python": lambda secret: ascii(secret)[1:-1],
    "URL": lambda secret: quote(secret, safe=""),
    "URL in small letters": octets("%{:02x}"),
    "URL of JavaScript": lambda secret: quote(secret, safe="!*'()~"),
    "URL's userinfo": lambda secret: quote(secret, safe="!$&'()*+,;="),
    "URL twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "form": quote_plus,
    "shell": lambda secret: shlex.quote(secret).strip("'"),
    "shell by backslashes": signs(lambda sign: f"\\{sign}"),
    "Compose": lambda secret: secret.replace("$", "$$"),
    "YAML and SQL": lambda secret: secret.replace("'", "''"),
    "CSV": lambda secret: secret.replace('"', '""'),
    "nginx": octets("\\x{:02X}"),
    "git": octets("\\{:03o}"),
    "syslog": octets("#{:03o}"),
    "Markdown": signs(lambda sign: f"\\{sign}" if sign in "\\`*_{}[]()#+-.!|<>" else sign),
    "colours within": lambda secret: f"{secret[:5]}\x1b[31m{secret[5:]}",
    "two digits": lambda secret: secret.encode().hex(),
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_it_is_taken_out(spelling: str, secret: str) -> None:
    written = SPELLINGS[spelling](secret)
    assert redact(f"before {written} after", [secret]) == f"before {MASK} after"


@pytest.mark.parametrize("secret", SECRETS)
def test_it_is_taken_out_of_json_in_base64(secret: str) -> None:
    encoded = base64.b64encode(json.dumps({"auth": secret}).encode()).decode()
    assert MASK in redact(encoded, [secret])


@pytest.mark.parametrize("shown", ["'hunter2-Corr…'", "hunter2…rrect-Horse", "…Correct-Horse"])
def test_what_is_left_of_one_that_was_cut_is_taken_out(shown: str) -> None:
    cleaned = redact(shown, ["hunter2-Correct-Horse"])
    assert MASK in cleaned
    assert "hunter" not in cleaned
    assert "Horse" not in cleaned


@pytest.mark.parametrize(
    "text", ["a b c", "it's 100% (of 5)", "x&y", "\\u00fc", "&amp;", "%20", "p@ss", "%C3"]
)
def test_other_texts_stay(text: str) -> None:
    assert redact(text, SECRETS) == text
