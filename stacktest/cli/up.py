"""The verb `up`: start services and leave them running."""

import os
import sys
from shutil import get_terminal_size

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import services_of, stack_option
from stacktest.cli.output import say, without_secrets


@click.command()
@stack_option
@click.argument(
    "names", nargs=-1, metavar="[PHASE or SERVICE]...", shell_complete=complete_services
)
def up(*, folder: str, names: tuple[str, ...]) -> None:
    """Start services and wait until they are ready; they stay up.

    Without a name what `docker compose up` would start, or everything where that is nothing.
    """
    from stacktest.application.up_down import start_and_keep
    from stacktest.bootstrap.context import find_project, new_run_id
    from stacktest.bootstrap.open_update import refuse_open_update
    from stacktest.bootstrap.start import starter
    from stacktest.reports.terminal.progress_display import ProgressLines, is_lively

    project = find_project(folder)
    refuse_open_update(project.root, os.environ)
    stack = project.stack
    chosen = services_of(stack, names) if names else stack.default_services()
    screen = sys.stdout if is_lively(sys.stdout, os.environ) else None
    with project.lock():
        progress = ProgressLines(say, screen=screen, width=_width)
        progress.clean = without_secrets
        bring_up = starter(project, progress, run_id=new_run_id(), mode="auto", keep=True)
        for line in start_and_keep(project.stack, bring_up, chosen):
            say(line)


# Private


def _width() -> int:
    return get_terminal_size().columns
