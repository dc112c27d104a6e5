"""Prints all output of the command: to the terminal, and to files that options name.

No other module prints. Text of containers, pages and file names cannot control the terminal
(`printable`), and the secrets of the stack that was read are removed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from stacktest.bootstrap.known_secrets import known_secrets
from stacktest.cli.terminal import wants_colour
from stacktest.core.redaction import clean, redact
from stacktest.printable import one_line, printable, visible, visible_data

if TYPE_CHECKING:
    from stacktest.reports.report_data import Board


def say(line: str, *, err: bool = False) -> None:
    """Print one line, with the first state in it in its colour."""
    stream: IO[Any] = sys.stderr if err else sys.stdout
    line = one_line(without_secrets(line))
    has_colour = wants_colour(stream, os.environ)
    if has_colour:
        from stacktest.cli.colour import painted

        line = painted(line)
    _echo(line + "\n", err=err, has_colour=has_colour)


def say_text(text: str, *, err: bool = False) -> None:
    """Print the lines of another program."""
    _echo(printable(without_secrets(text)), err=err)


def json_text(document: Any, *, sort_keys: bool = False) -> str:
    """A document as JSON text whose strings hold no control sequences, even after parsing."""
    values = visible_data(document)
    return json.dumps(values, indent=2, ensure_ascii=False, sort_keys=sort_keys) + "\n"


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    _echo(json_text(clean(visible_data(document), known_secrets())))


def print_own(text: str) -> None:
    """Print what this package itself wrote for another program: workflow commands, a script."""
    _echo(without_secrets(text))


def cleaned(text: str, board: Board) -> str:
    """A report without the stack's secrets and without control sequences."""
    from stacktest.core.secrets import secrets_of

    return redact(visible(text), secrets_of(board.stack))


def without_secrets(text: str) -> str:
    """The text without secrets of stacks that were read; invisible characters are removed first."""
    return redact(visible(text), known_secrets())


def write_report(output: str, text: str, board: Board) -> None:
    """Write the text to a file, or to the terminal when `output` is `-`."""
    write_text(output, cleaned(text, board))


def write_text(output: str, text: str) -> None:
    """Write a text that is already without secrets and control sequences to a file or terminal."""
    if output == "-":
        print_own(text)
        return
    from stacktest.adapters.atomic_write import write_file

    path = Path(output)
    write_file(path, text, hint="name another file: --output FILE")
    say(f"written  {path}")


def give_up(stream: IO[Any]) -> None:
    """Redirect the stream to /dev/null, so Python does not fail again to write its buffer."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


# Private


def _echo(text: str, *, err: bool = False, has_colour: bool | None = None) -> None:
    """Print the text; if the reader has closed the pipe, as `head` does, the exit code stays."""
    try:
        click.echo(text, nl=False, err=err, color=has_colour)
    except BrokenPipeError:
        give_up(sys.stderr if err else sys.stdout)
