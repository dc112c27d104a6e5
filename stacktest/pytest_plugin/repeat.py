"""The command that runs a test again on what this run tests."""

import os
import re
import shlex

import pytest


def command_again(config: pytest.Config, nodeid: str) -> str:
    """The command for the folder in which this run was started."""
    path, *rest = _PLACES.sub("", nodeid).split("::", 1)
    path = os.path.relpath(config.rootpath / path, config.invocation_params.dir)
    return shlex.join(["pytest", *_repeated_options(config), "::".join([path, *rest])])


# Private

_PLACES = re.compile(r"\[[A-Za-z_]\w*#\d.*\]$")
"""Parameters that are called by their places: pytest knows the test by their values alone."""


def _repeated_options(config: pytest.Config) -> tuple[str, ...]:
    """The stack that was named on the command line, and the copy of it that was asked for."""
    stack = config.getoption("--stack")
    options = [f"--stack={stack}"] if stack else []
    drilled = config.getoption("--stack-drill")
    options += [f"--stack-drill={name}" for name in drilled]
    if config.getoption("--stack-copy") or drilled:
        if not drilled:
            data = config.getoption("--stack-copy-data")
            options += ["--stack-copy", f"--stack-copy-data={data}"]
        for name in ("--stack-copy-with", "--stack-copy-without"):
            options += [f"{name}={value}" for value in config.getoption(name)]
    return tuple(options)
