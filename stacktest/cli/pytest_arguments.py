"""For verbs that test a copy of the stack: runs pytest with the arguments after `--`."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import click

from stacktest.cli.completion import complete_services

if TYPE_CHECKING:
    from stacktest.bootstrap.context import Project

_ARGUMENTS = "pytest arguments"
"""The key of pytest's arguments in `Context.meta`."""


class WithPytestArguments(click.Command):
    """A command that keeps the arguments after `--` for pytest."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments before `--`, and keep those after it."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[_ARGUMENTS] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])


copy_command = partial(
    click.command,
    cls=WithPytestArguments,
    options_metavar="[OPTIONS] [SERVICE]... [-- PYTEST ARGUMENTS]",
)
names_argument = click.argument(
    "names", nargs=-1, metavar="", required=False, shell_complete=complete_services
)
without_option = click.option(
    "--without",
    "left_out",
    metavar="SERVICE",
    multiple=True,
    help="Leave a service out, with the tests that name it.",
)
keep_option = click.option("--keep", is_flag=True, help="Leave the copy running.")


def become_pytest(
    ctx: click.Context, project: "Project", options: Iterable[str], choices: Mapping[str, Any]
) -> NoReturn:
    """Run pytest with these options in place of this process; `choices` are those of the verb."""
    from stacktest.adapters.process import become

    keep = ["--stack-keep"] if choices["keep"] else []
    without = [f"--stack-copy-without={name}" for name in choices["left_out"]]
    argv = project.pytest_command([*options, *keep, *without])
    become([*argv, *ctx.meta[_ARGUMENTS]], cwd=project.suites.base)
