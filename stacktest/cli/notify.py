"""The verb `notify`: judges every service, and sends changes to the channels."""

import click

from stacktest.cli.options import stack_option
from stacktest.cli.output import say


@click.command()
@stack_option
@click.option("--test", is_flag=True, help="Send a test message to every channel; judge nothing.")
def notify(*, folder: str, test: bool) -> None:
    """Judge every service, and tell the channels what changed.

    The status is written as `status` does. Channels are [[notify]] sections of stacktest.toml.
    """
    from stacktest.application.notify import current_status
    from stacktest.bootstrap.context import find_project, now

    project = find_project(folder)
    if test:
        answers = list(project.notifier.try_all(now()))
        for channel, why in answers:
            say(f"{channel}: {why or 'sent'}")
        if not answers:
            say("no channel: write a [[notify]] section in stacktest.toml")
        raise click.exceptions.Exit(1 if any(why for _, why in answers) else 0)
    first_lines = project.notifier.begin()
    stack = project.judge_now()
    project.ledger.write_status(stack.judgements, stack.meta())
    current = current_status(project.judge, stack.judgements, stack.moment, is_run=False)
    for line in (*first_lines, *project.notifier.tell(current)):
        say(line)
