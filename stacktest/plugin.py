"""The pytest plugin: options, markers and hooks; `controller` and `worker` say what they mean.

A project without a stack pays for this module and `collection`, and nothing else: everything heavy
is imported once a collected test asks for the stack.
"""

from collections.abc import Generator
from typing import Any

import pytest

from stacktest import collection
from stacktest.contacts import touched


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the run."""
    group = parser.getgroup("stacktest", "stacktest: prove a docker compose stack")
    group.addoption("--stack", metavar="DIR", default="", help="folder of the stack under test")
    group.addoption(
        "--stack-up",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: start what is missing; always: recreate; never: start nothing",
    )
    group.addoption("--stack-keep", action="store_true", help="leave what this run started running")
    group.addoption(
        "--stale", action="store_true", help="only tests of services that are not functional"
    )
    group.addoption(
        "--stack-dry-run",
        action="store_true",
        help="print the plan with its reasons; start nothing",
    )
    group.addoption("--stack-inventory", metavar="FILE", default="", help=_HIDDEN)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, the fixtures, and the side that this process plays."""
    config.addinivalue_line(
        "markers", "service(*names): the compose services that the test is about"
    )
    from stacktest import fixtures

    config.pluginmanager.register(fixtures, "stacktest-fixtures")
    config.pluginmanager.register(_side(config), "stacktest-run")


def pytest_itemcollected(item: pytest.Item) -> None:
    """The folder gives the phase marker."""
    collection.mark_phase(item)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`--stale` leaves out the tests of functional services."""
    if config.getoption("--stale") and not config.getoption("--stack-inventory"):
        from stacktest.stale import leave_out_functional

        leave_out_functional(config, items, collection.read(items, config.rootpath))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note on each report what the test really touched; the attribute survives pytest-xdist."""
    report = yield
    if collection.asks_for_stack(item):
        vars(report)["stacktest_contacts"] = list(touched(item))
        if report.when == "setup":
            item.stash[_BEGUN] = report.start
        if report.failed and report.when != "teardown":
            _add_evidence(item, report)
    return report


# Private

_BEGUN: pytest.StashKey[float] = pytest.StashKey()
_HIDDEN = "write what the whole collection asks for to FILE and stop (used by stacktest itself)"


def _add_evidence(item: pytest.Item, report: pytest.TestReport) -> None:
    from stacktest.evidence import Window, gather

    folder = gather(item, Window(begin=item.stash[_BEGUN], end=report.stop))
    if folder is not None:
        shown = folder.relative_to(item.config.rootpath)
        report.sections.append(("Evidence", f"{shown}\nReproduce: pytest '{item.nodeid}'"))


def _side(config: pytest.Config) -> Any:
    """What this process does: a worker reads, the controller starts, judges and writes."""
    if config.getoption("--stack-inventory"):
        from stacktest.inventory import InventoryWriter

        return InventoryWriter(config)
    if hasattr(config, "workerinput"):
        from stacktest.worker import Worker

        return Worker(config)
    from stacktest.controller import Controller

    return Controller(config)
