"""The verb `down`: stop what stacktest started."""

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import services_of, stack_option


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
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.session import take_down

    project = find_project(folder)
    chosen = services_of(project.stack, names) if names else None
    with project.lock():
        for line in take_down(project, chosen, volumes):
            click.echo(line)
