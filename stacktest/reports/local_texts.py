"""Adds the messages of failures to reasons that are shown on this machine only.

These are `why`, `status` and `gate` in the terminal, and the page that is served to this machine;
files for others never contain the messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from stacktest.core.changed_copy import replace
from stacktest.core.records.run_texts import RunTexts, with_text

if TYPE_CHECKING:
    from stacktest.core.freshness.gate import Gate
    from stacktest.core.freshness.judgement import Judgement
    from stacktest.core.records.documents import HistoryLine
    from stacktest.reports.report_data import Board

Texts = Mapping[str, tuple[RunTexts, ...]]
"""Service → the messages of its runs, as stored on this machine."""


def judgement_with_texts(judgement: Judgement, texts: Texts) -> Judgement:
    """The judgement, each reason with its message, if this machine has it."""
    runs = texts.get(judgement.service, ())
    findings = (
        replace(finding, reasons=_with_texts(finding.reasons, runs))
        for finding in judgement.findings
    )
    return replace(judgement, findings=tuple(findings))


def gate_with_texts(gate: Gate, texts: Texts) -> Gate:
    """The decision, each reason with its message, if this machine has it."""
    blockers = (
        replace(blocker, reasons=_with_texts(blocker.reasons, texts.get(blocker.service, ())))
        for blocker in gate.blockers
    )
    return replace(gate, blockers=tuple(blockers))


def board_with_texts(board: Board, texts: Texts) -> Board:
    """The board with the messages of failures, for a page that only this machine sees."""
    status = {
        name: replace(entry, reasons=_with_texts(entry.reasons, texts.get(name, ())))
        for name, entry in board.status.items()
    }
    histories = {
        name: [_line_with_texts(line, texts.get(name, ())) for line in lines]
        for name, lines in board.histories.items()
    }
    gate = board.gate and gate_with_texts(board.gate, texts)
    return replace(board, status=status, histories=histories, gate=gate)


def recorded_name(test: str, texts: Texts) -> str:
    """The name in the records of a test that the user names with its parameters."""
    names = {
        full: bare for runs in texts.values() for run in runs for bare, full in run.tests.items()
    }
    return names.get(test, test)


# Private


def _with_texts(reasons: Iterable[str], runs: tuple[RunTexts, ...]) -> tuple[str, ...]:
    return tuple(with_text(reason, runs) for reason in reasons)


def _line_with_texts(line: HistoryLine, runs: tuple[RunTexts, ...]) -> HistoryLine:
    own = next((run for run in runs if run.run == line.run), None)
    if own is None:
        return line
    return replace(
        line, reasons=tuple(own.sentences.get(reason, reason) for reason in line.reasons)
    )
