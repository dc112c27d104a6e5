"""The verb `init`: write a first stacktest.toml and suites."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from stacktest.cli.options import stack_option
from stacktest.cli.output import say, without_secrets
from stacktest.config import StackSection


@click.command()
@stack_option
@click.option("--up", "starts", is_flag=True, help="Start what does not run, look, stop it again.")
@click.option("--deep", "is_deep", is_flag=True, help="Look at landing pages in a browser, too.")
def init(*, folder: str, starts: bool, is_deep: bool) -> None:
    """Write a first stacktest.toml and a smoke test per service.

    Of what runs, every service is asked what only it answers. What is there already stays as it is,
    but for files that an earlier init wrote and nobody edited.
    """
    from stacktest.adapters.compose.command_line import working_folder
    from stacktest.adapters.git.tracked_files import ignored_files
    from stacktest.adapters.ledger.init_files import InitFiles
    from stacktest.adapters.routes import read_routes
    from stacktest.adapters.suites import config_leaving_out
    from stacktest.bootstrap.context import Project
    from stacktest.bootstrap.init_look import take_look
    from stacktest.init import SUITES, initialise
    from stacktest.reports.terminal.progress_display import ProgressLines

    root = Path(os.path.abspath(working_folder() / folder))  # noqa: PTH100 - keeps symbolic links
    project = Project(root, os.environ)
    progress = ProgressLines(say)
    progress.clean = without_secrets
    files = InitFiles(root)
    result = initialise(
        project.compose.model(),
        read_routes,
        create=files.create,
        renew=files.renew,
        section=_named(os.environ),
        ignored=partial(ignored_files, root),
        take_look=partial(take_look, project, starts=starts, is_deep=is_deep, progress=progress),
        left_out_by=config_leaving_out(root, SUITES),
    )
    for line in result.lines():
        say(line)


# Private


def _named(environ: Mapping[str, str]) -> StackSection:
    """Settings from variables of this command, to be written so that later commands have them."""
    separator = environ.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
    listed = environ.get("COMPOSE_FILE", "").split(separator)
    compose = environ.get("STACKTEST_COMPOSE", "").split(",")
    env_files = environ.get("STACKTEST_ENV_FILES", "").split(",")
    return StackSection(
        compose=tuple(filter(None, compose)) or tuple(filter(None, listed)),
        env_files=tuple(filter(None, env_files)),
        project_directory=environ.get("STACKTEST_PROJECT_DIRECTORY", ""),
        project_name=environ.get("STACKTEST_PROJECT_NAME", ""),
    )
