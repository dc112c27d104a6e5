"""The colours of states; the text carries all information, so output without colour is complete."""

import re
from collections.abc import Mapping

import click

from stacktest.core.freshness.states import State
from stacktest.reports.wording import Tone, tone


def painted(line: str) -> str:
    """The line with `error:`, the gate's decision or the first state in colour."""
    return _WORDS.sub(_paint, line, count=1)


# Private

_COLOURS: Mapping[Tone, str] = {
    "bad": "red",
    "stale": "yellow",
    "blank": "cyan",
    "doc": "blue",
    "good": "green",
}
_KNOWN = {
    **{state.value: _COLOURS[tone(state)] for state in State},
    "gate open": "green",
    "gate closed": "red",
    "error:": "red",
}
# A whole word: not part of a name such as `tests_changed` or `changed.conf`.
_WORDS = re.compile(
    r"^(?:error:|gate open|gate closed)|(?<=\s)(?:"
    + "|".join(re.escape(state.value) for state in State)
    + r")(?=\s|;|$)"
)


def _paint(match: re.Match[str]) -> str:
    return click.style(match[0], fg=_KNOWN[match[0]], bold=True)
