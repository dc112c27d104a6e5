"""Makes the adapters of one update, and begins, resumes and ends it."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial

from msgspec import Struct

from stacktest.adapters import process
from stacktest.adapters.ledger import updates
from stacktest.adapters.ledger.rehearsals import REHEARSALS
from stacktest.adapters.ledger.state_dir import state_path
from stacktest.application.observe import image_name
from stacktest.application.update import Update
from stacktest.application.update_plan import Planner, UpdatePlan, UpdateRequest
from stacktest.bootstrap.context import Project, now
from stacktest.bootstrap.orchestrator import refuse_data_elsewhere, refuse_rehearsal
from stacktest.bootstrap.update_moves import UpdateMoves
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.progress import Progress
from stacktest.core.records.documents import LastRun
from stacktest.core.unknown import Unknown
from stacktest.core.update.journal import Journal
from stacktest.core.update.steps import FIRST
from stacktest.core.update.verdict import UpdateVerdict, judge_update
from stacktest.errors import StacktestError, ToolFailedError, UsageError

PATIENCE = 120.0
"""Seconds for which a program that was started by a killed update may still run."""


class Updater(Struct, kw_only=True, dict=True):
    """Updates of one stack; `say` prints a line."""

    project: Project
    say: Callable[[str], None]
    progress: Progress

    def fetch(self, request: UpdateRequest, *, pull: bool) -> None:
        """Pull and build the candidates' images; a UsageError if that fails."""
        if request.rehearsed:
            refuse_rehearsal(self.project.settings)
        stack, engine = self.project.stack, self.project.engine
        for image in request.images.values():
            if pull or isinstance(engine.image(image), Unknown):
                _fetched(image, process.run(["docker", "pull", "--quiet", image]))
        chosen = [name for name in request.services if name not in request.images]
        names = chosen or [name for name in self._running() if name not in request.images]
        built = [n for n in names if stack.services[n].build and (chosen or self._is_unbuilt(n))]
        pulled = [n for n in names if not stack.services[n].build and (pull or self._is_absent(n))]
        for build, services in ((True, built), (False, pulled)):
            if services:
                done = self.project.compose.fetch(services, build=build)
                _fetched(", ".join(services), done)

    def plan(self, request: UpdateRequest, update: str) -> UpdatePlan | None:
        """The plan of the update with the images on this machine now; None: nothing to replace."""
        project = self.project
        tests = project.collect()
        observations = project.look()
        required = tests().of_services
        planner = Planner(
            stack=project.stack,
            engine=project.engine,
            judge=project.judge,
            observations=observations,
            judgements=project.judge.judge_all(observations, required, now()),
            tests=required,
            earlier=updates.read_ended(project.root),
        )
        plan = planner.plan(request, update)
        if plan is not None:
            refuse_data_elsewhere(project.stack, project.engine, plan.data)
        return plan

    def rehearse(self, plan: UpdatePlan) -> tuple[bool, str]:
        """Test the candidates on a copy: whether they passed, and the id of the rehearsal."""
        images = [f"--stack-copy-with={c.service}={c.image}" for c in plan.candidates]
        names = [candidate.service for candidate in plan.candidates]
        before = self._rehearsals()
        argv = self._pytest(names, "--stack-copy", "--stack-copy-verb=update", *images)
        code = process.attended(argv, cwd=self.project.suites.base, env=os.environ)
        return code == 0, min(self._rehearsals() - before, default="")

    def begin(self, plan: UpdatePlan, update: str, rehearsal: str, handle: int) -> Journal:
        """Write the journal and carry out the update."""
        moves = self._moves(update, handle)
        own = {item.container for item in plan.containers}
        writers = moves.writers([item.source for item in plan.data])
        journal = Journal(
            id=update,
            step=FIRST,
            started=now(),
            candidates=plan.candidates,
            containers=plan.containers,
            data=plan.data,
            writers=tuple(writer for writer in writers if writer not in own),
            model=plan.model,
            without_baseline=plan.without_baseline,
            rehearsal=rehearsal,
        )
        updates.write_open(self.project.root, journal)
        return self._run(moves, journal, resumed=False)

    def resume(self, handle: int, *, undo: bool) -> Journal:
        """Finish or undo the open update, or undo the last update that was kept."""
        root = self.project.root
        journal = updates.read_open(root)
        if journal is None:
            journal = _undoable(updates.read_ended(root)) if undo else None
        if journal is None:
            raise UsageError(
                "no update is open", where=str(root), hint="stacktest update begins one"
            )
        if undo and journal.can_be_undone:
            journal = journal.after("undo", kept_until=None, finished=None)
            updates.write_open(root, journal)
        return self._run(self._moves(journal.id, handle), journal, resumed=True)

    def drop_expired(self) -> None:
        """Remove spares and copies of updates whose time to be undone is over."""
        for journal in updates.read_ended(self.project.root):
            if journal.kept_until is not None and journal.kept_until < now():
                self._moves(journal.id, -1).forget()
                updates.end(self.project.root, replace(journal, kept_until=None))

    # Private

    def _run(self, moves: UpdateMoves, journal: Journal, *, resumed: bool) -> Journal:
        project = self.project
        update = Update(
            moves=moves,
            tests=lambda services: self._test(services, moves),
            write=partial(updates.write_open, project.root),
            end=partial(updates.end, project.root),
            locked=project.lock,
            now=now,
            seconds=time.monotonic,
            say=self.say,
            keep=project.config.update.keep,
        )
        ended = update.run(journal, resumed=resumed)
        if update.trouble is not None:
            raise _nothing_replaced(update.trouble)
        return ended

    def _moves(self, update: str, handle: int) -> UpdateMoves:
        return UpdateMoves(
            project=self.project,
            update=update,
            progress=self.progress,
            holding=handle,
            say=self.say,
        )

    def _test(self, services: Sequence[str], moves: UpdateMoves) -> UpdateVerdict:
        """Run the tests of the services, and read each service's result from the ledger."""
        before = {name: run.run.id for name, run in self._last_runs().items()}
        code = process.attended(
            self._pytest(services),
            cwd=self.project.suites.base,
            env={**os.environ, updates.ENVIRONMENT: moves.update},
            holding=(moves.holding,),
        )
        runs = {
            name: run for name, run in self._last_runs().items() if run.run.id != before.get(name)
        }
        return judge_update(code, services, runs)

    def _last_runs(self) -> Mapping[str, LastRun]:
        evidence = self.project.ledger.read_all(sorted(self.project.stack.services))
        return {
            name: item.last_run
            for name, item in evidence.items()
            if isinstance(item.last_run, LastRun)
        }

    def _pytest(self, services: Sequence[str], *options: str) -> list[str]:
        chosen = (f"--stack-services={name}" for name in services)
        return self.project.pytest_command([*options, *chosen])

    def _rehearsals(self) -> set[str]:
        folder = state_path(self.project.root, REHEARSALS)
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def _running(self) -> tuple[str, ...]:
        running = {c.service for c in self.project.engine.containers(self.project.stack.name)}
        return tuple(name for name in self.project.stack.services if name in running)

    def _is_absent(self, name: str) -> bool:
        tag = image_name(self.project.stack, self.project.stack.services[name])
        return isinstance(self.project.engine.image(tag), Unknown)

    def _is_unbuilt(self, name: str) -> bool:
        drift = self._seen[name].drift
        return self._is_absent(name) or any(reason.startswith("unbuilt") for reason in drift)

    @cached_property
    def _seen(self) -> Mapping[str, ServiceObservation]:
        return self.project.look()


# Private


def _fetched(what: str, done: process.Completed) -> None:
    if done.code != 0:
        raise UsageError(
            f"{what} cannot be fetched, and nothing was changed: {done.tail}",
            where=done.command,
            hint="correct that, then run `stacktest update` again",
        )


def _nothing_replaced(error: StacktestError) -> StacktestError:
    """The error because of which nothing was replaced; a failed tool becomes a UsageError."""
    if not isinstance(error, ToolFailedError):
        return error
    return UsageError(f"{error.what}; nothing was replaced", where=error.where, hint=error.hint)


def _undoable(ended: Sequence[Journal]) -> Journal | None:
    """The last update, if it was kept and its saved data still exists; else None."""
    last = max(ended, key=lambda journal: journal.started, default=None)
    return last if last is not None and last.can_be_undone else None
