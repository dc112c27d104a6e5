"""Where reports leave the program, without any secret that the compose model knows."""

from pathlib import Path

import click

from stacktest.adapters.atomic_write import writing
from stacktest.core.redaction import redact
from stacktest.core.secrets import secrets_of
from stacktest.reports.report_data import Board


def write_report(output: str, text: str, board: Board) -> None:
    """Write the text to a file, or to the terminal when `output` is `-`."""
    text = redact(text, secrets_of(board.stack))
    if output == "-":
        click.echo(text, nl=False)
        return
    path = Path(output)
    with writing(path, "name another file: --output FILE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    click.echo(f"written  {path}")
