"""Commands that hand what follows `--` to pytest."""

import click

PYTEST = "pytest arguments"
"""The key of what was handed over, in `Context.meta`."""


class WithPytestArguments(click.Command):
    """A command that keeps what follows `--` for pytest."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Takes away what follows `--`."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[PYTEST] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])
