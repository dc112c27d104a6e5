"""Asks Compose what the stack of a run is while pytest still collects."""

import pytest

from stacktest.bootstrap.prefetch import ask_compose
from stacktest.pytest_plugin.stash import ASKED


def ask_ahead(config: pytest.Config) -> None:
    """Put the question for the stack of this run; what is wrong is told by who needs the answer."""
    compose = ask_compose(
        config.getoption("--stack"),
        rootdir=config.rootpath,
        # A worker records nothing, so it needs no version.
        version=not hasattr(config, "workerinput"),
    )
    if compose is not None:
        config.stash[ASKED] = compose
