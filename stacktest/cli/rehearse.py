"""The verb `rehearse`: test a copy of the stack beside the running one."""

import sys
from typing import Any

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import services_of, stack_option
from stacktest.cli.output import say
from stacktest.cli.pytest_arguments import PYTEST, WithPytestArguments


@click.command(
    cls=WithPytestArguments,
    options_metavar="[OPTIONS] [SERVICE]... [-- PYTEST ARGUMENTS]",
)
@stack_option
@click.argument("names", nargs=-1, metavar="", required=False, shell_complete=complete_services)
@click.option(
    "--with",
    "images",
    metavar="SERVICE=IMAGE",
    multiple=True,
    help="Another image for a service of the copy.",
)
@click.option(
    "--without",
    "left_out",
    metavar="SERVICE",
    multiple=True,
    help="Leave a service out, with the tests that name it.",
)
@click.option(
    "--data",
    type=click.Choice(["copy", "empty"]),
    default="copy",
    show_default=True,
    help="What the volumes of the copy begin with.",
)
@click.option("--keep", is_flag=True, help="Leave the copy running.")
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
    from stacktest.adapters.process import become

    names = services_of(project.stack, choices["names"]) if choices["names"] else ()
    argv = [sys.executable, "-P", "-m", "pytest", f"--stack={project.root}", "--stack-copy"]
    argv += ["--stack-copy-verb=rehearse"]
    argv += [f"--stack-copy-data={choices['data']}", *(["--stack-keep"] if choices["keep"] else [])]
    argv += [f"--stack-copy-with={text}" for text in choices["images"]]
    argv += [f"--stack-copy-without={name}" for name in choices["left_out"]]
    argv += [f"--stack-services={name}" for name in names]
    argv += [str(path) for path in project.suites.folders if path.is_dir()]
    become([*argv, *ctx.meta[PYTEST]], cwd=project.suites.base)
