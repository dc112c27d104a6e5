"""The verb `drill`: restore backups into a copy of the stack, and test it."""

import sys
from typing import Any

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import services_of, stack_option
from stacktest.cli.pytest_arguments import PYTEST, WithPytestArguments
from stacktest.errors import UsageError


@click.command(
    cls=WithPytestArguments,
    options_metavar="[OPTIONS] [SERVICE]... [-- PYTEST ARGUMENTS]",
)
@stack_option
@click.argument("names", nargs=-1, metavar="", required=False, shell_complete=complete_services)
@click.option(
    "--without",
    "left_out",
    metavar="SERVICE",
    multiple=True,
    help="Leave a service out, with the tests that name it.",
)
@click.option("--keep", is_flag=True, help="Leave the copy running.")
@click.pass_context
def drill(ctx: click.Context, /, *, folder: str, **choices: Any) -> None:
    """Restore backups into a copy of the stack, and test it.

    The newest backup of each service, of all that have one without a name. The copy begins empty,
    reaches nothing outside, and is removed at the end; the running stack is not touched.
    """
    from stacktest.adapters.process import become
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
    argv = [sys.executable, "-P", "-m", "pytest", f"--stack={project.root}"]
    argv += ["--stack-copy-verb=drill"]
    argv += [f"--stack-drill={name}" for name in names]
    argv += ["--stack-keep"] if choices["keep"] else []
    argv += [f"--stack-copy-without={name}" for name in choices["left_out"]]
    argv += [str(path) for path in project.suites.folders if path.is_dir()]
    become([*argv, *ctx.meta[PYTEST]], cwd=project.suites.base)
