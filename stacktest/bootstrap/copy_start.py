"""Brings up a copy of a stack, its data first, and removes all of it at the end."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from shutil import rmtree

from msgspec import Struct, field

from stacktest.adapters.engine import reaper
from stacktest.adapters.engine.cleanup import remove_owned
from stacktest.adapters.engine.data_copy import Copied, shown
from stacktest.adapters.engine.labels import RUN, stack_labels
from stacktest.adapters.ledger.json_files import write_json
from stacktest.adapters.ledger.rehearsals import REHEARSAL_FILE, remove_old_rehearsals
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.application.run_ports import StartedStack
from stacktest.bootstrap.context import Project, now
from stacktest.bootstrap.copy_project import CopyProject, copy_files
from stacktest.bootstrap.drill import Drilling
from stacktest.core.plan import Plan
from stacktest.core.records.rehearsal import Rehearsal, Rehearsed, Result
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.summary import RunSummary
from stacktest.core.runs.verdict import Verdict
from stacktest.errors import StacktestError, UsageError


class StackCopy(Struct, kw_only=True):
    """A copy of a stack during a run: brings it up, and removes all that was made for it."""

    project: CopyProject
    run_id: str
    keep: bool
    started: datetime = field(default_factory=now)
    copied: Copied | None = None
    drilling: Drilling | None = None
    """Restores backups into the copy; None: no drill."""
    _up: StartedStack | None = None
    _guard: reaper.Reaper | None = None

    def bring_up(self, plan: Plan, start: Callable[[Plan], StartedStack]) -> "StackCopy":
        """Copy the data of the planned services, then start them."""
        self._refuse(plan)
        labels = {RUN: self.run_id}
        log = state_dir(self.project.root) / "reaper.log"
        self._guard = reaper.arm(self.project.engine.connection, labels, log=log)
        try:
            self.copied = self._copy_data(frozenset(plan.services))
            self._up = self.drilling.bring_up(plan, start) if self.drilling else start(plan)
        except BaseException as error:
            self._remove()
            if isinstance(error, StacktestError) and not isinstance(error, UsageError):
                self.write(_not_up(plan, error))
                if self.drilling:
                    self.drilling.record_failed_start(error)
            raise
        return self

    @property
    def failures(self) -> Mapping[str, StartFailure]:
        """Services that are not up, and those that need them, each with its cause."""
        return self._up.failures if self._up else {}

    @property
    def healthy_at(self) -> Mapping[str, float]:
        """Container → when the run saw it become healthy; Unix time."""
        return self._up.healthy_at if self._up else {}

    def fallen(self) -> Mapping[str, str]:
        """Service that was ready and is not any more → the reason."""
        return self._up.fallen() if self._up else {}

    def boot_seconds(self) -> Mapping[str, float]:
        """Service → seconds from its start until it was ready."""
        return self._up.boot_seconds() if self._up else {}

    def stop(self) -> Mapping[str, str]:
        """Remove containers, networks, volumes and files of the copy, unless it is kept."""
        left = self._up.stop() if self._up else {}
        if not self.keep:
            return {**left, **self._remove()}
        self._disarm()
        return left

    def write(self, services: Mapping[str, Rehearsed]) -> Rehearsal:
        """Write the rehearsal's result of each service."""
        project, copied = self.project, self.copied or NOTHING
        left_out = Rehearsed(result="left_out", why="it was left out")
        rehearsal = Rehearsal(
            id=project.copy.id,
            run=self.run_id,
            started=self.started,
            finished=now(),
            data=project.copy.data,
            copied_bytes=copied.size,
            paused_seconds=copied.seconds,
            services={**dict.fromkeys(project.copy.left_out, left_out), **services},
            drilled=project.copy.drilled,
        )
        write_json(self.path, rehearsal.to_dict(), mode=0o600)
        remove_old_rehearsals(project.root)
        return rehearsal

    @property
    def path(self) -> Path:
        """The file of the rehearsal's record."""
        return self.project.folder / REHEARSAL_FILE

    # Private

    def _refuse(self, plan: Plan) -> None:
        refused = {
            name: self.project.refused[name]
            for name in plan.services
            if name in self.project.refused
        }
        if refused:
            name, *more = sorted(refused)
            others = f" (and {', '.join(more)})" if more else ""
            options = self.project.copy.without(*sorted(refused))
            raise UsageError(
                f"{name} cannot be copied{others}: {refused[name]}",
                where=f"services.{name}",
                hint=f"leave it out, with the tests that need it: {options}"
                if options
                else "update it without a copy: --no-rehearsal",
            )

    def _copy_data(self, services: frozenset[str]) -> Copied:
        project = self.project
        engine, labels = project.engine, {RUN: self.run_id, **stack_labels(project.stack)}
        for copy in project.copied.data:
            # Compose fails if a volume that its document names does not exist.
            engine.create_volume(copy.volume, labels)
        wanted = [copy for copy in project.copied.data if services & set(copy.services)]
        copy_files(project, services)
        full = [copy for copy in wanted if project.copy.data == "copy" and project.exists(copy)]
        if not full:
            return NOTHING
        with project.live_lock():
            return project.copier(self.run_id).copy(full)

    def _remove(self) -> Mapping[str, str]:
        removed = remove_owned(self.project.engine, {RUN: self.run_id})
        for name in ("files", "records", ".stacktest"):
            rmtree(self.project.folder / name, ignore_errors=True)
        self._disarm()
        return removed.left

    def _disarm(self) -> None:
        if self._guard is not None:
            self._guard.disarm()
            self._guard = None


def copy_of(project: Project, run_id: str, *, keep: bool) -> StackCopy:
    """The copy of a stack for one run; for a drill it restores backups."""
    assert isinstance(project, CopyProject)  # noqa: S101 - a run with a copy has this project
    copy = StackCopy(project=project, run_id=run_id, keep=keep)
    if project.copy.drilled:
        copy.drilling = Drilling(project, run_id)
    return copy


def copy_line(copied: Copied) -> str:
    """A line about the copied data and the pause that it took."""
    if not copied.size:
        return "copied    nothing: every volume begins empty"
    paused = f"{len(copied.paused)} paused for {copied.seconds:.1f} s" if copied.paused else ""
    return f"copied    {shown(copied.size)} of data{f', {paused}' if paused else ''}"


def conclude(copy: StackCopy, summary: RunSummary) -> list[str]:
    """Write `rehearsal.json`; returns lines to print, none if the copy was not brought up."""
    if copy.copied is None:
        return []
    rehearsal = copy.write(_services(copy.project, summary))
    word = "passed" if rehearsal.passed else "failed"
    return [
        f"rehearsal {word}: the running stack is as it was, and nothing counts for it",
        copy_line(copy.copied),
        f"written   {copy.path.relative_to(copy.project.root)}",
        *(copy.drilling.conclude(summary) if copy.drilling else ()),
    ]


# Private

NOTHING = Copied(size=0, paused=(), seconds=0.0)


def _not_up(plan: Plan, error: StacktestError) -> dict[str, Rehearsed]:
    """The result of a failed start for each planned service."""
    failures = error.failures if isinstance(error, NotReadyError) else {}
    causes = {name: failures[name].cause for name in failures if name in plan.services}
    names = causes or dict.fromkeys(plan.services, error.what)
    return {name: Rehearsed(result="failed", why=why) for name, why in names.items()}


def _services(project: CopyProject, summary: RunSummary) -> dict[str, Rehearsed]:
    services: dict[str, Rehearsed] = {}
    for name, verdict in summary.verdicts.items():
        if name not in project.stack.services or verdict.kind == "untouched":
            continue
        result, why = _result(name, verdict, summary)
        services[name] = Rehearsed(result=result, why=why, image=project.stack.services[name].image)
    return services


def _result(name: str, verdict: Verdict, summary: RunSummary) -> tuple[Result, str]:
    if name in summary.not_up:
        return "failed", summary.not_up[name].cause
    if verdict.kind == "failed":
        return "failed", f"{verdict.failed[0]} failed" if verdict.failed else "a test failed"
    if verdict.kind == "passed" and name in summary.credited:
        return "passed", ""
    return "not_proved", summary.refused.get(name) or "; ".join(verdict.reasons)
