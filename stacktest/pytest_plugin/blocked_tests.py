"""Fails the setup of tests that use a service which could not be started, with the reason.

The controller writes which services are not up to a file; every process that runs tests reads it.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import asdict

from stacktest.adapters.atomic_write import write_file
from stacktest.core.collected_test import Collected
from stacktest.core.runs.start_failure import StartFailure
from stacktest.printable import one_line
from stacktest.pytest_plugin.collected_tests import read
from stacktest.pytest_plugin.stash import BLOCKED, NOT_UP

FILE = "not-up.json"


def write(folder: Path, failures: Mapping[str, StartFailure], front_door: str) -> None:
    """Write which services are not up, for the processes that run tests."""
    document = {name: asdict(failure) for name, failure in failures.items()}
    text = json.dumps({"front_door": front_door, "services": document})
    write_file(folder / FILE, text)


def load(folder: Path) -> tuple[Mapping[str, StartFailure], str]:
    """Service → why it is not up, and the name of the front door."""
    if not (folder / FILE).is_file():
        return {}, ""
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    failures = {
        name: StartFailure(**{**values, "details": tuple(values["details"])})
        for name, values in document["services"].items()
    }
    return failures, str(document["front_door"])


def blocking_failure(
    test: Collected, failures: Mapping[str, StartFailure], front_door: str
) -> StartFailure | None:
    """Why the test cannot run: a service that it names is not up, or the front door is not."""
    services = [*test.services, *([front_door] if test.routed else [])]
    return next((failures[name] for name in services if name in failures), None)


def check(item: pytest.Item, folder: Path) -> None:
    """Fail the test's setup with one message if a service that it uses is not up."""
    if NOT_UP not in item.config.stash:
        item.config.stash[NOT_UP] = load(folder)
    failures, front_door = item.config.stash[NOT_UP]
    for test in read([item], item.config) if failures else ():
        if failure := blocking_failure(test, failures, front_door):
            item.stash[BLOCKED] = True
            hint = [f"hint: {failure.hint}"] if failure.hint else []
            pytest.fail("\n".join(map(one_line, [failure.cause, *hint])), pytrace=False)
