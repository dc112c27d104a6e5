"""The engine's operations in one update: saves, replaces and puts back containers and data."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

from msgspec import Struct, field

from stacktest.adapters.engine import labels, reaper
from stacktest.adapters.engine.cleanup import remove_owned
from stacktest.adapters.engine.data_copy import Copied, DataCopier, copying_images, shown
from stacktest.adapters.engine.spare_containers import Spares
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.bootstrap.context import Project
from stacktest.bootstrap.orchestrator import spares_of
from stacktest.bootstrap.start import starter
from stacktest.core.json_data import Json
from stacktest.core.observed_state import Container
from stacktest.core.plan import plan_services
from stacktest.core.progress import Progress
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.core.rehearsal.settings import CopySettings
from stacktest.core.unknown import Unknown
from stacktest.core.update.journal import Candidate, Journal, OldContainer
from stacktest.errors import ToolFailedError


class UpdateMoves(Struct, kw_only=True, dict=True):
    """Implements `Moves` with the engine; `holding`: a file that started programs keep open."""

    project: Project
    update: str
    """Id of the update."""
    progress: Progress
    holding: int
    say: Callable[[str], None]
    process: str = field(default_factory=lambda: secrets.token_hex(4))
    """A random id of this process: only its programs are removed if it is killed."""

    @property
    def run_labels(self) -> Mapping[str, str]:
        """Labels of containers that copy data: they are removed if this process is killed."""
        return {labels.RUN: f"{self._runs}{self.process}"}

    @cached_property
    def own_labels(self) -> Mapping[str, str]:
        """Labels of spares and copies, which stay until the end of the update."""
        return labels.update_labels(self.project.stack, self.update)

    def tidy(self, journal: Journal) -> None:
        """Remove what a killed process left unfinished, and resume containers that it paused."""
        engine, sources = self.project.engine, {item.source for item in journal.data}
        containers = engine.containers()
        runs = {container.run_id for container in containers}
        for run in sorted(run for run in runs if run.startswith(self._runs)):
            remove_owned(engine, {labels.RUN: run})
        for container in containers:
            if container.state == "paused" and sources & {m.source for m in container.mounts}:
                engine.unpause(container.id)

    def save(self, containers: Sequence[OldContainer], data: Sequence[DataCopy]) -> None:
        """Make the spares, and copy the data while the containers that write it are paused."""
        engine = self.project.engine
        for copy in data:
            # An interrupted copy may be incomplete, so it is made again.
            _insist(copy.volume, engine.remove_volume(copy.volume))
            engine.create_volume(copy.volume, self.own_labels)
        self._spares.make(containers)
        with self._guarded():
            copied = self._copier.copy(data) if data else None
        self.say(_saved_line(copied))

    def replace(self, candidate: Candidate, containers: Sequence[OldContainer]) -> None:
        """Recreate a service from the files, unless that is done; return when it is ready."""
        name = candidate.service
        if not self._is_replaced(candidate, containers):
            done = self.project.deployment.recreate(
                [name], self._override(candidate, containers), holding=(self.holding,)
            )
            if done.code != 0:
                raise ToolFailedError(f"{name} cannot be created: {done.tail}", where=done.command)
        if {container.image_id for container in self._containers(name)} != {candidate.image}:
            raise ToolFailedError(f"{name} runs another image than the one that was to be tested")
        self.wait([name])

    def put_back(self, journal: Journal) -> None:
        """Start the old containers with the old data in place of the new ones; does not wait."""
        engine, spares = self.project.engine, self._spares
        copies = [item.copy for item in journal.data]
        self._insist_on_copies(copies)
        old = [item.container for item in journal.containers]
        ran = {item.container for item in journal.containers if item.ran}
        with self._guarded(), self._copier.ready_to_put_back(copies) as put_data_back:
            for container in (*reversed(old), *journal.writers):
                engine.stop(container)
            for successor in spares.successors(self.project.stack.name, journal.containers):
                _insist(successor.name, engine.remove(successor.id))
            put_data_back()
            ids = spares.put_back(journal.containers)
            for container in (*journal.writers, *(ids[name] for name in old if name in ran)):
                if why := engine.start(container):
                    raise ToolFailedError(
                        f"container {container[:12]} cannot be started again: {why}",
                        where=f"update {journal.id}",
                        hint="correct that, then: stacktest update --undo",
                    )

    def writers(self, sources: Sequence[str]) -> tuple[str, ...]:
        """Lasting ids of the running containers that can write to these sources."""
        return tuple(map(self.project.engine.lasting_id, self._copier.writers(sources)))

    def wait(self, services: Sequence[str]) -> None:
        """Return when the services are ready; a StacktestError says why a service is not."""
        start = starter(
            self.project, self.progress, run_id=f"update-{self.update}", mode="never", keep=True
        )
        up = start(plan_services(self.project.stack, services).only(services))
        if up.failures:
            raise NotReadyError.of(up.failures)

    def running_ids(self, services: Sequence[str]) -> tuple[str, ...]:
        """Ids of the running containers of the services."""
        containers = (item for name in services for item in self._containers(name))
        return tuple(item.id for item in containers if item.is_running)

    def forget(self) -> None:
        """Remove spares and copies."""
        left = remove_owned(self.project.engine, self.own_labels).left
        for name, why in left.items():
            _insist(name, why)

    # Private

    @property
    def _runs(self) -> str:
        """The common prefix of the run ids of all processes that worked on this update."""
        return f"update-{self.update}-"

    def _insist_on_copies(self, copies: Sequence[DataCopy]) -> None:
        """Raise an error if a copy is gone: the engine would put back an empty volume."""
        for copy in copies:
            if isinstance(self.project.engine.volume(copy.volume), Unknown):
                raise ToolFailedError(
                    f"{copy.source} cannot be put back: its copy is gone",
                    where=f"volume {copy.volume}",
                    hint="nothing was touched; restore a backup, or keep what runs",
                )

    @cached_property
    def _spares(self) -> Spares:
        return spares_of(self.project.engine, self.own_labels)

    @cached_property
    def _copier(self) -> DataCopier:
        project = self.project
        return DataCopier(
            project.engine,
            labels=self.run_labels,
            images=copying_images(project.stack, project.config.stack.probe_image),
            limit=project.config.rehearsal.max_copy,
            settings=CopySettings(id="", verb="update"),
        )

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Have the reaper remove copying containers if this process is killed meanwhile."""
        log = state_dir(self.project.root) / "reaper.log"
        guard = reaper.arm(self.project.engine.connection, self.run_labels, log=log)
        try:
            yield
        finally:
            guard.disarm()

    def _containers(self, service: str) -> tuple[Container, ...]:
        return tuple(
            container
            for container in self.project.engine.containers(self.project.stack.name)
            if container.service == service and not container.one_off
        )

    def _is_replaced(self, candidate: Candidate, containers: Sequence[OldContainer]) -> bool:
        """Whether the candidate already runs under the names of the old containers."""
        now, old = self._containers(candidate.service), {item.container for item in containers}
        return {item.name for item in now} == {item.name for item in containers} and all(
            item.is_running and item.image_id == candidate.image and item.id not in old
            for item in now
        )

    def _override(self, candidate: Candidate, containers: Sequence[OldContainer]) -> Json:
        """The override of the compose files: a named image, and labels of the old containers."""
        entry: dict[str, Json] = {}
        if candidate.named:
            entry["image"] = candidate.named
        if own := self._spares.own_labels_of(containers):
            service = self.project.stack.services[candidate.service]
            entry["labels"] = {**own, labels.STANZA: labels.definition_digest(service)}
        return {"services": {candidate.service: entry}} if entry else {"services": {}}


# Private


def _saved_line(copied: Copied | None) -> str:
    """A line about the saved data and the pause that it took."""
    if copied is None:
        return "saved     no data: nothing that outlives its container can be written"
    paused = f", {len(copied.paused)} paused for {copied.seconds:.1f} s" if copied.paused else ""
    return f"saved     {shown(copied.size)} of data{paused}"


def _insist(name: str, why: str) -> None:
    if why:
        raise ToolFailedError(
            f"{name} cannot be removed: {why}", where="docker", hint="docker ps --all"
        )
