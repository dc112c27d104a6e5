"""The options that a command needs to run a test again on what this run tests."""

import pytest


def repeated_options(config: pytest.Config) -> tuple[str, ...]:
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
