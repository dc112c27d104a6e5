"""The controlling process: collects, plans, brings up, gathers outcomes, judges, writes, stops.

Under pytest-xdist this is the process that starts the workers; without it, the only one. The
`StackSession` makes every decision; this module calls it in the order of pytest's hooks.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stacktest.adapters.atomic_write import write_file
from stacktest.application.evidence_folder import boot_folder, forget_old_runs, restrict_run
from stacktest.application.required_tests import BackgroundInventory
from stacktest.application.run_snapshot import read_moves, write_snapshot
from stacktest.core.collected_test import Collected, Collection
from stacktest.core.misnamed import refuse_misnamed
from stacktest.core.runs.verdict import HiddenFile
from stacktest.errors import LockHeldError, StacktestError, UsageError, refusal_of
from stacktest.pytest_plugin import blocked_tests
from stacktest.pytest_plugin.browser_output import page_options
from stacktest.pytest_plugin.collected_tests import read
from stacktest.pytest_plugin.garbage import no_collection
from stacktest.pytest_plugin.inventory import deviations, is_whole, selection_of
from stacktest.pytest_plugin.outcomes import Listener
from stacktest.pytest_plugin.own_output import test_of
from stacktest.pytest_plugin.report_secrets import clean_text
from stacktest.pytest_plugin.run_display import RunDisplay, say_summary
from stacktest.pytest_plugin.stash import DIVISION, NOTHING_STALE, OPEN_RUN, RUNNING
from stacktest.pytest_plugin.suites import suites_of
from stacktest.pytest_plugin.trouble_news import tell_broken, tell_refusal, tell_trouble
from stacktest.pytest_plugin.usage_errors import have_one_cause, usage_error

if TYPE_CHECKING:
    from stacktest.application.run import StackSession
    from stacktest.bootstrap.session import PytestRun
    from stacktest.core.runs.summary import RunSummary
    from stacktest.reports.terminal.progress_display import ProgressDisplay

NOT_READY = 10
"""Exit code of a run whose stack could not be brought up."""


class Controller:
    """The hooks of the process that starts the stack and writes the plan and all records."""

    def __init__(
        self,
        config: pytest.Config,
        whole: Collection,
        shared: Path,
        *,
        is_broken: bool,
    ) -> None:
        self._config = config
        self._is_broken = is_broken
        """A file could not be collected: pytest runs no test unless an option asks for it."""
        self._whole = whole
        self._selected: tuple[Collected, ...] = ()
        self._listener = Listener()
        self._display = RunDisplay(config)
        self._background: BackgroundInventory | None = None
        self._run: PytestRun | None = None
        self._session: StackSession | None = None
        """Set as soon as there may be something to record, or a container to stop."""
        self._shared = shared
        self._closing: list[str] = []
        self._refusal: UsageError | None = None
        """Why the run did not begin; pytest prints it as a usage error."""

    # Collection

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Read the selected tests; `--stale` has deselected those of functional services."""
        if not self._has_workers:
            self._selected = read(session.items, session.config)

    # Start of the stack

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Bring the stack up before the first test of this process."""
        if self._has_workers:
            return None
        return self._begin(session.config)

    def begin(self, selected: tuple[Collected, ...]) -> None:
        """Bring the stack up for the tests that the workers of pytest-xdist selected."""
        self._selected = selected
        self._begin(self._config)

    # Tests

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail the setup of a test that uses a service which is not up."""
        blocked_tests.check(item, self._shared)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of a test, from any process; print a failure with its reason at once."""
        self._listener.add(report)
        if report.failed and self._session is not None:
            name = test_of(report)
            if any(test.reported == name for test in self._selected):
                self._display.say_failure(report)

    # End of the run

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note that the run was interrupted, and so is incomplete."""
        self._listener.cut_short(excinfo)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Sum up, fingerprint again, write the ledger and the status, stop what was started."""
        stopped = session.shouldfail or session.shouldstop
        if stopped and not self._listener.ended_early:
            self._listener.ended_early = str(stopped)
        try:
            if self._run is not None and self._session is not None:
                self._finish(self._run, self._session)
            elif self._is_quiet(session):
                self._finish_quietly(session)
        except StacktestError as error:
            self._end_badly(session, error)
        except OSError as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            self._end_badly(session, refusal)
        finally:
            self._close()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print by phase and service what was proved, and the next useful command."""
        if self._closing:
            say_summary(terminalreporter, self._closing)

    def pytest_unconfigure(self) -> None:
        """Stop what was started if `pytest_sessionfinish` was not called."""
        self._close()

    # Private

    @property
    def _progress(self) -> "ProgressDisplay":
        return self._display.progress

    def _end_badly(self, session: pytest.Session, error: StacktestError) -> None:
        """Print the error that kept the run from being recorded; the run then is not a success."""
        if not have_one_cause(self._refusal, error):
            self._closing += [*error.lines_with_code(), *tell_trouble(self._run, error)]
        if session.exitstatus == pytest.ExitCode.OK:
            is_usage = isinstance(error, UsageError)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR if is_usage else NOT_READY

    @property
    def _has_workers(self) -> bool:
        return self._config.pluginmanager.hasplugin("dsession")

    def _begin(self, config: pytest.Config) -> bool | None:
        """Plan and bring up; True ends the run loop without a test."""
        if not self._selected:
            return None
        if self._is_broken and not config.option.continue_on_collection_errors:
            self._closing += tell_broken(self._open, config, self._whole.errors)
            return None
        try:
            try:
                return self._start(config)
            except OSError as error:
                raise refusal_of(error) or error from error
        except UsageError as error:
            has_begun = self._session is not None
            tell = tell_trouble if has_begun else partial(tell_refusal, config=config)
            self._progress.say_all(tell(self._run, error=error))
            self._refusal = error
            raise usage_error(error) from error
        except StacktestError as error:
            self._progress.say_all(error.lines_with_code())
            if self._session is None or not self._session.not_up:
                # Services that are recorded as not up are notified at the end, with their state.
                self._progress.say_all(tell_trouble(self._run, error))
            if self._session is not None:
                self._display.say_boot_evidence(self._session.run_id)
            self._tell_allure(error.what)
            is_lock = isinstance(error, LockHeldError)
            words = "another run uses this stack" if is_lock else "the stack did not become ready"
            pytest.exit(words, returncode=NOT_READY)

    def _start(self, config: pytest.Config) -> bool | None:
        if config.getoption("dist", "no") == "loadgroup":
            # Seen with pytest-xdist 3.8: the run never ends after a worker crashed.
            raise UsageError(
                "--dist loadgroup hangs for ever when a worker crashes",
                where="--dist",
                hint="use --dist load or --dist worksteal",
            )
        from stacktest.reports.terminal.run import plan_document, plan_lines, reason_lines

        run = self._open(config)
        session = run.session
        plan = session.plan(self._selected)
        dry_run = config.getoption("--stack-dry-run")
        if dry_run or (self._progress.verbosity >= 0 and not config.getoption("no_header", None)):
            self._progress.say_all(plan_lines(plan, session.stack, len(self._selected)))
        if dry_run:
            running = run.running()
            if file := config.getoption("--stack-plan-file"):
                write_file(Path(file), json.dumps(plan_document(plan, running), indent=2))
            self._progress.say_all(reason_lines(plan, running))
            refuse_misnamed(session.misnamed)
            return True
        if not is_whole(config):
            self._background = BackgroundInventory(suites_of(config), stack=str(session.stack.root))
        self._session = session
        session.start(plan, self._selected)
        blocked_tests.write(self._shared, session.blocked, session.stack.front_door)
        self._display.say_not_up(session.blocked, session.run_id)
        write_snapshot(self._shared, session.snapshot)
        config.stash[RUNNING] = run.reach(self._shared)
        page_options(config, session.run_id, "main")
        forget_old_runs(config.rootpath)
        return None

    @no_collection()
    def _open(self, config: pytest.Config) -> "PytestRun":
        from stacktest.bootstrap.context import now
        from stacktest.bootstrap.session import open_run
        from stacktest.pytest_plugin.stale import request_of

        self._progress.started = now()
        factory = config.stash.get(OPEN_RUN, open_run)
        self._run = factory(request_of(config), self._progress, self._whole.tests)
        return self._run

    def _is_quiet(self, session: pytest.Session) -> bool:
        """Whether the run has no test only because `--stale` left none, and nothing went wrong."""
        option = self._config.getoption
        return (
            option("--stale")
            and not option("--stack-dry-run")
            and not self._selected
            and session.testscollected == 0
            and not (self._is_broken or self._whole.errors)
            and (NOTHING_STALE in self._config.stash or not (option("-k") or option("-m")))
        )

    def _finish_quietly(self, session: pytest.Session) -> None:
        """Nothing is stale: judge, write the status, and notify channels that want every run."""
        from stacktest.application.notify import current_status
        from stacktest.bootstrap.context import now
        from stacktest.reports.terminal.run import quiet_lines

        run = self._open(self._config)
        self._closing += run.notifier.begin()
        whole = self._whole
        if not is_whole(self._config):
            stack = str(run.session.stack.root)
            whole = BackgroundInventory(suites_of(self._config), stack=stack).read()
        judgements = run.session.judge_only(whole)
        self._closing += quiet_lines(judgements)
        self._closing += run.notifier.tell(current_status(run.session.judge, judgements, now()))
        session.exitstatus = pytest.ExitCode.OK

    @no_collection()
    def _finish(self, run: "PytestRun", session: "StackSession") -> None:
        collection = self._whole if self._background is None else self._background.read()
        errors = tuple(dict.fromkeys((*self._whole.errors, *collection.errors)))
        facts = self._listener.facts(
            self._whole.tests,
            self._selected,
            selection=selection_of(self._config),
            deviations=deviations(self._config),
        )
        outcomes = self._listener.outcomes(self._selected)
        from stacktest.reports.terminal.run import summary_lines

        suites = suites_of(self._config)
        hidden = tuple({file.path: file for file in self._hidden(collection)}.values())
        summary = session.finish(
            collection.tests,
            outcomes,
            facts,
            errors=errors,
            moves=read_moves(self._shared),
            hidden=hidden,
            elsewhere=frozenset(
                test.nodeid for test in self._selected if not suites.holds(suites.base / test.path)
            ),
        )
        if self._refusal is None:
            # A run that did not begin has nothing to sum up.
            self._closing += summary_lines(summary, session.stack, self._progress.width)
        self._closing += run.conclude(summary)
        # The timeline is no evidence, so an error of writing it is ignored; others are raised.
        from stacktest.core.runs.timeline import timeline_of

        with suppress(UsageError):
            run.write_timeline(
                timeline_of(
                    session.run_id,
                    self._progress.started,
                    self._progress.boots,
                    summary.outcomes,
                )
            )
        self._closing += self._tell(summary, run)
        if session.run is not None:
            self._tell_allure()
        if DIVISION in self._config.stash:
            from stacktest.pytest_plugin.shards import leave_record

            whole = Collection(tests=collection.tests, errors=errors, hidden=hidden)
            self._closing += leave_record(self._config, session, summary, whole, self._shared)
        if summary.trouble is not None:
            raise summary.trouble

    def _hidden(self, collection: Collection) -> Iterator[HiddenFile]:
        """Files whose tests the whole collection lacks, and files that only this run lacks."""
        yield from collection.hidden
        listed = {test.path for test in collection.tests}
        yield from (file for file in self._whole.hidden if file.path not in listed)

    def _tell_allure(self, trouble: str = "") -> None:
        """With `--alluredir`, write the parts of Allure's report that belong to the whole run."""
        folder = self._config.getoption("--alluredir", None)
        if not folder or self._session is None:
            return
        from stacktest.pytest_plugin.allure import attach_boot, write_run

        evidence = boot_folder(self._config.rootpath, self._session.run_id)
        attach_boot(self._progress.boots, evidence, clean_text(trouble))
        if self._session.run is not None:
            write_run(Path(folder), self._session.stack, self._session.run)

    def _tell(self, summary: "RunSummary", run: "PytestRun") -> list[str]:
        """Notify channels of changed states; returns lines about channels that failed."""
        if not run.notifier.has_channels:
            return []
        from stacktest.application.notify import current_status
        from stacktest.bootstrap.context import now

        return run.notifier.tell(current_status(run.session.judge, summary.judgements, now()))

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        restrict_run(self._config.rootpath, session.run_id)
        try:
            left = session.stop()
            self._closing += [f"left      {name}: {why}" for name, why in sorted(left.items())]
        except StacktestError as error:
            # The reaper tries once more when this process has ended.
            self._closing += [line for line in error.lines_with_code() if line not in self._closing]
