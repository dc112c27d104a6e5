"""Creates missing containers by Compose; a failure stops only that service and its dependants.

One call of Compose creates all containers, or fails as a whole. If its message names a service,
that service is left out and the others are created; if not, each is created by its own call. Only
if these calls all fail alike, and no container exists, does the whole stack fail.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from stacktest.adapters import process
from stacktest.adapters.engine import labels
from stacktest.adapters.engine.documents import PROJECT
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.deployment import Deployment
from stacktest.adapters.startup.failure_report import NotReadyError, creation_failed
from stacktest.adapters.startup.heartbeat import beating
from stacktest.adapters.startup.loop import Loop
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Failure
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.progress import Progress
from stacktest.core.runs.start_failure import StartFailure
from stacktest.errors import ToolMissingError


class Creation(Struct, frozen=True, kw_only=True):
    """Creates the containers of one bring-up and passes them to its loop."""

    stack: Stack
    deployment: Deployment
    engine: EnginePort
    loop: Loop
    progress: Progress
    run_id: str
    keep: bool
    holding: Sequence[int]
    """File descriptors that Compose keeps open, so that the reaper knows that it still runs."""
    diagnose: Callable[[Failure], Diagnosis | None] = lambda _: None

    def create(self, missing: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Service -> ids of its new containers; the others become failures of the loop."""
        stack = self.stack
        networks = self.engine.networks({PROJECT: stack.name})
        existing = {str(net["Name"]): net.get("Labels") or {} for net in networks}
        override = labels.label_override(
            stack,
            missing,
            self.run_id,
            networks=existing,
            keep=self.keep,
        )
        early = [name for name in missing if not _needs_compose(stack, name)]
        self.loop.start_early(early, self.run_id)
        self.progress.creating(missing)
        with beating(self.progress, missing, "being pulled, built or created"):
            self._create_all(missing, override)
        created = self._created(missing)
        self.loop.add_created(
            (container for name in created for container in created[name]),
            lambda container: self._start(container, override),
        )
        return {name: tuple(item.id for item in created[name]) for name in created}

    # Private

    def _create_all(self, missing: Sequence[str], override: Json) -> None:
        is_alone = False
        while remaining := [name for name in missing if name not in self.loop.failures]:
            completed = self._run(remaining, override, is_alone=is_alone)
            if completed.code == 0:
                return
            failure = self._failure(remaining, completed)
            if not failure.service:
                self._create_each(remaining, override, completed)
                return
            self.loop.fail(failure)
            # Compose requires the networks and volumes of all services, also of those left out.
            is_alone = True

    def _create_each(
        self, services: Sequence[str], override: Json, together: process.Completed
    ) -> None:
        """Create the services one by one, to find those that cannot be created."""
        outcomes = {name: self._run([name], override, is_alone=True) for name in services}
        failures = [
            self._failure([name], completed, culprit=name)
            for name, completed in outcomes.items()
            if completed.code != 0
        ]
        words = {failure.cause.removeprefix(failure.service) for failure in failures}
        is_common = len(failures) == len(services) > 1 and len(words) == 1
        if not failures:
            return
        if self._lost_engine() or (is_common and not self.loop.containers):
            # No single service is the cause, and no other container exists.
            raise NotReadyError.of({"": self._failure(services, together)})
        self.loop.fail(*failures)

    def _lost_engine(self) -> bool:
        try:
            self.engine.ping()
        except ToolMissingError:
            return True
        return False

    def _run(self, services: Sequence[str], override: Json, *, is_alone: bool) -> process.Completed:
        chosen = {name: override["services"][name] for name in services}
        others = [name for name in self.stack.services if name not in services] if is_alone else []
        return self.deployment.create(
            services,
            {**override, "services": chosen},
            holding=self.holding,
            without=others,
        )

    def _failure(
        self, services: Sequence[str], completed: process.Completed, *, culprit: str = ""
    ) -> StartFailure:
        output = f"{completed.out}\n{completed.err}"
        return creation_failed(self.stack, services, output, self.diagnose, culprit=culprit)

    def _created(self, missing: Sequence[str]) -> dict[str, list[Container]]:
        created: dict[str, list[Container]] = {
            name: [] for name in missing if name not in self.loop.failures
        }
        for container in self.engine.containers(self.stack.name):
            if container.service in created and not container.one_off:
                created[container.service].append(container)
        for name in [name for name in created if not created[name]]:
            del created[name]
            self.loop.fail(_asked_for_none(name))
        return created

    def _start(self, container: Container, override: Json) -> str:
        if not _needs_compose(self.stack, container.service):
            return self.engine.start(container.id)
        completed = self.deployment.start([container.service], override)
        return "" if completed.code == 0 else completed.tail


# Private


def _asked_for_none(name: str) -> StartFailure:
    return StartFailure(
        service=name,
        cause=f"{name} has no container: the stack asks for none of it",
        where=f"services.{name}.scale or .deploy.replicas",
        hint="ask for at least one, or do not test this service",
    )


def _needs_compose(stack: Stack, name: str) -> bool:
    """Whether only Compose can start it: Compose copies inline files, or runs hooks."""
    service = stack.services[name]
    inline = any(not file.path for file in service.files)
    return inline or bool((service.definition or {}).get("post_start"))
