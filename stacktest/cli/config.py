"""The verb `config`: the values in force, and the schema of `stacktest.toml`."""

import click

from stacktest.cli.group import Verbs
from stacktest.cli.options import json_option, stack_option
from stacktest.cli.output import print_json, print_own, say


@click.group(cls=Verbs)
def config() -> None:
    """Show the configuration in force, or the schema of stacktest.toml."""


@config.command()
@stack_option
@json_option
@click.option("--origin", is_flag=True, help="Also where each value comes from.")
def show(*, folder: str, as_json: bool, origin: bool) -> None:
    """Every value in force."""
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.terminal.config import config_document, config_lines

    values = find_project(folder).config
    if as_json:
        print_json(config_document(values))
        return
    for line in config_lines(values, with_origin=origin):
        say(line)


@config.command()
def schema() -> None:
    """The JSON Schema of stacktest.toml."""
    from stacktest.config import schema_text

    print_own(schema_text())
