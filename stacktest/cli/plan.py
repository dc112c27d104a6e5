"""The verb `plan`: prints which services would be started, in which order, and why."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stacktest.cli.options import json_option, stack_option
from stacktest.cli.output import say_text
from stacktest.errors import UsageError

if TYPE_CHECKING:
    from stacktest.core.model import Stack


@click.command(context_settings={"ignore_unknown_options": True})
@stack_option
@json_option
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def plan(*, folder: str, as_json: bool, pytest_args: tuple[str, ...]) -> None:
    """Print what would be started, in which order, and why.

    PYTEST_ARGS are pytest's own: `stacktest plan -m phase5`.
    """
    from stacktest.adapters.process import run
    from stacktest.adapters.temporary import temporary_folder
    from stacktest.application.required_tests import python_of_pytest
    from stacktest.bootstrap.context import find_project

    # In its own process: pytest cannot rewrite the assertions of a plugin that is already imported.
    argv = [
        *python_of_pytest(),
        "-B",
        "-m",
        "pytest",
        "--stack-dry-run",
        "--no-header",
        "-q",
        *pytest_args,
    ]
    argv += [f"--stack={Path(folder).absolute()}"] if folder else []
    with temporary_folder("plan") as place:
        file = place / "plan.json"
        cwd = _folder_of_suites(folder, pytest_args)
        done = run([*argv, f"--stack-plan-file={file}"], cwd=cwd)
        _check_options(done.err)
        if done.code in _NOTHING_COLLECTED:
            # A missing stack, or its error, is reported first: it explains the missing tests.
            _check_paths(done.err, folder, find_project(folder).stack)
        if as_json and file.is_file():
            say_text(file.read_text(encoding="utf-8") + "\n")
        else:
            say_text(done.out, err=as_json)
        say_text(done.err, err=True)
    raise click.exceptions.Exit(_OWN_CODES.get(done.code, done.code))


# Private


def _folder_of_suites(folder: str, pytest_args: tuple[str, ...]) -> Path:
    """The folder to run pytest in: this one, or that of the suites of a stack named by `--stack`.

    In a folder without a configuration of pytest all files below would be collected, also those
    that do not belong to the stack.
    """
    from stacktest.adapters.suites import read_settings
    from stacktest.bootstrap.context import find_project

    here = Path.cwd()
    has_path = any(Path(word.partition("::")[0]).exists() for word in pytest_args)
    if not folder or has_path or read_settings(here).file:
        return here
    return find_project(folder).suites.base


_UNKNOWN = "error: unrecognized arguments: "


def _check_options(text: str) -> None:
    """Raise a UsageError for options that pytest does not know, from arguments or `addopts`."""
    for line in text.splitlines():
        _, unknown, options = line.partition(_UNKNOWN)
        if unknown:
            raise UsageError(
                f"pytest does not know {options}",
                where="the arguments, or addopts in pytest's configuration file",
                hint="install the plugin that brings the option, or leave it out",
            )


_NO_PATH = "ERROR: file or directory not found: "


def _check_paths(text: str, folder: str, stack: "Stack") -> None:
    """Raise a UsageError, with the right option, for a service's name in place of a path."""
    for line in text.splitlines():
        _, missing, path = line.partition(_NO_PATH)
        if missing and path in stack.services:
            words = ("stacktest", "plan", *(("--stack", folder) if folder else ()))
            raise UsageError(
                f"{path} is a service, not a file or folder of tests",
                where="the arguments",
                hint=shlex.join([*words, f"--stack-services={path}"]),
            )


_NOTHING_COLLECTED = frozenset({4, 5})
"""pytest's codes for a wrong argument, and for no test at all."""
_OWN_CODES = dict.fromkeys((2, 4, 5), UsageError.exit_code)
"""pytest's codes for a collection error, for a wrong argument and for no test at all."""
