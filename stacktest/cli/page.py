"""The verb `page`: write or serve the status page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stacktest.cli.options import asked_project, ledger_option, stack_option
from stacktest.cli.output import cleaned, say, write_report, write_text
from stacktest.core.changed_copy import replace
from stacktest.errors import UsageError

if TYPE_CHECKING:
    from stacktest.reports.report_data import Board

REPORTS = "reports"
DEFAULT_PAGE = f"{REPORTS}/status.html"


@click.command()
@stack_option
@ledger_option
@click.option("--output", metavar="FILE", default=DEFAULT_PAGE, help="Where to write the page.")
@click.option("--serve", is_flag=True, help="Serve page and evidence on 127.0.0.1; traces open.")
@click.option("--port", type=int, default=8765, help="Port of --serve.")
def page(*, folder: str, ledgers: Sequence[str], output: str, serve: bool, port: int) -> None:
    """Write the status page: one offline HTML file."""
    if ledgers:
        _write_fleet(ledgers, output, serve=serve)
        return
    project = asked_project(folder)
    from stacktest.adapters.ledger.run_texts import read_texts
    from stacktest.bootstrap.report_source import read_board
    from stacktest.reports.local_texts import board_with_texts
    from stacktest.reports.page.page import render_page

    board = read_board(project, with_gate=True, with_operations=True).without_secrets()
    _prepare(output)
    write_report(output, render_page(board), board)
    if output != "-":
        say(f"open     {Path(output).resolve().as_uri()}")
    if serve:
        gate = project.judge.gate(None, board.now, is_local=True)
        shown = board_with_texts(replace(board, gate=gate), read_texts(project.root))
        _serve(shown.without_secrets(), project.suites.base, port)


# Private


def _write_fleet(ledgers: Sequence[str], output: str, *, serve: bool) -> None:
    from stacktest.bootstrap.context import now
    from stacktest.bootstrap.fleet import read_fleet
    from stacktest.reports.page.fleet_page import render_fleet_page

    if serve:
        raise UsageError(
            "--serve shows one stack with its evidence, not several",
            where="stacktest page",
            hint="stacktest page --ledger DIR --output FILE",
        )
    _prepare(output)
    write_text(output, render_fleet_page(read_fleet(ledgers, now())))
    if output != "-":
        say(f"open     {Path(output).resolve().as_uri()}")


def _prepare(output: str) -> None:
    """Let git ignore the folder `reports` if it is new: its page is for this machine."""
    from stacktest.application.evidence_folder import keep_out_of_git

    folder = Path(output).parent
    if folder.name == REPORTS:
        keep_out_of_git(folder)


def _serve(board: "Board", suites: Path, port: int) -> None:
    """Serve the page and the evidence of failed tests, to this machine only."""
    from contextlib import suppress

    from stacktest.adapters.web_server import make_server, viewer_folder
    from stacktest.application.evidence_folder import FOLDER, left_over
    from stacktest.reports.page.evidence import ADDRESS, render_evidence
    from stacktest.reports.page.page import render_page

    folder = suites / FOLDER
    pages = {
        "/": lambda: cleaned(render_page(board, evidence=tuple(left_over(folder))), board),
        ADDRESS: lambda: cleaned(render_evidence(board.stack.name, left_over(folder)), board),
    }
    folders = {ADDRESS: folder, "/trace/": viewer_folder()}
    with make_server(pages, folders, port) as server, suppress(KeyboardInterrupt):
        say(f"serving  http://127.0.0.1:{server.server_port}/  (Ctrl-C ends it)")
        server.serve_forever()
