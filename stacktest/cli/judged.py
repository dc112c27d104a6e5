"""Verbs that judge: status, gate, why, fingerprint, notify."""

from typing import Any

import click

from stacktest.cli import completed
from stacktest.cli.options import json_option, known_services, print_json, stack_option
from stacktest.cli.paint import say, seen_width
from stacktest.core.unknown import Unknown


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
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.terminal.status import markdown_lines, text_lines

    project = find_project(folder)
    seen, judgements, moment = project.judge_now()
    meta = project.judge.meta(seen, judgements, moment)
    project.ledger.write_status(judgements, meta)
    if as_json:
        print_json({name: one.entry.to_dict() for name, one in sorted(judgements.items())})
        return
    stand_ins = {name for name, service in project.stack.services.items() if service.stand_in}
    if style == "md":
        told = markdown_lines(judgements, meta, stand_ins)
    else:
        told = text_lines(judgements, meta, stand_ins, seen_width())
    for line in told:
        say(line)
    if style == "text":
        click.echo(f"written  {project.ledger.status_path}")


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
def gate(*, folder: str, as_json: bool, scope: Any, offline: bool) -> None:
    """Decide: open (0), closed (1), no evidence to judge by (11)."""
    from stacktest.bootstrap.context import find_project, now
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
        for line in gate_lines(decision):
            say(line)
    raise click.exceptions.Exit(decision.exit_code)


@click.command()
@stack_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Every name, not only the first five.")
@click.argument("service", shell_complete=completed.services)
def why(*, folder: str, as_json: bool, everything: bool, service: str) -> None:
    """Say what changed since the last pass, by name, never a value."""
    from stacktest.bootstrap.context import find_project, now
    from stacktest.reports.terminal.why import why_document, why_lines

    project = find_project(folder)
    (name,) = known_services(project.stack, [service])
    tests = project.collect()
    seen = project.look()
    judgement = project.judge.judge(name, seen, tests(), now(), "host")
    evidence = project.judge.evidence(name)
    history = project.ledger.history(name)[0]
    subject = (judgement, evidence, seen[name].fingerprint, history)
    if as_json:
        print_json(why_document(*subject))
        return
    for line in why_lines(*subject, most=None if everything else 5):
        say(line)


@click.command()
@stack_option
@json_option
@click.argument("services", nargs=-1, shell_complete=completed.services)
def fingerprint(*, folder: str, as_json: bool, services: tuple[str, ...]) -> None:
    """Print the parts and the digest that say what each service is."""
    from stacktest.bootstrap.context import find_project

    project = find_project(folder)
    names = known_services(project.stack, services)
    seen = project.look()
    if as_json:
        print_json({name: seen[name].fingerprint.to_json() for name in names})
        return
    width = max(len(name) for name in names)
    for name in names:
        mine = seen[name].fingerprint
        digest = "unknown" if isinstance(mine.digest, Unknown) else mine.digest
        parts = (
            f"{part} {'unknown' if isinstance(value, Unknown) else value}"
            for part, value in mine.parts.items()
        )
        click.echo(f"{name:<{width}}  {digest:<16}  {'  '.join(parts)}")
        for part, value in mine.parts.items():
            if isinstance(value, Unknown):
                click.echo(f"{'':<{width}}  {part} is unknown: {value.why}")


@click.command()
@stack_option
@click.option("--test", is_flag=True, help="Send a test message to every channel; judge nothing.")
def notify(*, folder: str, test: bool) -> None:
    """Judge every service, and tell the channels what changed.

    The status is written as `status` does. Channels are [[notify]] sections of stacktest.toml.
    """
    from stacktest.bootstrap.context import find_project, now
    from stacktest.core.runs.changes import Now

    project = find_project(folder)
    if test:
        answers = list(project.notifier.try_all(now()))
        for channel, why in answers:
            click.echo(f"{channel}: {why or 'told'}")
        if not answers:
            click.echo("no channel: write a [[notify]] section in stacktest.toml")
        raise click.exceptions.Exit(1 if any(why for _, why in answers) else 0)
    said = project.notifier.begin()
    seen, judgements, moment = project.judge_now()
    project.ledger.write_status(judgements, project.judge.meta(seen, judgements, moment))
    entries = {name: one.entry for name, one in judgements.items()}
    is_open = project.judge.gate(judgements, moment).open
    told = Now(stack=project.stack.name, at=moment, services=entries, gate_open=is_open)
    for line in (*said, *project.notifier.tell(told)):
        click.echo(line)


VERBS = (status, gate, why, fingerprint, notify)
