"""What the records of a stack say, put together for reports."""

from pathlib import Path
from typing import TypeVar

from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.operations import read_operations
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.private_files import PRIVATE_FILE
from stacktest.bootstrap.context import Project, now
from stacktest.core.operations import Operations
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun
from stacktest.core.records.strict_json import RecordError
from stacktest.core.records.timeline import Timeline
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError
from stacktest.reports.report_data import Board

TIMELINE = "timeline.json"


def read_board(
    project: Project,
    *,
    with_gate: bool = False,
    with_operations: bool = False,
    every_run: bool = False,
) -> Board:
    """What the records say, for reports; EvidenceError when there is no status to report.

    Histories end with the newest runs and hold older ones as far as reports need them, unless
    `every_run` is asked for.
    """
    # Compose answers while the records are read.
    project.compose.ask()
    ledger, moment = project.ledger, now()
    last, timeline = ledger.last_records(ledger.services()), read_timeline(project.root)
    last_run = {timeline.run} if timeline else set()

    def history(name: str, last_pass: LastPass | Unknown | None) -> tuple[HistoryLine, ...]:
        if every_run:
            return ledger.history(name)[0]
        run = {last_pass.run.id} if isinstance(last_pass, LastPass) else set()
        return ledger.recent(name, run | last_run)

    histories = {name: history(name, passed) for name, (passed, _) in last.items()}
    return Board(
        stack=project.stack,
        status=_readable(ledger.read_status(), ledger.status_path),
        meta=_readable(ledger.read_meta(), ledger.meta_path),
        now=moment,
        passes={name: passed for name, (passed, _) in last.items() if isinstance(passed, LastPass)},
        runs={name: run for name, (_, run) in last.items() if isinstance(run, LastRun)},
        histories=histories,
        timeline=timeline,
        gate=project.judge.gate(None, moment) if with_gate else None,
        operations=read_operations(project.root, ledger, project.stack.services)
        if with_operations
        else Operations(),
    )


def write_timeline(root: Path, timeline: Timeline) -> None:
    """Remember what the last run did when, on this machine only."""
    write_json(state_dir(root) / TIMELINE, timeline.to_dict(), mode=PRIVATE_FILE)


def read_timeline(root: Path) -> Timeline | None:
    """What the last run did when; None where this machine does not know."""
    document = read_json(state_path(root, TIMELINE))
    if document is None or isinstance(document, Unknown):
        return None
    try:
        return Timeline.from_dict(document)
    except RecordError:
        # A picture of the last run is lost, no evidence.
        return None


# Private


T = TypeVar("T")


def _readable(document: T | Unknown | None, path: Path) -> T:
    if document is None or isinstance(document, Unknown):
        why = "is missing" if document is None else f"cannot be read: {document.why}"
        raise EvidenceError(f"{path.name} {why}", where=str(path), hint="stacktest status")
    return document
