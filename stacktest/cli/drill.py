"""The verb `drill`: restore backups into a copy of the stack, and test it."""

from typing import Any

import click

from stacktest.cli.options import services_of, stack_option
from stacktest.cli.pytest_arguments import (
    become_pytest,
    copy_command,
    keep_option,
    names_argument,
    without_option,
)
from stacktest.errors import UsageError


@copy_command()
@stack_option
@names_argument
@without_option
@keep_option
@click.pass_context
def drill(ctx: click.Context, /, *, folder: str, **choices: Any) -> None:
    """Restore backups into a copy of the stack, and test it.

    The newest backup of each service, of all that have one without a name. The copy begins empty,
    reaches nothing outside, and is removed at the end; the running stack is not touched.
    """
    from stacktest.bootstrap.context import find_project

    project = find_project(folder)
    declared = [name for name, section in project.config.services.items() if section.backup]
    names = services_of(project.stack, choices["names"]) if choices["names"] else sorted(declared)
    if not names:
        raise UsageError(
            "no backup is declared",
            where="stacktest.toml:services.NAME.backup",
            hint="say where one is and what it is: [services.NAME.backup]",
        )
    options = ["--stack-copy-verb=drill", *(f"--stack-drill={name}" for name in names)]
    become_pytest(ctx, project, options, choices)
