"""The verb `rehearse`: test a copy of the stack beside the running one."""

from typing import Any

import click

from stacktest.cli.options import services_of, stack_option
from stacktest.cli.output import say
from stacktest.cli.pytest_arguments import (
    become_pytest,
    copy_command,
    keep_option,
    names_argument,
    without_option,
)


@copy_command()
@stack_option
@names_argument
@click.option(
    "--with",
    "images",
    metavar="SERVICE=IMAGE",
    multiple=True,
    help="Another image for a service of the copy.",
)
@without_option
@click.option(
    "--data",
    type=click.Choice(["copy", "empty"]),
    default="copy",
    show_default=True,
    help="What the volumes of the copy begin with.",
)
@keep_option
@click.option("--remove", is_flag=True, help="Only remove copies that are still there.")
@click.pass_context
def rehearse(ctx: click.Context, /, *, folder: str, remove: bool, **choices: Any) -> None:
    """Test a copy of the stack beside the running one.

    Runs the tests of the services, and of those that depend on them; all of them without a name.
    The running stack is paused while its data is copied, and not touched otherwise: the copy has
    networks and volumes of its own and reaches nothing outside.
    """
    from stacktest.bootstrap.context import find_project

    project = find_project(folder)
    if remove:
        from stacktest.application.up_down import remove_copies

        for line in remove_copies(project.stack, project.engine):
            say(line)
        return
    names = services_of(project.stack, choices["names"]) if choices["names"] else ()
    options = ["--stack-copy", "--stack-copy-verb=rehearse"]
    options += [f"--stack-copy-data={choices['data']}"]
    options += [f"--stack-copy-with={text}" for text in choices["images"]]
    options += [f"--stack-services={name}" for name in names]
    become_pytest(ctx, project, options, choices)
