"""Finds the folder of the stack by the option, the environment or the working folder."""

import os
from pathlib import Path

from stacktest import config as configuration
from stacktest.adapters.compose.command_line import working_folder
from stacktest.adapters.compose.files import USUAL, stack_options
from stacktest.adapters.foreign_paths import is_file
from stacktest.config.sections import FILE_NAME
from stacktest.errors import UsageError


def stack_folder(option: str, *, rootdir: Path | None = None) -> Path:
    """The folder that the option, the environment or the working folder names; else UsageError."""
    root = configuration.find_stack(
        option=option, environ=os.environ, folder=working_folder(), rootdir=rootdir
    )
    if root is None:
        raise UsageError(
            "no stack here",
            where=f"{working_folder()} and the folders above",
            hint=_hint(working_folder()),
        )
    return root


# Private


def _hint(folder: Path) -> str:
    """A hint with the stacks in folders below, else the command that sets up a compose file."""
    if stacks := stack_options(folder, [FILE_NAME]):
        return stacks
    if any(is_file(folder / name) for name in USUAL):
        return "stacktest init"
    if folders := stack_options(folder):
        return f"stacktest init {folders}"
    return f"add {USUAL[0]} and: stacktest init; or name the stack's folder: --stack DIR"
