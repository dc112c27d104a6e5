"""The click group of the verbs: help that is not truncated, and errors with the nearest name."""

import re
import shlex
from collections.abc import Iterable, Iterator, MutableMapping
from importlib import import_module
from typing import Any

import click

from stacktest.core.suggestions import did_you_mean

NAMES_OF_STACKS = frozenset({"-f", "--file", "-p", "--project-name", "--project-directory"})
"""Options of Compose that name a stack."""
OF_ALL_SERVICES = frozenset({"status", "gate"})
"""Verbs that take no service as argument."""


class VerbModules(MutableMapping[str, click.Command]):
    """Verb → command; only the module of the requested command is imported."""

    def __init__(self, package: str, verbs: Iterable[str]) -> None:
        self._package = package
        self._commands: dict[str, click.Command | None] = dict.fromkeys(verbs)

    def __getitem__(self, verb: str) -> click.Command:
        command = self._commands[verb]
        if command is None:
            command = getattr(import_module(f"{self._package}.{verb}"), verb)
            self._commands[verb] = command
        return command

    def __setitem__(self, verb: str, command: click.Command) -> None:
        self._commands[verb] = command

    def __delitem__(self, verb: str) -> None:
        del self._commands[verb]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


class Verbs(click.Group):
    """A group whose help shows the whole first sentence of each verb."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb, after the secrets of an earlier verb in this process are forgotten."""
        from stacktest.bootstrap.known_secrets import forget_secrets

        forget_secrets()
        return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write every verb with its sentence; a long sentence continues on the next line."""
        rows = [
            (name, command.get_short_help_str(limit=1000))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The requested verb; a usage error with the nearest names if it is unknown."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            error = click.UsageError(f"no command {args[0]!r}", ctx)
            error.suggestion = did_you_mean(args[0], self.list_commands(ctx))  # type: ignore[attr-defined]
            raise error
        return super().resolve_command(ctx, args)


def usage_lines(error: click.ClickException) -> list[str]:
    """A usage error of click in the form of all other errors: what, where, and a hint.

    Without a verb, the help.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message().splitlines()
    context: click.Context | None = getattr(error, "ctx", None)
    path = context.command_path if context else "stacktest"
    hint = getattr(error, "suggestion", "")
    what = error.format_message()
    if isinstance(error, click.NoSuchOption):
        what = f"no option {error.option_name!r}"
        hint = _option_hint(error.option_name, context)
    elif context and context.info_name in OF_ALL_SERVICES and (word := _EXTRA.search(what)):
        hint = f"it judges all services; of a single one: stacktest why {shlex.quote(word[1])}"
    return [
        f"error: {what.rstrip('.')}",
        f"  at: {path}",
        f"  hint: {hint or f'{path} --help'}",
    ]


# Private

_EXTRA = re.compile(r"unexpected extra argument \((\S+)\)")


def _option_hint(name: str, context: click.Context | None) -> str:
    """A hint for an unknown option: how to name a stack, else the nearest option."""
    options = [*_options(context)]
    if name in NAMES_OF_STACKS and "--stack" in options:
        return "name the folder of the stack: --stack DIR"
    if name == "--stack" and isinstance(getattr(context, "command", None), click.Group):
        return "write it after the verb: stacktest status --stack DIR"
    return did_you_mean(name, options)


def _options(context: click.Context | None) -> Iterable[str]:
    parameters: Iterable[Any] = context.command.get_params(context) if context else ()
    return (name for parameter in parameters for name in parameter.opts if name.startswith("--"))
