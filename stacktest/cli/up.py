"""The verb `up`: start services and leave them running."""

import os
import sys

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import services_of, stack_option


@click.command()
@stack_option
@click.argument(
    "names", nargs=-1, metavar="[PHASE or SERVICE]...", shell_complete=complete_services
)
def up(*, folder: str, names: tuple[str, ...]) -> None:
    """Start services and wait until they are ready; they stay up.

    Without a name all of the stack is started.
    """
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.session import start_and_keep
    from stacktest.reports.terminal.progress_display import is_lively

    project = find_project(folder)
    chosen = services_of(project.stack, names)
    screen = sys.stdout if is_lively(sys.stdout, os.environ) else None
    with project.lock():
        for line in start_and_keep(project, chosen, click.echo, screen=screen):
            click.echo(line)
