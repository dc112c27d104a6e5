"""The text of a history: what can be told of its lines without reading all that they say."""

import re
from collections.abc import Iterator

from stacktest.adapters.ledger.json_files import parse
from stacktest.core.records.documents import HistoryLine, LastPass
from stacktest.core.records.strict_json import RecordError
from stacktest.core.runs.knowledge import After, runs_known_to
from stacktest.core.unknown import Unknown


def run_numbers(text: str) -> list[int]:
    """The numbers of the runs."""
    return [int(number) for number in _SEQ.findall(text)]


def known_runs(text: str) -> After:
    """Run → the newest runs that it knew of."""
    return {
        run: tuple(_NAME.findall(known)) if known.startswith("[") else None
        for run, _, known in _numbered(text)
    }


def newer_runs(text: str, last_pass: LastPass | Unknown | None) -> tuple[HistoryLine, ...]:
    """The runs that are not older than the pass or that it did not know of, as the file has them.

    A line without a number is read whatever it says.
    """
    since, known = 0, None
    if isinstance(last_pass, LastPass):
        since, known = last_pass.run.seq, runs_known_to(last_pass.run.id, known_runs(text))
    older = {
        run for run, seq, _ in _numbered(text) if seq < since and (known is None or run in known)
    }
    lines = (
        _line(line)
        for line in text.splitlines()
        if not any(run in older for run, _, _ in _numbered(line))
    )
    return tuple(line for line in lines if line is not None)


# Private

_SEQ = re.compile(r'"seq": (\d{1,18})\b')
_NAME = re.compile(r'"([^"]+)"')
_LINE = re.compile(r'"run": "([^"\n]+)", "seq": (\d{1,18})\b(?:.*"after": (\[[^\]\n]*\]|null))?')


def _numbered(text: str) -> Iterator[tuple[str, int, str]]:
    """Run, number, and the runs that were known, of each line."""
    for match in _LINE.finditer(text):
        yield match[1], int(match[2]), match[3] or ""


def _line(text: str) -> HistoryLine | None:
    """A line; None where it cannot be read, which `Ledger.history` tells."""
    document = parse(text, "history.jsonl")
    if isinstance(document, Unknown):
        return None
    try:
        return HistoryLine.from_dict(document)
    except RecordError:
        return None
