"""The verb `status`: judge every service, write status.json, print a table."""

import os
from collections.abc import Sequence

import click

from stacktest.cli.options import asked_project, json_option, ledger_option, stack_option
from stacktest.cli.output import print_json, say
from stacktest.cli.terminal import terminal_width
from stacktest.errors import EvidenceError


@click.command()
@stack_option
@json_option
@ledger_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "md", "json"]),
    default="text",
    help="Form of the table.",
)
def status(*, folder: str, as_json: bool, ledgers: Sequence[str], style: str) -> None:
    """Judge every service, write status.json, print a table.

    status.meta.json beside it says when, and what holds for all of them. With --ledger nothing is
    judged or written: what the named ledgers say is shown, and ends with 11 if one is not believed.
    """
    as_json = as_json or style == "json"
    if ledgers:
        _show_fleet(ledgers, "json" if as_json else style)
        return
    project = asked_project(folder)
    from stacktest.adapters.ledger.run_texts import read_texts
    from stacktest.bootstrap.leftovers import leftovers
    from stacktest.bootstrap.open_update import open_lines
    from stacktest.reports.local_texts import judgement_with_texts
    from stacktest.reports.terminal.status import markdown_lines, text_lines

    stack = project.judge_now()
    judgements, meta = stack.judgements, stack.meta()
    project.ledger.write_status(judgements, meta, asked=True)
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
        for line in leftovers(project):
            say(f"note: {line}")
        say(f"written  {project.ledger.status_path}")


# Private


def _show_fleet(ledgers: Sequence[str], style: str) -> None:
    from stacktest.bootstrap.context import now
    from stacktest.bootstrap.fleet import read_fleet
    from stacktest.reports.export.fleet_json import fleet_document
    from stacktest.reports.terminal.fleet import fleet_lines, fleet_markdown

    fleet = read_fleet(ledgers, now())
    if style == "json":
        print_json(fleet_document(fleet))
    for line in {"text": fleet_lines, "md": fleet_markdown}.get(style, lambda _: ())(fleet):
        say(line)
    if fleet.troubled:
        places = ", ".join(ledger.place for ledger in fleet.troubled)
        raise EvidenceError(
            f"{len(fleet.troubled)} of {len(fleet.ledgers)} ledgers are not believed",
            where=places,
            hint="see the notes; `stacktest status` where each stack is judges it again",
        )
