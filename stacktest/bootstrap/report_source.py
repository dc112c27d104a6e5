"""Reads the records of a stack into a `Board` for reports."""

from stacktest.adapters.ledger.operations import read_operations
from stacktest.bootstrap.context import Project, now
from stacktest.bootstrap.recorded_runs import read_timeline, readable, recent_runs
from stacktest.core.operations import Operations
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.reports.report_data import Board


def read_board(
    project: Project,
    *,
    with_gate: bool = False,
    with_operations: bool = False,
    every_run: bool = False,
) -> Board:
    """The records as a board for reports; EvidenceError if there is no status.

    Histories hold the newest runs, and older ones as far as reports need them; with `every_run`
    all.
    """
    # Compose answers while the records are read.
    project.compose.ask()
    ledger, moment = project.ledger, now()
    last, timeline = ledger.last_records(ledger.services()), read_timeline(project.root)
    histories = (
        {name: ledger.history(name)[0] for name in last}
        if every_run
        else recent_runs(ledger, last, timeline)
    )
    return Board(
        stack=project.stack,
        status=readable(ledger.read_status(), ledger.status_path),
        meta=readable(ledger.read_meta(), ledger.meta_path),
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
