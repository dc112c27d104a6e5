"""Starts `docker compose config` for the stack of a run while pytest still collects."""

import pytest

from stacktest.bootstrap.prefetch import ask_compose
from stacktest.pytest_plugin.stash import ASKED


def ask_ahead(config: pytest.Config) -> None:
    """Start `docker compose config`; its error is reported later, by the code that reads it."""
    compose = ask_compose(
        config.getoption("--stack"),
        rootdir=config.rootpath,
        # A worker records nothing, so it needs no version.
        version=not hasattr(config, "workerinput"),
    )
    if compose is not None:
        config.stash[ASKED] = compose
