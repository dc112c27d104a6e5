"""The verb `init`: write a first stacktest.toml and suites."""

import os
from pathlib import Path

import click

from stacktest.cli.options import stack_option


@click.command()
@stack_option
def init(*, folder: str) -> None:
    """Write a first stacktest.toml and a smoke test per service.

    What is there already stays as it is.
    """
    from stacktest.adapters.compose.command_line import working_folder
    from stacktest.adapters.routes import read_routes
    from stacktest.bootstrap.context import Project
    from stacktest.init import initialise

    root = Path(os.path.abspath(working_folder() / folder))  # noqa: PTH100 - links stay
    for line in initialise(Project(root, os.environ).compose.model(), read_routes).lines():
        click.echo(line)
