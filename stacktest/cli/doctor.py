"""The verb `doctor`: check what stacktest needs on this machine."""

import click

from stacktest.cli.options import json_option, stack_option
from stacktest.cli.output import print_json, say


@click.command()
@stack_option
@json_option
def doctor(*, folder: str, as_json: bool) -> None:
    """Check engine, Compose, browser, names, CA, ports, clock, git.

    Each is ok, or comes with the fix.
    """
    from stacktest.application.doctor import examine
    from stacktest.bootstrap import context

    findings = examine(lambda: context.find_project(folder), context.now())
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            for line in finding.lines():
                say(line)
    raise click.exceptions.Exit(max((finding.exit_code for finding in findings), default=0))
