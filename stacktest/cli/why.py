"""The verb `why`: what changed since the last pass of a service."""

import os

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import json_option, known_services, stack_option
from stacktest.cli.output import print_json, say


@click.command()
@stack_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Every name, not only the first five.")
@click.argument("service", shell_complete=complete_services)
def why(*, folder: str, as_json: bool, everything: bool, service: str) -> None:
    """Say what changed since the last pass, by name, never a value."""
    from stacktest.adapters.ledger.run_texts import read_texts
    from stacktest.bootstrap.context import find_project, now
    from stacktest.bootstrap.open_update import open_lines
    from stacktest.core.records.run_texts import lacks_text
    from stacktest.reports.local_texts import judgement_with_texts
    from stacktest.reports.terminal.why import why_document, why_lines

    project = find_project(folder)
    tests = project.collect()
    (name,) = known_services(project.stack, [service])
    observations = project.look()
    judgement = project.judge.judge(name, observations, tests(), now(), "host")
    evidence = project.judge.evidence(name)
    history = project.ledger.history(name)[0]
    texts = read_texts(project.root)
    if lacks_text(judgement.reasons, texts.get(name, ())) and not as_json:
        note = "what its tests said is on the machine that ran them, in .stacktest/ there"
    else:
        note = ""
    shown = judgement_with_texts(judgement, texts)
    subject = (shown, evidence, observations[name].fingerprint, history)
    backup = project.judge.judge_backups(now()).get(name)
    if as_json:
        print_json(why_document(*subject, backup=backup))
        return
    most, next_step = None if everything else 5, project.judge.next_step
    for line in why_lines(*subject, most=most, next_step=next_step, backup=backup):
        say(line)
    for line in open_lines(project.root, os.environ):
        say(line)
    if note:
        say(f"text      {note}")
