"""The verb `status`: judge every service, write status.json, print a table."""

import os

import click

from stacktest.cli.colour import terminal_width
from stacktest.cli.options import json_option, stack_option
from stacktest.cli.output import print_json, say


@click.command()
@stack_option
@json_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "md"]),
    default="text",
    help="Form of the table.",
)
def status(*, folder: str, as_json: bool, style: str) -> None:
    """Judge every service, write status.json, print a table.

    status.meta.json beside it says when, and what holds for all of them.
    """
    from stacktest.adapters.ledger.run_texts import read_texts
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.open_update import open_lines
    from stacktest.reports.local_texts import judgement_with_texts
    from stacktest.reports.terminal.status import markdown_lines, text_lines

    project = find_project(folder)
    observations, judgements, moment = project.judge_now()
    meta = project.judge.meta(observations, judgements, moment)
    project.ledger.write_status(judgements, meta)
    if as_json:
        print_json({name: judged.entry.to_dict() for name, judged in sorted(judgements.items())})
        return
    stand_ins = {name for name, service in project.stack.services.items() if service.stand_in}
    if style == "md":
        lines = markdown_lines(judgements, meta, stand_ins)
    else:
        texts = read_texts(project.root)
        shown = {name: judgement_with_texts(j, texts) for name, j in judgements.items()}
        lines = text_lines(shown, meta, stand_ins, terminal_width())
    for line in lines:
        say(line)
    if style == "text":
        for line in open_lines(project.root, os.environ):
            say(line)
        say(f"written  {project.ledger.status_path}")
