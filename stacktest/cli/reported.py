"""Verbs that report: page, export, history."""

import json
from pathlib import Path

import click

from stacktest.cli import completed
from stacktest.cli.group import Verbs
from stacktest.cli.options import json_option, known_services, print_json, stack_option
from stacktest.core.redaction import redact
from stacktest.core.secrets import secrets_of
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError, UsageError
from stacktest.reports.report_data import Board

DEFAULT_PAGE = "reports/status.html"


@click.command()
@stack_option
@click.option("--output", metavar="FILE", default=DEFAULT_PAGE, help="Where to write the page.")
@click.option("--serve", is_flag=True, help="Serve page and evidence on 127.0.0.1; traces open.")
@click.option("--port", type=int, default=8765, help="Port of --serve.")
def page(*, folder: str, output: str, serve: bool, port: int) -> None:
    """Write the status page: one offline HTML file."""
    from stacktest.application.required_tests import suites_folder
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.page.page import render_page

    project = find_project(folder)
    board = project.board(with_gate=True).without_secrets()
    _write(output, render_page(board), board)
    if output != "-":
        click.echo(f"open     {Path(output).resolve().as_uri()}")
    if serve:
        _serve(board, suites_folder(project.root), port)


@click.group(cls=Verbs)
def export() -> None:
    """Write what is known in other people's formats."""


@export.command()
@stack_option
@click.option("--output", metavar="FILE", default="-", help="Where to write; - is the terminal.")
def ctrf(*, folder: str, output: str) -> None:
    """The last run as a CTRF document."""
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.export.ctrf import ctrf as document
    from stacktest.reports.export.ctrf import remembered

    board = find_project(folder).board().without_secrets()
    run = board.latest_run
    if run is None:
        raise EvidenceError("there was no run yet", where=board.stack.name, hint="pytest")
    _write(output, json.dumps(document(board, run, remembered(board)), indent=2) + "\n", board)


@export.command()
@stack_option
@click.option("--svg", is_flag=True, help="The picture, not the data for shields.")
@click.option("--service", default="", help="The badge of one service.")
@click.option("--output", metavar="FILE", default="-", help="Where to write; - is the terminal.")
def badge(*, folder: str, svg: bool, service: str, output: str) -> None:
    """A badge: JSON for shields, or a plain SVG."""
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.export.badge import badge as make
    from stacktest.reports.export.badge import badge_json, badge_svg

    board = find_project(folder).board().without_secrets()
    said = make(board, service)
    _write(output, badge_svg(said) if svg else json.dumps(badge_json(said), indent=2) + "\n", board)


@export.command()
@stack_option
@click.option("--output", metavar="FILE", default="-", help="Where to write; - is the terminal.")
@click.option("--companions", metavar="DIR", default="", help="Also a dashboard and alert rules.")
def metrics(*, folder: str, output: str, companions: str) -> None:
    """Metrics for Prometheus, for a node exporter's textfile collector."""
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.export.metrics import companions as files
    from stacktest.reports.export.metrics import metrics as text

    board = find_project(folder).board(with_gate=True).without_secrets()
    _write(output, text(board), board)
    if companions:
        Path(companions).mkdir(parents=True, exist_ok=True)
        for name, content in files().items():
            (Path(companions) / name).write_text(content, encoding="utf-8")


@export.command()
@stack_option
@click.option("--output", metavar="FILE", default="", help="Default: beside status.json.")
def docs(*, folder: str, output: str) -> None:
    """Data for documentation sites, everything below one key."""
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.export.docs_data import docs_data

    project = find_project(folder)
    path = output or str(project.ledger.status_path.with_name("stacktest.json"))
    board = project.board().without_secrets()
    _write(path, json.dumps(docs_data(board), indent=2, sort_keys=True) + "\n", board)


@export.command()
@stack_option
@click.option("--annotations", is_flag=True, help="Workflow commands that mark the blockers.")
def summary(*, folder: str, annotations: bool) -> None:
    """A Markdown summary for a pull request or a CI job."""
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.export.markdown import annotations as marks
    from stacktest.reports.export.markdown import summary as text

    board = find_project(folder).board(with_gate=True).without_secrets()
    if annotations:
        for line in marks(board):
            _write("-", f"{line}\n", board)
    else:
        _write("-", text(board), board)


@export.command(name="in-toto")
@stack_option
@click.argument("service", shell_complete=completed.services)
def in_toto(*, folder: str, service: str) -> None:
    """The last pass of a service as an in-toto statement."""
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.export.in_toto import statement

    project = find_project(folder)
    (name,) = known_services(project.stack, [service])
    board = project.board().without_secrets()
    if name not in board.passes:
        raise EvidenceError(f"{name} never passed", where=name, hint=f"stacktest why {name}")
    image = project.stack.services[name].image
    said = statement(board.passes[name], board.histories.get(name, ()), image)
    if isinstance(said, Unknown):
        raise EvidenceError(said.why, where=name)
    _write("-", json.dumps(said, indent=2, ensure_ascii=False) + "\n", board)


@click.command()
@stack_option
@json_option
@click.argument("subject", required=False, shell_complete=completed.services)
def history(*, folder: str, as_json: bool, subject: str | None) -> None:
    """Show the runs, and tell a flake from a regression.

    Of all services, of one SERVICE, or of one TEST.
    """
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.terminal.history import history_document, history_lines

    project = find_project(folder)
    board = project.board().without_secrets()
    is_test = "::" in (subject or "")
    if subject and not is_test:
        known_services(project.stack, [subject])
    runs = {
        name: lines
        for name, lines in board.histories.items()
        if not subject or name == subject or (is_test and any(subject in x.tests for x in lines))
    }
    if is_test and not runs:
        raise UsageError(f"no run knows the test {subject!r}", hint="stacktest history SERVICE")
    test = (subject or "") if is_test else ""
    if as_json:
        print_json(history_document(runs, test))
        return
    for line in history_lines(runs, test):
        click.echo(line)


VERBS = (page, export, history)


# Private


def _write(output: str, text: str, board: Board) -> None:
    """The one place where a report leaves: without any secret that the compose model knows."""
    text = redact(text, secrets_of(board.stack))
    if output == "-":
        click.echo(text, nl=False)
        return
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    click.echo(f"written  {path}")


def _serve(board: Board, suites: Path, port: int) -> None:
    """Serve the page, and what failed tests left, to this machine only."""
    from contextlib import suppress

    from stacktest.adapters.web_server import make_server, viewer_folder
    from stacktest.application.evidence_folder import FOLDER, left_over
    from stacktest.reports.page.evidence import render_evidence
    from stacktest.reports.page.page import render_page

    secrets = secrets_of(board.stack)
    folder = suites / FOLDER
    pages = {
        "/": lambda: redact(render_page(board, evidence="/evidence/"), secrets),
        "/evidence/": lambda: redact(render_evidence(board.stack.name, left_over(folder)), secrets),
    }
    folders = {"/evidence/": folder, "/trace/": viewer_folder()}
    with make_server(pages, folders, port) as server, suppress(KeyboardInterrupt):
        click.echo(f"serving  http://127.0.0.1:{server.server_port}/  (Ctrl-C ends it)")
        server.serve_forever()
