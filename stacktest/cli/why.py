"""The verb `why`: what changed since the last pass of a service."""

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
    from stacktest.bootstrap.context import find_project, now
    from stacktest.reports.terminal.why import why_document, why_lines

    project = find_project(folder)
    (name,) = known_services(project.stack, [service])
    tests = project.collect()
    observations = project.look()
    judgement = project.judge.judge(name, observations, tests(), now(), "host")
    evidence = project.judge.evidence(name)
    history = project.ledger.history(name)[0]
    subject = (judgement, evidence, observations[name].fingerprint, history)
    if as_json:
        print_json(why_document(*subject))
        return
    most, next_step = None if everything else 5, project.judge.next_step
    for line in why_lines(*subject, most=most, next_step=next_step):
        say(line)
