"""The hooks of the pytest plugin; `controller` and `worker` hold what they do for a stack.

In a project without a stack only this module and the few that it imports are loaded: the rest is
imported once a collected test asks for the stack.
"""

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacktest.pytest_plugin import markers as collection
from stacktest.pytest_plugin.alone import order
from stacktest.pytest_plugin.contacts import doubted, looked_at, touched
from stacktest.pytest_plugin.followed_tests import follow_tests
from stacktest.pytest_plugin.garbage import hide_survivors, no_collection, show_survivors
from stacktest.pytest_plugin.options import add_options
from stacktest.pytest_plugin.own_modules import forget_own_modules
from stacktest.pytest_plugin.stash import (
    BLOCKED,
    BLOCKED_REPORT,
    COLLECTED,
    RUNNING,
    SHARED,
    UNREACHED,
    UNROUTED_REPORT,
)

if TYPE_CHECKING:
    from stacktest.core.collected_test import Collection
    from stacktest.pytest_plugin.controller import Controller


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's command line options."""
    add_options(parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """In the process of an inventory, a broken `conftest.py` does not prevent the collection.

    Pytest loads it again for the tests below it: they fail then, and all others are collected.
    """
    try:
        yield
    except Exception as error:
        # The one of pytest's own folder is about all tests: pytest could collect none of them.
        is_first = Path(getattr(error, "path", "")).parent == early_config.rootpath
        if is_first or not getattr(early_config.known_args_namespace, "stack_inventory", ""):
            raise
        _forget_module(str(getattr(error, "path", "")))


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, the fixtures, and the plugin for the inventory or for the run."""
    show_survivors()
    config.add_cleanup(forget_own_modules)
    if config.getoption("--stack-dry-run"):
        _run_nothing(config)
    if config.getoption("--stack-shard"):
        _begin_shard(config)
    config.addinivalue_line(
        "markers", "service(*names): the compose services that the test is about"
    )
    config.addinivalue_line(
        "markers",
        "claim(id, text, source=, holds=True, until=None): a claim that the test states",
    )
    config.addinivalue_line("markers", "alone: runs last and by itself, under pytest-xdist too")
    from stacktest.pytest_plugin import fixtures

    config.pluginmanager.register(fixtures.in_one_module(), "stacktest-fixtures")
    if config.getoption("--stack-inventory"):
        from stacktest.adapters.standard_library import prefer_standard_library

        prefer_standard_library()
        from stacktest.pytest_plugin.inventory_writer import InventoryWriter

        config.pluginmanager.register(InventoryWriter(config), "stacktest-inventory")
    else:
        if config.getoption("--stack-dry-run"):
            config.pluginmanager.register(Plan(), "stacktest-plan")
        config.pluginmanager.register(Waker(config), "stacktest-run")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Add the phase marker by the test's folder, and Allure's labels by phase and services."""
    collection.mark_phase(item)
    if not collection.asks_for_stack(item):
        return
    collection.note_file(item)
    follow_tests(item.config)
    if item.config.getoption("--alluredir", None):
        from stacktest.pytest_plugin.junit_properties import mark_for_allure
        from stacktest.pytest_plugin.report_secrets import clean_allure

        clean_allure()
        mark_for_allure(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that are alone go last; `--stale` leaves out the tests of functional services."""
    order(items)
    if config.getoption("--stale") and not config.getoption("--stack-inventory"):
        from stacktest.pytest_plugin.stale import leave_out_functional

        leave_out_functional(config, items)
    chosen, left_out = config.getoption("--stack-services"), _left_out(config)
    drilled = config.getoption("--stack-drill")
    if (chosen or left_out or drilled) and not config.getoption("--stack-inventory"):
        from stacktest.pytest_plugin.chosen_services import Chosen, keep_chosen

        keep_chosen(config, items, Chosen(with_dependants=chosen, alone=drilled), left_out)
    if config.getoption("--stack-shard") and not config.getoption("--stack-inventory"):
        from stacktest.pytest_plugin.shards import keep_shard

        keep_shard(config, items)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note on each report which services the test touched; the attributes survive pytest-xdist.

    The innermost wrapper around pytest's own hook: other plugins get the report without secrets.
    """
    is_unread = False
    if call.excinfo is not None and RUNNING in item.config.stash:
        from stacktest.pytest_plugin.answers import is_unrouted
        from stacktest.pytest_plugin.connection_errors import shortened
        from stacktest.pytest_plugin.usage_errors import hide_own_frames

        is_unread = is_unrouted(call.excinfo.value)
        hide_own_frames(call.excinfo)
        if not item.config.getoption("fulltrace", default=False):
            call.excinfo = shortened(call.excinfo)
    report = yield
    if collection.asks_for_stack(item):
        if item.get_closest_marker("claim") is not None:
            from stacktest.bootstrap.context import now
            from stacktest.pytest_plugin.claims import judge_report

            judge_report(item, call, report, now().date())
        vars(report)["stacktest_contacts"] = list(touched(item))
        vars(report)["stacktest_looks"] = list(looked_at(item))
        vars(report)["stacktest_doubts"] = doubted(item)
        vars(report)[UNROUTED_REPORT] = is_unread
        vars(report)["stacktest_unreached"] = item.stash.get(UNREACHED, "")
        vars(report)["stacktest_failed"] = report.outcome == "failed"
        item.stash[_FAILED] = item.stash.get(_FAILED, 0) + (report.outcome == "failed")
        vars(report)["stacktest_failed_attempts"] = item.stash[_FAILED]
        if report.when == "teardown":
            from stacktest.pytest_plugin.junit_properties import properties

            report.user_properties += properties(item)
        if report.when == "setup":
            item.stash[_BEGUN] = report.start
        vars(report)[BLOCKED_REPORT] = BLOCKED in item.stash
        if report.failed and BLOCKED not in item.stash:
            _add_evidence(item, report)
        if RUNNING in item.config.stash:
            from stacktest.pytest_plugin.report_secrets import clean_report

            clean_report(report)
    return report


class Waker:
    """Imports and registers the plugin of the run once a collected test asks for the stack."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._reports: list[pytest.CollectReport] = []
        self._shared: Path | None = None
        self._controller: Controller | None = None
        self._ahead = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The outermost wrapper: removes secrets from what other plugins added to the report."""
        report = yield
        if RUNNING in item.config.stash:
            from stacktest.pytest_plugin.report_secrets import clean_report

            clean_report(report)
        return report

    def pytest_exception_interact(self, call: Any, report: object) -> None:
        """Note why a file cannot be collected, before its report is passed on."""
        if isinstance(report, pytest.CollectReport):
            from stacktest.pytest_plugin.broken_files import note_error

            note_error(report, call.excinfo.value)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember reports of files that were not collected: they may hold tests of a stack."""
        if report.outcome != "passed":
            self._reports.append(report)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Start `docker compose config`, which takes longest, at the first test of the stack."""
        if self._ahead or _only_shows(item.config) or not collection.asks_for_stack(item):
            return
        self._ahead = True
        from stacktest.adapters.standard_library import prefer_standard_library

        prefer_standard_library()
        with no_collection():
            from stacktest.pytest_plugin.prefetch import ask_ahead

            ask_ahead(item.config)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None]:
        """Take the inventory before any test is deselected, with the markers that hooks add."""
        collected = list(items)
        self._config.stash[COLLECTED] = collected
        yield
        if _only_shows(self._config) or not any(map(collection.asks_for_stack, collected)):
            return
        from stacktest.pytest_plugin.own_output import OwnOutput

        self._config.pluginmanager.register(OwnOutput(self._config), "stacktest-own-output")
        with no_collection():
            from stacktest.pytest_plugin.inventory import take

            whole = take(self._config, collected, self._reports)
        if hasattr(self._config, "workerinput"):
            from stacktest.pytest_plugin.alone import AloneGate
            from stacktest.pytest_plugin.worker import Worker

            worker = Worker(self._config, whole)
            self._config.pluginmanager.register(worker, "stacktest-worker")
            self._config.pluginmanager.register(AloneGate(worker.shared), "stacktest-alone")
        else:
            self._wake(whole)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Pass the worker the folder that controller and workers share."""
        node.workerinput[SHARED] = str(self._folder)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any) -> None:
        """Plan and bring up after the first worker has collected; the others collect the same."""
        worker = node.gateway.id
        if self._controller is not None or not list(self._folder.glob(f"*-{worker}.json")):
            return
        from stacktest.application.required_tests import read_collected

        whole = read_collected(self._folder / f"whole-{worker}.json")
        selected = read_collected(self._folder / f"selected-{worker}.json")
        if self._config.getoption("--stack-shard"):
            from stacktest.pytest_plugin.shards import note_division

            divided = read_collected(self._folder / f"divided-{worker}.json")
            note_division(self._config, divided.tests)
        self._wake(whole).begin(selected.tests)

    @property
    def _folder(self) -> Path:
        if self._shared is None:
            self._shared = _new_folder(self._config)
        return self._shared

    @no_collection()
    def _wake(self, whole: "Collection") -> "Controller":
        from stacktest.pytest_plugin.controller import Controller

        broken = any(report.failed for report in self._reports)
        self._controller = Controller(self._config, whole, self._folder, is_broken=broken)
        self._config.add_cleanup(hide_survivors)
        self._config.pluginmanager.register(self._controller, "stacktest-controller")
        return self._controller


class Plan:
    """Ends a run with `--stack-dry-run` before its first test."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Raise a usage error: a dry run runs no test, even if none of them asks for the stack."""
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            return None
        raise pytest.UsageError(NOTHING_LEFT)


# Private


NOTHING_LEFT = "no test of a service is left: nothing would be started, and nothing was run"
_SHOWING = ("collectonly", "setupplan", "showfixtures", "show_fixtures_per_test")
_FAILED: pytest.StashKey[int] = pytest.StashKey()
_BEGUN: pytest.StashKey[float] = pytest.StashKey()


def _forget_module(file: str) -> None:
    """Remove a module that was imported in part: pytest would take it for a whole one."""
    modules = list(sys.modules.items())
    for name in [name for name, module in modules if getattr(module, "__file__", "") == file]:
        del sys.modules[name]


def _new_folder(config: pytest.Config) -> Path:
    """A folder that this process and its workers share, until the run has ended."""
    from stacktest.adapters.temporary import make_folder, remove_folder
    from stacktest.errors import UsageError
    from stacktest.pytest_plugin.usage_errors import usage_error

    try:
        folder = make_folder("run")
    except UsageError as error:
        raise usage_error(error) from error
    config.add_cleanup(lambda: remove_folder(folder))
    return folder


def _run_nothing(config: pytest.Config) -> None:
    """Set up a dry run: no workers, and the stack's suites if the command line names no tests."""
    from stacktest.pytest_plugin.suites import find_suites

    for name, value in {"numprocesses": 0, "dist": "no", "tx": []}.items():
        if hasattr(config.option, name):
            setattr(config.option, name, value)
    suites = find_suites(config)
    folders = [str(folder) for folder in suites.folders if folder.is_dir()] if suites else []
    if folders and config.args_source != pytest.Config.ArgsSource.ARGS:
        config.args[:] = folders


def _begin_shard(config: pytest.Config) -> None:
    """Check the shard option, and remove the old record: an aborted run must leave none."""
    from stacktest.pytest_plugin.shards import forget_record, shard_of

    shard_of(config)
    if not (hasattr(config, "workerinput") or _only_shows(config)):
        forget_record(config)


def _left_out(config: pytest.Config) -> list[str]:
    is_copy = config.getoption("--stack-copy") or config.getoption("--stack-drill")
    return list(config.getoption("--stack-copy-without")) if is_copy else []


def _only_shows(config: pytest.Config) -> bool:
    """Whether an option such as `--collect-only` keeps every test from running."""
    return any(config.getoption(name, None) for name in _SHOWING)


def _add_evidence(item: pytest.Item, report: pytest.TestReport) -> None:
    from stacktest.application.evidence_folder import Window
    from stacktest.pytest_plugin.failure_artifacts import gather

    begin = item.stash.get(_BEGUN, report.start)
    notes = gather(item, report, Window(begin=begin, end=report.stop))
    if notes is None:
        return
    from stacktest.pytest_plugin.junit_properties import evidence_property
    from stacktest.pytest_plugin.repeat import command_again

    shown = notes.page_below(item.config.rootpath)
    again = command_again(item.config, item.nodeid)
    notes.put_on(report)
    report.sections.append(("Evidence", f"{shown}\nReproduce: {again}"))
    item.user_properties += evidence_property(shown)
    if item.config.getoption("--alluredir", None):
        from stacktest.pytest_plugin.allure import attach_evidence

        attach_evidence(Path(notes.evidence), shown)
    if report.when == "teardown":
        report.user_properties += evidence_property(shown)
