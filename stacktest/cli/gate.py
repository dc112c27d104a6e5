"""The verb `gate`: decide whether what is known is enough."""

import click

from stacktest.cli.options import json_option, stack_option
from stacktest.cli.output import print_json, say
from stacktest.core.records.status import Scope


@click.command()
@stack_option
@json_option
@click.option(
    "--scope",
    type=click.Choice(["host", "repo"]),
    default="host",
    help="repo: for a machine without images or key; can only make the verdict worse.",
)
@click.option("--offline", is_flag=True, help="Judge status.json as it is; ask no engine.")
def gate(*, folder: str, as_json: bool, scope: Scope, offline: bool) -> None:
    """Decide: open (0), closed (1), no evidence to judge by (11)."""
    from stacktest.adapters.ledger.run_texts import read_texts
    from stacktest.bootstrap.context import find_project, now
    from stacktest.reports.local_texts import gate_with_texts
    from stacktest.reports.terminal.gate import gate_document, gate_lines

    project = find_project(folder)
    if offline:
        judgements, moment = None, now()
    else:
        _, judgements, moment = project.judge_now(scope)
    decision = project.judge.gate(judgements, moment, scope)
    if as_json:
        print_json(gate_document(decision))
    else:
        for line in gate_lines(gate_with_texts(decision, read_texts(project.root))):
            say(line)
    raise click.exceptions.Exit(decision.exit_code)
