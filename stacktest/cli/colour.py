"""Colour where somebody looks and has not asked for none; words and shapes carry everything.

`NO_COLOR`, `CI`, `TERM=dumb` and a pipe mean plain text; `FORCE_COLOR` means colour all the same.
"""

import re
import shutil
import sys
from collections.abc import Mapping
from typing import Any

import click

from stacktest.core.freshness.states import State
from stacktest.reports.wording import Tone, tone


def wants_colour(stream: Any, environ: Mapping[str, str]) -> bool:
    """Whether control sequences are welcome on the stream."""
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return bool(stream.isatty()) and not environ.get("CI")


def terminal_width() -> int | None:
    """Characters of a line of the terminal; None where a file or a program reads."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def painted(line: str) -> str:
    """The line with `error:`, the gate's answer or the first state in colour."""
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
# A word of its own: not part of a name such as `tests_changed` or `changed.conf`.
_WORDS = re.compile(
    r"^(?:error:|gate open|gate closed)|(?<=\s)(?:"
    + "|".join(re.escape(state.value) for state in State)
    + r")(?=\s|;|$)"
)


def _paint(match: re.Match[str]) -> str:
    return click.style(match[0], fg=_KNOWN[match[0]], bold=True)
