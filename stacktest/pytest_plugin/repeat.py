"""The options that a command needs to run a test again on what this run tests."""

import pytest


def repeated_options(config: pytest.Config) -> tuple[str, ...]:
    """The stack that was named on the command line, and the copy of it that was asked for."""
    stack = config.getoption("--stack")
    options = [f"--stack={stack}"] if stack else []
    if config.getoption("--stack-copy"):
        options += ["--stack-copy", f"--stack-copy-data={config.getoption('--stack-copy-data')}"]
        for name in ("--stack-copy-with", "--stack-copy-without"):
            options += [f"{name}={value}" for value in config.getoption(name)]
    return tuple(options)
