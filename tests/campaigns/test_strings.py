"""Hostile strings through every output, and that the checks would notice them."""

import pytest

from campaigns import strings
from campaigns.common import Options


def test_no_string_acts_in_any_output() -> None:
    report = strings.run(Options(short=True))
    assert report.faults == []
    assert len(strings.STRINGS) >= 15


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (strings._acts, "\x1b[2J"),
        (strings._commands, "x\n ::error::y"),
        (strings._forged, "x\ngate open\n"),
        (strings._annotations, "::error title=a::b\n::set-output::c"),
        (strings._markdown, "a ![x](y)"),
        (strings._html, "<script>alert(1)</script>"),
        (strings._json, '"\\u001b[2J"'),
        (strings._xml, "<svg><script/></svg>"),
        (strings._metrics, "owned 1\n"),
    ],
)
def test_each_check_notices_what_it_looks_for(check: strings.Check, text: str) -> None:
    assert check(text)
