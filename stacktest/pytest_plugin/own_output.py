"""Takes the stack's secrets out of what pytest itself writes: names of tests, warnings, logs.

names      `test_b[hunter2]` is called `test_b[word#0]`, as in records, once the stack is known
warnings   the summary at the end, that of threads and of what was collected as garbage, too
logs       `log_cli` and `--log-file`; what a test reads of its own log stays as it is
the end    Ctrl-C, `pytest.exit`, an error within pytest, and what its cache remembers
"""

import logging
import warnings
from collections.abc import Generator
from typing import Any

import pytest

from stacktest.core.runs.bare_text import bare_test
from stacktest.pytest_plugin.report_secrets import clean_in_place, clean_text

OWN_NAME: pytest.StashKey[str] = pytest.StashKey()
"""Per test: its id as it was collected, where another one is shown."""


class OwnOutput:
    """The hooks that see what pytest is about to write."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        logs: Any = config.pluginmanager.get_plugin("logging-plugin")
        for name in ("log_cli_handler", "log_file_handler"):
            if handler := getattr(logs, name, None):
                handler.setFormatter(_Cleaned(handler.formatter))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Before its name is printed."""
        _hide_name(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Before it is reported: a worker knows the stack only within its first test."""
        _hide_name(item)
        report = yield
        if OWN_NAME in item.stash:
            vars(report)[_REPORTED] = item.stash[OWN_NAME]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Keep the category, and say without secrets what the warning says."""
        text = str(warning_message.message)
        if (cleaned := clean_text(text)) != text:
            warning_message.message = UserWarning(cleaned)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """What `pytest.exit` was given is shown."""
        excinfo.value.args = clean_in_place(excinfo.value.args)
        if isinstance(excinfo.value, pytest.exit.Exception):
            excinfo.value.msg = clean_text(str(excinfo.value.msg))

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> None:
        """The lines of the traceback."""
        clean_in_place(excrepr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """The cache remembers every test's name."""
        cache: Any = self._config.pluginmanager.get_plugin("nfplugin")
        if names := getattr(cache, "cached_nodeids", None):
            cache.cached_nodeids = {clean_text(str(name)) for name in names}


def test_of(report: pytest.TestReport) -> str:
    """The id of the test as it was collected."""
    return str(vars(report).get(_REPORTED, report.nodeid))


# Private

_REPORTED = "stacktest_test"


class _Cleaned(logging.Formatter):
    """Formats as another one does, and takes out what is secret."""

    def __init__(self, formatter: logging.Formatter | None) -> None:
        super().__init__()
        self._formatter = formatter or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return clean_text(self._formatter.format(record))


def _hide_name(item: pytest.Item) -> None:
    """Call a test by the places of its parameters, where their values are secret."""
    if OWN_NAME in item.stash or clean_text(item.nodeid) == item.nodeid:
        return
    item.stash[OWN_NAME] = item.nodeid
    file, line, name = item.location
    shown = _shown(item, item.nodeid)
    item.name = _shown(item, item.name)
    vars(item)["location"] = (file, line, _shown(item, name))
    # A name is given to a test once, so this is not foreseen; pytest 9.2 keeps more than a text.
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
