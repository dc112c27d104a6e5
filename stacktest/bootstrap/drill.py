"""Restores backups into a copy with empty volumes while it comes up: a drill.

    1  unpack the newest backup
    2  files: put them into the volumes of the service, before it starts
    3  commands: start the service and what it needs, run the command in its container
    4  start the rest, run the tests, record the result for each backup

If a backup cannot be restored, only the tests of its own service cannot run.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct, field

from stacktest.adapters.compose.variables import find_secret, read_secret_file
from stacktest.adapters.engine.backup_tools import BackupError, BackupTools
from stacktest.adapters.engine.labels import RUN, stack_labels
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.application.run_ports import StartedStack
from stacktest.bootstrap.context import now
from stacktest.bootstrap.copy_project import CopyProject
from stacktest.core.backups.backup import Backup
from stacktest.core.backups.mounts import placements
from stacktest.core.backups.result import Attempt, DrillResult, drill_result
from stacktest.core.plan import Plan, needs_of, plan_services
from stacktest.core.records.drill import Drill
from stacktest.core.redaction import redact
from stacktest.core.runs.start_failure import StartFailure, with_dependants
from stacktest.core.runs.summary import RunSummary
from stacktest.core.secrets import secrets_of
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, UsageError


class RestoredStack(Struct, kw_only=True):
    """A copy with restored data, started in two steps: restored services first, then all."""

    first: StartedStack | None
    whole: StartedStack
    failures: Mapping[str, StartFailure] = field(default_factory=dict)

    @property
    def healthy_at(self) -> Mapping[str, float]:
        """Container → when the run saw it become healthy; Unix time."""
        return {**(self.first.healthy_at if self.first else {}), **self.whole.healthy_at}

    def fallen(self) -> Mapping[str, str]:
        """Service that was ready and is not any more → the reason."""
        return self.whole.fallen()

    def boot_seconds(self) -> Mapping[str, float]:
        """Service → seconds from its start until it was ready."""
        return {**(self.first.boot_seconds() if self.first else {}), **self.whole.boot_seconds()}

    def stop(self) -> Mapping[str, str]:
        """Remove what was started for the copy."""
        left = self.whole.stop()
        return {**left, **(self.first.stop() if self.first else {})}


class Drilling:
    """Restores the backups of the drilled services of one copy, and records the results."""

    def __init__(self, project: CopyProject, run_id: str) -> None:
        self._project, self._run, self._started = project, run_id, now()
        self._attempts = {name: Attempt() for name in project.copy.drilled}
        self._failures: dict[str, StartFailure] = {}

    def bring_up(self, plan: Plan, start: Callable[[Plan], StartedStack]) -> RestoredStack:
        """Restore the backups and start the plan; NotReadyError: nothing is left to test."""
        drilled = [name for name in plan.services if name in self._attempts]
        tools = {name: self._tools(name) for name in drilled if name in self._project.backup_mounts}
        for name in drilled:
            self._take(name, partial(self._read, name, tools))
        by_command = [name for name in drilled if self._waits_for_command(name)]
        first = start(plan_services(self._project.stack, by_command)) if by_command else None
        for name in by_command:
            if first is not None and name not in first.failures:
                self._take(name, partial(self._restore_in_service, tools[name]))
        if self._failures and not plan.has_purpose_without(self._failures):
            raise NotReadyError.of(self._failures)
        whole = start(plan)
        needs = {name: needs_of(self._project.stack, name) for name in plan.services}
        failures = {**whole.failures, **with_dependants(self._failures.values(), needs)}
        return RestoredStack(first=first, whole=whole, failures=failures)

    def record_failed_start(self, error: StacktestError) -> None:
        """Record the backups that kept the copy from coming up."""
        failures = error.failures if isinstance(error, NotReadyError) else {}
        for name, attempt in self._attempts.items():
            self._record(name, drill_result(attempt, failures.get(name), None, refused=""))

    def conclude(self, summary: RunSummary) -> list[str]:
        """Record the result for each backup; returns lines to print."""
        lines = []
        for name, attempt in self._attempts.items():
            refused = "" if name in summary.credited else summary.refused.get(name, "")
            failure, verdict = summary.not_up.get(name), summary.verdicts.get(name)
            result = drill_result(attempt, failure, verdict, refused=refused)
            lines.append(f"drill     {name}: {self._record(name, result)}")
        return lines

    # Private

    def _take(self, name: str, step: Callable[[], None]) -> None:
        """Run one step of restoring a backup; on an error the service counts as not started."""
        attempt, begin = self._attempts[name], time.monotonic()
        try:
            step()
        except BackupError as error:
            attempt.failed = error.step
            self._failures[name] = self._failure(name, error)
        finally:
            attempt.seconds += time.monotonic() - begin

    def _read(self, name: str, tools: Mapping[str, BackupTools]) -> None:
        """Unpack the backup; if it consists of files, put them into the service's volumes."""
        attempt, backup = self._attempts[name], self._project.backups[name]
        if name not in tools:
            raise BackupError("read", f"there is nothing at {backup.path}", "")
        made = tools[name].made()
        attempt.made = None if isinstance(made, Unknown) else made
        if backup.is_packed:
            tools[name].unpack()
        if backup.way == "files":
            tools[name].put_files(*self._placements(name, backup))
            attempt.is_restored = True

    def _waits_for_command(self, name: str) -> bool:
        attempt = self._attempts[name]
        return not attempt.failed and not attempt.is_restored

    def _restore_in_service(self, tools: BackupTools) -> None:
        name = tools.service
        stack = self._project.stack
        (container,) = [
            container.id
            for container in self._project.engine.containers(stack.name)
            if container.service == name and container.is_running
        ][:1]
        tools.restore_in(container)
        self._attempts[name].is_restored = True

    def _placements(self, name: str, backup: Backup) -> tuple[Mapping[str, str], Mapping[str, str]]:
        try:
            volumes, folders = placements(self._project.copied, name, backup.paths)
        except ValueError as error:
            raise UsageError(
                f"{error} is in no volume of {name}, so nothing can be restored there",
                where=f"stacktest.toml:services.{name}.backup.paths",
                hint="name a folder in one of its volumes",
            ) from None
        if not folders:
            raise UsageError(
                f"{name} has no volume that files could be restored into",
                where=f"stacktest.toml:services.{name}.backup",
                hint='name a command for its container: restore = ["…"]',
            )
        return volumes, folders

    def _tools(self, name: str) -> BackupTools:
        project, backup = self._project, self._project.backups[name]
        image = backup.image or project.stack.services[name].image
        if isinstance(project.engine.image(image), Unknown):
            raise UsageError(
                f"the image that restores {name} is not here: {image}",
                where=f"stacktest.toml:services.{name}.backup.image",
                hint=f"docker pull {image}",
            )
        return BackupTools(
            engine=project.engine,
            service=name,
            backup=backup,
            mount=project.backup_mounts[name],
            image=image,
            password=self._password(name, backup),
            labels={RUN: self._run, **stack_labels(project.stack)},
        )

    def _password(self, name: str, backup: Backup) -> str:
        project = self._project
        if backup.password_file:
            key, value = "password_file", read_secret_file(project.root / backup.password_file)
        elif backup.password_env:
            env_files = project.config.stack.env_files
            key, value = "password_env", find_secret(project.live, backup.password_env, env_files)
        else:
            return ""
        if isinstance(value, Unknown):
            raise UsageError(
                f"the password of the backup of {name} is not known: {value.why}",
                where=f"stacktest.toml:services.{name}.backup.{key}",
                hint=f"export {backup.password_env}=…" if backup.password_env else "",
            )
        return value

    def _failure(self, name: str, error: BackupError) -> StartFailure:
        backup, secrets = self._project.backups[name], secrets_of(self._project.live)
        known = {*secrets, self._password(name, backup)} - {""}
        word = {"read": "read", "restore": "restored"}[error.step]
        cause = f"the backup of {name} cannot be {word}: {error}"
        return StartFailure(
            service=name,
            cause=cause,
            kind=cause,
            where=f"services.{name}.backup",
            hint="make the backup anew, and look at what makes it",
            details=tuple(redact(line, known) for line in error.lines),
        )

    def _record(self, name: str, result: DrillResult) -> str:
        """Record the result unless nothing was proved; returns it as text."""
        attempt, project = self._attempts[name], self._project
        if result.result == "not_proved":
            return f"not proved: {result.why}"
        drill = Drill(
            service=name,
            run=self._run,
            started=self._started,
            finished=now(),
            result=result.result,
            step=result.step,
            tests=result.tests,
            made=attempt.made,
            restore_ms=round(attempt.seconds * 1000),
            declared=project.backups[name].digest,
            image=project.stack.services[name].image,
        )
        project.live_records.write_drill(drill)
        return drill_words(drill)


def drill_words(drill: Drill) -> str:
    """The result of a drill in one line."""
    if drill.result == "rotten":
        return f"rotten: {drill.evidence}"
    made = f" of {drill.made:%Y-%m-%d %H:%M}" if drill.made else ""
    return f"restorable: the backup{made} was restored in {drill.restore_ms / 1000:.1f} s"
