"""Asks Compose what the stack is while pytest still collects: nothing else takes as long.

Imports only what the question needs, so that it is on its way before the rest is imported.
"""

import os

import pytest

from stacktest import config as configuration
from stacktest.adapters.compose.client import compose_of
from stacktest.adapters.compose.command_line import working_folder
from stacktest.adapters.engine.connection import choose_context
from stacktest.errors import StacktestError
from stacktest.pytest_plugin.stash import ASKED


def ask_ahead(config: pytest.Config) -> None:
    """Put the question for the stack of this run; what is wrong is told by who needs the answer."""
    option: str = config.getoption("--stack")
    try:
        root = configuration.find_stack(
            option=option, environ=os.environ, folder=working_folder(), rootdir=config.rootpath
        )
        if root is not None:
            section = configuration.load(root, environ=os.environ).stack
            choose_context(section.context, os.environ)
            compose = compose_of(root, section)
            # A worker records nothing, so it needs no version.
            compose.ask(version=not hasattr(config, "workerinput"))
            config.stash[ASKED] = compose
    except StacktestError:
        return
