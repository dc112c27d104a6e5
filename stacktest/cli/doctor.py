"""The verb `doctor`: check what stacktest needs on this machine."""

import os
from typing import TYPE_CHECKING

import click

from stacktest.cli.options import json_option, stack_option
from stacktest.cli.output import print_json, say

if TYPE_CHECKING:
    from stacktest.bootstrap.context import Project


@click.command()
@stack_option
@json_option
def doctor(*, folder: str, as_json: bool) -> None:
    """Check engine, Compose, browser, names, CA, ports, clock, git.

    Each is ok, or comes with the fix.
    """
    from stacktest.application.doctor import examine
    from stacktest.bootstrap import context

    findings = examine(lambda: _find_stack(folder), context.now())
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            for line in finding.lines():
                say(line)
    raise click.exceptions.Exit(max((finding.exit_code for finding in findings), default=0))


# Private


def _find_stack(folder: str) -> "Project":
    """The configured stack, else the stack of the compose file in the working folder."""
    from stacktest.adapters.compose.command_line import working_folder
    from stacktest.bootstrap import context
    from stacktest.bootstrap.unconfigured import unconfigured_project
    from stacktest.config import find_stack

    if find_stack(option=folder, environ=os.environ, folder=working_folder()) is None:
        return unconfigured_project()
    project = context.find_project(folder)
    _ = project.settings  # raises the error of a configuration that cannot be read
    return project
