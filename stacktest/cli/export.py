"""The verb `export`: writes records and status in the formats of other programs."""

from collections.abc import Sequence
from pathlib import Path

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.group import Verbs
from stacktest.cli.options import known_services, ledger_option, stack_option
from stacktest.cli.output import json_text, write_report, write_text
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError


@click.group(cls=Verbs)
def export() -> None:
    """Write what is known in other people's formats."""


@export.command()
@stack_option
@click.option("--output", metavar="FILE", default="-", help="Where to write; - is the terminal.")
def ctrf(*, folder: str, output: str) -> None:
    """The last run as a CTRF document."""
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.report_source import read_board
    from stacktest.reports.export.ctrf import ctrf as document
    from stacktest.reports.recorded_outcomes import recorded_outcomes

    board = read_board(find_project(folder)).without_secrets()
    run = board.latest_run
    if run is None:
        raise EvidenceError("there was no run yet", where=board.stack.name, hint="pytest")
    write_report(output, json_text(document(board, run, recorded_outcomes(board))), board)


@export.command()
@stack_option
@click.option("--output", metavar="FILE", default="-", help="Where to write; - is the terminal.")
def durations(*, folder: str, output: str) -> None:
    """How long tests take, as pytest-split reads it."""
    from stacktest.adapters.ledger.durations import read_durations
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.report_source import read_board
    from stacktest.reports.export.durations import durations as document

    project = find_project(folder)
    times = read_durations(project.ledger)
    if isinstance(times, Unknown):
        raise EvidenceError(times.why, where=str(project.ledger.records), hint="pytest")
    board = read_board(project).without_secrets()
    write_report(output, json_text(document(times)), board)


@export.command()
@stack_option
@click.option("--svg", is_flag=True, help="The picture, not the data for shields.")
@click.option("--service", default="", help="The badge of one service.")
@click.option("--output", metavar="FILE", default="-", help="Where to write; - is the terminal.")
def badge(*, folder: str, svg: bool, service: str, output: str) -> None:
    """A badge: JSON for shields, or a plain SVG."""
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.report_source import read_board
    from stacktest.reports.export.badge import badge as make
    from stacktest.reports.export.badge import badge_json, badge_svg

    board = read_board(find_project(folder)).without_secrets()
    data = make(board, service)
    text = badge_svg(data) if svg else json_text(badge_json(data))
    write_report(output, text, board)


@export.command()
@stack_option
@ledger_option
@click.option("--output", metavar="FILE", default="-", help="Where to write; - is the terminal.")
@click.option("--companions", metavar="DIR", default="", help="Also a dashboard and alert rules.")
def metrics(*, folder: str, ledgers: Sequence[str], output: str, companions: str) -> None:
    """Metrics for Prometheus, for a node exporter's textfile collector."""
    from stacktest.adapters.atomic_write import write_file
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.report_source import read_board
    from stacktest.reports.export.metrics import companions as files
    from stacktest.reports.export.metrics import metrics as text

    if ledgers:
        write_text(output, _metrics_of(ledgers))
    else:
        board = read_board(find_project(folder), with_gate=True).without_secrets()
        write_report(output, text(board), board)
    if companions:
        for name, content in files().items():
            write_file(Path(companions) / name, content, hint="name another: --companions DIR")


@export.command()
@stack_option
@click.option("--output", metavar="FILE", default="", help="Default: beside status.json.")
def docs(*, folder: str, output: str) -> None:
    """Data for documentation sites, everything below one key."""
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.report_source import read_board
    from stacktest.reports.export.docs_data import docs_data

    project = find_project(folder)
    path = output or str(project.ledger.status_path.with_name("stacktest.json"))
    board = read_board(project).without_secrets()
    write_report(path, json_text(docs_data(board), sort_keys=True), board)


@export.command()
@stack_option
@click.option("--annotations", is_flag=True, help="Workflow commands that mark the blockers.")
def summary(*, folder: str, annotations: bool) -> None:
    """A Markdown summary for a pull request or a CI job."""
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.report_source import read_board
    from stacktest.reports.export.markdown import annotations as marks
    from stacktest.reports.export.markdown import summary as text

    board = read_board(find_project(folder), with_gate=True).without_secrets()
    if annotations:
        for line in marks(board):
            write_report("-", f"{line}\n", board)
    else:
        write_report("-", text(board), board)


@export.command(name="in-toto")
@stack_option
@click.argument("service", shell_complete=complete_services)
def in_toto(*, folder: str, service: str) -> None:
    """The last pass of a service as an in-toto statement."""
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.report_source import read_board
    from stacktest.reports.export.in_toto import statement

    project = find_project(folder)
    (name,) = known_services(project.stack, [service])
    board = read_board(project).without_secrets()
    if name not in board.passes:
        raise EvidenceError(f"{name} never passed", where=name, hint=f"stacktest why {name}")
    image = project.stack.services[name].image
    document = statement(board.passes[name], board.histories.get(name, ()), image)
    if isinstance(document, Unknown):
        raise EvidenceError(document.why, where=name)
    write_report("-", json_text(document), board)


# Private


def _metrics_of(ledgers: Sequence[str]) -> str:
    from stacktest.bootstrap.context import now
    from stacktest.bootstrap.fleet import read_fleet
    from stacktest.printable import visible
    from stacktest.reports.export.fleet_metrics import fleet_metrics

    return visible(fleet_metrics(read_fleet(ledgers, now())))
