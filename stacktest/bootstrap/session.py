"""Makes the session of one pytest run with its adapters."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.service_markers import marker_place
from stacktest.adapters.suite_code import saved_at
from stacktest.application.evidence_folder import boot_folder, gather_boot
from stacktest.application.judge import Judge
from stacktest.application.notify import Notifier
from stacktest.application.run import StackSession
from stacktest.application.run_ports import RunPorts, StartedStack
from stacktest.application.running_stack import RunningStack
from stacktest.bootstrap.context import Project, find_project, new_run_id, now, read_code
from stacktest.bootstrap.open_update import refuse_open_update
from stacktest.bootstrap.readiness_rules import readiness_rules
from stacktest.bootstrap.recorded_runs import write_timeline
from stacktest.bootstrap.workers import reach
from stacktest.core.collected_test import Collected
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.observed_state import Container
from stacktest.core.plan import Plan
from stacktest.core.readiness import runs_once
from stacktest.core.records.timeline import Timeline
from stacktest.core.rehearsal.settings import CopySettings
from stacktest.core.runs.requirements import tests_of
from stacktest.core.runs.summary import RunSummary
from stacktest.errors import StacktestError

if TYPE_CHECKING:
    from stacktest.reports.terminal.progress_display import ProgressDisplay


class RunRequest(Struct, frozen=True, kw_only=True):
    """The options of the run from pytest's command line."""

    rootdir: Path
    stack: str = ""
    """Folder of the stack; empty: found from where pytest was started."""
    mode: str = "auto"
    """`--stack-up`."""
    keep: bool = False
    compose: Compose | None = None
    """Compose whose `config` was started already."""
    copy: CopySettings | None = None
    """The copy that is tested in place of the stack; None: the stack itself."""
    only_plans: bool = False
    """`--stack-dry-run`: no service is started, so the modules for that are not imported."""
    is_shard: bool = False
    """The run is one shard: `stacktest merge` notifies channels and stores durations."""


class PytestRun(Struct, frozen=True, kw_only=True):
    """One run with the functions that pytest's hooks call."""

    session: StackSession
    notifier: Notifier
    reach: Callable[[Path], RunningStack]
    """Makes the `RunningStack` once the stack is up; the folder is for the run's own files."""
    write_timeline: Callable[[Timeline], None]
    conclude: Callable[[RunSummary], list[str]] = lambda _: []
    """Writes further results of the run; returns lines to print."""
    running: Callable[[], frozenset[str]] = frozenset
    """Services that run already; none if the engine does not answer."""


def open_run(
    request: RunRequest, display: "ProgressDisplay", tests: Iterable[Collected]
) -> PytestRun:
    """The run that the request describes; nothing is started yet."""
    project = _project(request)
    refuse_open_update(project.root, os.environ)
    _prepare(project, request)
    from stacktest.adapters.ledger.part_names import save_detail
    from stacktest.adapters.ledger.run_texts import save_texts

    run_id, rootdir, base = new_run_id(), request.rootdir, project.suites.base

    def keep_evidence(error: StacktestError) -> None:
        gather_boot(boot_folder(rootdir, run_id), project.stack, project.engine, error)

    def start_services(plan: Plan) -> StartedStack:
        from stacktest.bootstrap.start import starter

        bring_up = starter(
            project,
            display,
            run_id=run_id,
            mode=request.mode,
            keep=request.keep,
            on_failure=keep_evidence,
        )
        return bring_up(plan)

    start: Callable[[Plan], StartedStack] = start_services
    conclude: Callable[[RunSummary], list[str]] = partial(_conclude, project)
    if request.is_shard:
        conclude = _conclude_nothing
        notifier = Notifier.of_nobody(project.stack, project.ledger.read_status)
    else:
        notifier = project.notifier
    if request.copy is not None:
        from stacktest.bootstrap import copy_start

        copy = copy_start.copy_of(project, run_id, keep=request.keep)
        start = partial(copy.bring_up, start=start)
        conclude = partial(copy_start.conclude, copy)
    ports = RunPorts(
        judge=project.judge,
        recorder=project.ledger,
        lock=project.lock(),
        bring_up=start,
        observe=project.look,
        save_part_names=lambda name, seen: save_detail(project.memory, name, seen.fingerprint),
        save_texts=partial(save_texts, project.memory),
        now=now,
        git=project.commit,
        collected_code=code_as_collected(base, tests),
        read_code=lambda: read_code(base),
        place_of=partial(marker_place, base),
        on_locked=lambda: display.say_all(notifier.begin()),
    )
    return PytestRun(
        session=StackSession(ports, run_id),
        notifier=notifier,
        reach=partial(reach, project, run_id),
        write_timeline=partial(write_timeline, project.memory),
        conclude=conclude,
        running=partial(_running, project),
    )


def judge_tests(
    request: RunRequest, whole: Iterable[Collected] | None
) -> tuple[Judge, Mapping[str, Judgement]]:
    """The judge, and the judgement of every service before a run; nothing is written.

    `whole` are all tests of the suites; None: they are collected here.
    """
    project = find_project(request.stack, rootdir=request.rootdir, compose=request.compose)
    if whole is None:
        tests = project.collect()().of_services
    else:
        tests = tests_of(whole, read_code(project.suites.base))
    return project.judge, project.judge.judge_all(project.look(), tests, now())


def keep_times(ledger: Ledger, summary: RunSummary) -> None:
    """Store how long the tests of a run took."""
    from stacktest.adapters.ledger.durations import keep_durations

    passed = {
        outcome.nodeid: outcome.seconds
        for outcome in summary.outcomes
        if outcome.services and outcome.result == "passed"
    }
    # Durations are no evidence, so an error of writing them is ignored.
    with suppress(StacktestError):
        keep_durations(ledger, passed, summary.phases)


def code_as_collected(base: Path, tests: Iterable[Collected]) -> dict[str, str]:
    """Test file → digest of its code; empty if it was saved again after it was collected."""
    code = read_code(base)
    return {
        path: code(test) if saved_at(base / path) == test.saved else ""
        for path, test in sorted({test.path: test for test in tests}.items())
    }


# Private


def _prepare(project: Project, request: RunRequest) -> None:
    """Start Compose, import modules meanwhile, and check the CA and the readiness rules."""
    project.compose.ask()
    from stacktest.adapters.tls import check_ca

    if not request.only_plans:
        # Imported now, while Compose works, since nothing waits for the imports.
        import stacktest.adapters.fingerprint_inputs
        import stacktest.bootstrap.start  # noqa: F401
    if project.ca is not None and not project.makes_its_ca:
        check_ca(project.ca, now=now())
    readiness_rules(project.config)


def _running(project: Project) -> frozenset[str]:
    if project.stack.copy:
        return frozenset()
    try:
        containers = project.engine.containers(project.stack.name)
    except StacktestError:
        return frozenset()
    services = project.stack.services
    here = [c for c in containers if not c.one_off and c.service in services]
    down = {c.service for c in here if not c.is_running and not _has_done_its_job(project, c)}
    return frozenset(container.service for container in here) - down


def _has_done_its_job(project: Project, container: Container) -> bool:
    """Whether the container of a job has ended with 0, so that its service is ready."""
    service = project.stack.services[container.service]
    ready = project.config.service(service.name).ready
    return container.exit_code == 0 and runs_once(service, project.stack, ready)


def _conclude(project: Project, summary: RunSummary) -> list[str]:
    from stacktest.bootstrap.leftovers import leftovers

    keep_times(project.ledger, summary)
    return [f"leftover  {line}" for line in leftovers(project)]


def _conclude_nothing(_: RunSummary) -> list[str]:
    return []


def _project(request: RunRequest) -> Project:
    """The stack, or the copy of it that is tested."""
    project = find_project(request.stack, rootdir=request.rootdir, compose=request.compose)
    if request.copy is None:
        return project
    from stacktest.bootstrap.copy_project import CopyProject

    return CopyProject(project.root, os.environ, request.copy, request.compose, request.rootdir)
