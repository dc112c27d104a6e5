"""Prints what happens in a run: failures at once, services that are not up, the progress."""

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from stacktest.application.evidence_folder import boot_folder
from stacktest.printable import one_line, visible
from stacktest.pytest_plugin.outcomes import FailureNotes, reason_of
from stacktest.pytest_plugin.report_secrets import clean_text
from stacktest.pytest_plugin.stash import BLOCKED_REPORT

if TYPE_CHECKING:
    from stacktest.core.runs.start_failure import StartFailure
    from stacktest.reports.terminal.progress_display import ProgressDisplay


class RunDisplay:
    """The terminal of the controlling process; imports what it prints with when it first prints."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @cached_property
    def progress(self) -> "ProgressDisplay":
        """The display of the start, which also prints plain lines."""
        from stacktest.reports.terminal.progress_display import ProgressDisplay

        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        display = ProgressDisplay(reporter, os.environ)
        display.clean = clean_text
        return display

    def say_failure(self, report: pytest.TestReport) -> None:
        """Print a failed test with its reason, and how to run it again."""
        from stacktest.pytest_plugin.repeat import command_again
        from stacktest.reports.terminal.run import failure_lines

        if self.progress.verbosity < 0 or getattr(report, BLOCKED_REPORT, False):
            # Why a service is not up was printed when the stack came up, once for all tests.
            return
        notes = FailureNotes.of(report)
        first, *rest = failure_lines(
            report.nodeid,
            reason_of(report),
            again=command_again(self._config, report.nodeid),
            **notes.shown_below(self._config.rootpath),
        )
        if self.progress.verbosity == 0:
            # With `-v` pytest has just printed the test's name.
            self.progress.say_all([first], red=True)
        self.progress.say_all(rest)

    def say_not_up(self, failures: "Mapping[str, StartFailure]", run_id: str) -> None:
        """Print why services are not up, whose tests will be errors."""
        if not failures:
            return
        from stacktest.core.runs.start_failure import by_cause

        for failure in by_cause(failures):
            self.progress.say_all([*failure.lines(), f"  code: {failure.code}"])
        self.say_boot_evidence(run_id)

    def say_boot_evidence(self, run_id: str) -> None:
        """Print the folder with the evidence of a failed start, if there is one."""
        folder = boot_folder(self._config.rootpath, run_id)
        if folder.is_dir():
            self.progress.say_all([f"  evidence: {folder.relative_to(self._config.rootpath)}"])


def say_summary(reporter: pytest.TerminalReporter, lines: Iterable[str]) -> None:
    """Print the section `stacktest` at the end of pytest's output."""
    reporter.write_sep("=", "stacktest")
    for line in lines:
        reporter.write_line(one_line(clean_text(visible(line))))
