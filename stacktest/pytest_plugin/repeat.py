"""The command that runs a test again, with this run's options for the stack and its copy."""

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
"""Parameter ids that are shown as positions: pytest finds the test only by its real ids."""


def _repeated_options(config: pytest.Config) -> tuple[str, ...]:
    """The options of the command line that name the stack or ask for a copy of it."""
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
