"""The verb `history`: shows the runs, and whether a failure is a flake or a regression."""

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import asked_project, json_option, known_services, stack_option
from stacktest.cli.output import print_json, say
from stacktest.errors import UsageError


@click.command()
@stack_option
@json_option
@click.argument("subject", required=False, shell_complete=complete_services)
def history(*, folder: str, as_json: bool, subject: str | None) -> None:
    """Show the runs, and tell a flake from a regression.

    Of all services, of one SERVICE, or of one TEST.
    """
    if subject is None and not as_json:
        _show_all(folder)
        return
    project = asked_project(folder)
    from stacktest.adapters.ledger.run_texts import read_texts
    from stacktest.bootstrap.report_source import read_board
    from stacktest.reports.local_texts import recorded_name
    from stacktest.reports.terminal.history import history_document, history_lines

    is_test = "::" in (subject or "")
    board = read_board(project, every_run=as_json or is_test).without_secrets()
    if subject and is_test:
        subject = recorded_name(subject, read_texts(project.root))
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
        say(line)


# Private


def _show_all(folder: str) -> None:
    """Show all services; this output holds no text of tests, so no secrets need to be removed."""
    from stacktest.bootstrap.recorded_runs import read_runs
    from stacktest.reports.terminal.history import history_lines

    for line in history_lines(read_runs(folder)):
        say(line)
