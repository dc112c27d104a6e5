"""The verb `down`: stop what stacktest started."""

import os

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import services_of, stack_option
from stacktest.cli.output import say


@click.command()
@stack_option
@click.option("--volume", "volumes", multiple=True, metavar="NAME", help="Also this volume.")
@click.argument(
    "names", nargs=-1, metavar="[PHASE or SERVICE]...", shell_complete=complete_services
)
def down(*, folder: str, volumes: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Stop what stacktest started, and nothing else.

    Volumes are removed only when they are named.
    """
    from stacktest.application.up_down import take_down
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.open_update import refuse_open_update

    project = find_project(folder)
    refuse_open_update(project.root, os.environ)
    chosen = services_of(project.stack, names) if names else None
    with project.lock():
        for line in take_down(project.stack, project.engine, chosen, volumes):
            say(line)
