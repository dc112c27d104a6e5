"""Removes the stack's secrets from what pytest itself writes: names of tests, warnings, logs.

names      `test_b[hunter2]` is called `test_b[word#0]`, as in records, once the stack is known
warnings   the summary at the end, with warnings of threads and of garbage collection
logs       `log_cli` and `--log-file`; the log that a test reads with `caplog` stays as it is
the end    messages of Ctrl-C, `pytest.exit` and an error within pytest, and pytest's cache
"""

import logging
import warnings
from collections.abc import Generator
from typing import Any

import pytest

from stacktest.core.runs.bare_text import bare_test
from stacktest.pytest_plugin.report_secrets import clean_in_place, clean_text

OWN_NAME: pytest.StashKey[str] = pytest.StashKey()
"""Per test: its node id as collected, set only if another id is shown."""


class OwnOutput:
    """Hooks that remove secrets from what pytest is about to write."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        logs: Any = config.pluginmanager.get_plugin("logging-plugin")
        for name in ("log_cli_handler", "log_file_handler"):
            if handler := getattr(logs, name, None):
                handler.setFormatter(_Cleaned(handler.formatter))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Hide secret parameters before the test's name is printed."""
        _hide_name(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Hide them before the report: a worker knows the stack only within its first test."""
        _hide_name(item)
        report = yield
        if OWN_NAME in item.stash:
            vars(report)[_REPORTED] = item.stash[OWN_NAME]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Remove secrets from the warning's message."""
        text = str(warning_message.message)
        if (cleaned := clean_text(text)) != text:
            warning_message.message = UserWarning(cleaned)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remove secrets from the message of `pytest.exit`, which pytest prints."""
        excinfo.value.args = clean_in_place(excinfo.value.args)
        if isinstance(excinfo.value, pytest.exit.Exception):
            excinfo.value.msg = clean_text(str(excinfo.value.msg))

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> None:
        """Remove secrets from the lines of the traceback."""
        clean_in_place(excrepr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Remove secrets from the names of tests that pytest's cache stores."""
        cache: Any = self._config.pluginmanager.get_plugin("nfplugin")
        if names := getattr(cache, "cached_nodeids", None):
            cache.cached_nodeids = {clean_text(str(name)) for name in names}


def test_of(report: pytest.TestReport) -> str:
    """The node id of the report's test as it was collected."""
    return str(vars(report).get(_REPORTED, report.nodeid))


# Private

_REPORTED = "stacktest_test"


class _Cleaned(logging.Formatter):
    """Formats a record with the given formatter, and removes secrets."""

    def __init__(self, formatter: logging.Formatter | None) -> None:
        super().__init__()
        self._formatter = formatter or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return clean_text(self._formatter.format(record))


def _hide_name(item: pytest.Item) -> None:
    """Show the positions of a test's parameters in place of their values if these are secret."""
    if OWN_NAME in item.stash or clean_text(item.nodeid) == item.nodeid:
        return
    item.stash[OWN_NAME] = item.nodeid
    file, line, name = item.location
    shown = _shown(item, item.nodeid)
    item.name = _shown(item, item.name)
    vars(item)["location"] = (file, line, _shown(item, name))
    # Pytest has no way to rename a collected test; 9.2 stores the id as an object, not as a string.
    inner: Any = item
    if hasattr(inner, "_id"):
        inner._id = type(inner._id).parse(shown)  # noqa: SLF001
    else:
        inner._nodeid = shown  # noqa: SLF001


def _shown(item: pytest.Item, name: str) -> str:
    call: Any = getattr(item, "callspec", None)
    function, bracket, _ = name.partition("[")
    if call is None or not bracket:
        return clean_text(name)
    return clean_text(bare_test(function, [call.id], call.indices))
