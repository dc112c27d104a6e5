"""Finds the folder of the stack that a person means."""

import os
from pathlib import Path

from stacktest import config as configuration
from stacktest.adapters.compose.command_line import working_folder
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
            hint="name one with --stack DIR, or write a stacktest.toml: stacktest init",
        )
    return root
