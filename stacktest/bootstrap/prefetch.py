"""Starts `docker compose config` before anything else is done: it takes longest.

Imports only what this needs, so that Compose works while the rest is imported.
"""

import os
from pathlib import Path

from stacktest import config as configuration
from stacktest.adapters.compose.client import Compose, compose_of
from stacktest.adapters.engine.connection import choose_context
from stacktest.bootstrap.stack_folder import stack_folder
from stacktest.errors import StacktestError


def ask_compose(
    option: str, *, rootdir: Path | None = None, version: bool = True
) -> Compose | None:
    """Compose with `config` started; None on an error, which later code raises again."""
    try:
        root = stack_folder(option, rootdir=rootdir)
        section = configuration.load(root, environ=os.environ).stack
        choose_context(section.context, os.environ)
        compose = compose_of(root, section)
        compose.ask(version=version)
    except StacktestError:
        return None
    return compose
