"""Asks Compose what the stack is while pytest still collects: nothing else takes as long.

Imports only what the question needs, so that it is on its way before the rest is imported.
"""

import os
from pathlib import Path

import pytest

from stacktest import config as configuration
from stacktest.adapters.compose import Compose
from stacktest.config import Config
from stacktest.errors import StacktestError
from stacktest.keys import ASKED


def ask_ahead(config: pytest.Config) -> None:
    """Put the question for the stack of this run; what is wrong is told by who needs the answer."""
    option: str = config.getoption("--stack")
    try:
        root = configuration.find_stack(
            option=option, environ=os.environ, folder=Path.cwd(), rootdir=config.rootpath
        )
        if root is not None:
            compose = compose_of(root, configuration.load(root, environ=os.environ))
            # A worker records nothing, so it needs no version.
            compose.ask(version=not hasattr(config, "workerinput"))
            config.stash[ASKED] = compose
    except StacktestError:
        return


def compose_of(root: Path, settings: Config) -> Compose:
    """Docker Compose on the files of the stack in `root`."""
    return Compose(root, settings.stack.compose, settings.stack.env_files)
