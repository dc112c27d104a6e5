"""Moves of containers that this run started: restart, stop, start, recreate, variant, crash.

    restart, start, recreate    return when the service is ready again; `start` need not wait
    stop                        returns when its program has ended
    variant                     replaces the container by one with changes, and back at the end
    crash                       kills its main process; returns when it is restarted and ready again

Only containers that carry the label of this run are moved, one at a time. Each move is declared
with the containers of the service and its dependants before and after, since dependants may restart
along with it. A container that does not run is not listed, unless its service runs once: so an
undeclared stop is a gap in the evidence, as an undeclared restart is.
"""

import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from threading import RLock

from stacktest.adapters.engine import labels
from stacktest.adapters.engine.documents import PROJECT
from stacktest.adapters.engine.local_process import local_pid
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.deployment import Deployment
from stacktest.adapters.startup.up import bring_up
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.plan import Plan, Step
from stacktest.core.readiness import Kind, Rule, derive
from stacktest.core.records.common import ContainerRef
from stacktest.core.runs.moves import VARIANT, VARIANT_END, Containers, Move, dependants_of
from stacktest.core.unknown import Unknown
from stacktest.errors import StackNotReadyError, StacktestError, ToolFailedError, UsageError

COMES_BACK = 60.0
"""Seconds to wait for the engine to restart a program that was killed."""


class ForeignContainerError(StacktestError):
    """The service was not started by this run, or cannot be killed from here: it is not moved."""


class NotBackError(AssertionError):
    """The service did not become ready after a move: a fact about the service, not an error."""

    is_judgement = True


class Mover:
    """Moves the containers of one run's services; `declare` is called with each move."""

    def __init__(
        self,
        stack: Stack,
        deployment: Deployment,
        engine: EnginePort,
        *,
        run_id: str,
        rules: Mapping[str, Rule],
        timeouts: Mapping[str, float],
        probe_image: str,
        declare: Callable[[Move], None],
    ) -> None:
        self._stack, self._deployment, self._engine = stack, deployment, engine
        self._run_id = run_id
        self._rules, self._timeouts, self._probe_image = rules, timeouts, probe_image
        self._declare = declare
        self.lock = RLock()
        """Held during a move, so that threads of a test move one container after the other."""
        self._last: dict[str, Containers] = {}
        """Service → its containers after the last move of this test that declared it."""
        self._moved: set[str] = set()
        self._variants: set[str] = set()

    def restart(self, service: str) -> None:
        """Stop the service's container and start it again."""
        container = self._own(service)
        before, begin = self._observe(service), time.monotonic()
        self._engine.stop(container)
        self._start(service, container)
        self._wait(service, "restart", before, begin)

    def stop(self, service: str, grace: float | None = None) -> tuple[float, int]:
        """Stop the container; returns the seconds that it took, and the exit code (137: killed)."""
        container = self._own(service)
        before = self._observe(service)
        begin = time.monotonic()
        self._engine.stop(container, grace=grace)
        seconds = time.monotonic() - begin
        state = self._inspect(container)["State"]
        if state["Running"]:
            raise ToolFailedError(f"{service} still runs after it was stopped", where="lifecycle")
        self._tell(service, "stop", before, seconds)
        return seconds, int(state["ExitCode"])

    def start(self, service: str, *, wait: bool = True) -> None:
        """Start the container again; with `wait`, wait until the service is ready."""
        container = self._own(service)
        before, begin = self._observe(service), time.monotonic()
        self._start(service, container)
        if wait:
            self._wait(service, "start", before, begin)
        else:
            self._tell(service, "start", before)

    def recreate(self, service: str) -> None:
        """Remove the container and create another one from the same definition."""
        self._replace(service, "recreate", {})

    @contextmanager
    def variant(self, service: str, changes: Json) -> Iterator[None]:
        """Replace the container by one with `changes` to its definition, and back at the end.

        Both replacements are declared moves, so that the service keeps the evidence of other tests.
        """
        if service in self._variants:
            raise UsageError(
                f"{service} is a variant already, and is only one at a time",
                where="fixture variant",
                hint="give both changes to one variant",
            )
        self._variants.add(service)
        try:
            with self.lock:
                self._replace(service, VARIANT, changes)
            yield
        finally:
            # Also if the variant did not become ready: it must not be left running.
            self._end_variant(service)

    def crash(self, service: str) -> None:
        """Kill the main process; the engine has to restart it by its restart policy."""
        container = self._own(service)
        document = self._inspect(container)
        before, begin = self._observe(service), time.monotonic()
        self._kill(service, document)
        started = document["State"]["StartedAt"]
        deadline = time.monotonic() + COMES_BACK
        while (state := self._inspect(container)["State"])["StartedAt"] == started:
            if time.monotonic() > deadline or self._stays_down(container, state):
                self._tell(service, "crash", before)
                policy = document["HostConfig"].get("RestartPolicy", {}).get("Name") or "no"
                raise NotBackError(
                    f"{service} does not come back: its restart policy is {policy!r}"
                )
            time.sleep(0.05)
        self._wait(service, "crash", before, begin)

    def settle(self) -> None:
        """At the end of a test, end its variants and start the services that it left stopped.

        The containers that dependants have now are declared. A moved service has to have the
        containers that its last move declared; a difference stays a gap.
        """
        with self.lock, ExitStack() as ends:
            # Run in reverse: dependencies start first, and an error does not stop the rest.
            moved = sorted(self._moved, key=lambda name: len(dependants_of(self._stack, name)))
            self._moved = set()
            ends.callback(self._settle_dependants, moved)
            for service in moved:
                ends.callback(self._start_if_stopped, service)
            for service in sorted(self._variants):
                ends.callback(self._end_variant, service)

    # Private

    def _end_variant(self, service: str) -> None:
        with self.lock:
            if service in self._variants:
                self._variants.remove(service)
                self._replace(service, VARIANT_END, {})

    def _start_if_stopped(self, service: str) -> None:
        if self._is_left_stopped(service):
            self.start(service)

    def _settle_dependants(self, moved: Sequence[str]) -> None:
        dependants = {name for service in moved for name in dependants_of(self._stack, service)}
        before = {name: self._last[name] for name in sorted(dependants & set(self._last))}
        self._last, self._moved = {}, set()
        if before:
            after = self._containers(before)
            self._declare(Move(service=moved[0], kind="settled", before=before, after=after))

    def _is_left_stopped(self, service: str) -> bool:
        """Whether a test left the service stopped; a service that runs once does not count."""
        return (
            not self._runs_once(service)
            and not self._inspect(self._own(service))["State"]["Running"]
        )

    def _runs_once(self, service: str) -> bool:
        rule = self._rules.get(service) or derive(self._stack.services[service], self._stack)
        return rule.kind is Kind.EXITED

    def _replace(self, service: str, kind: str, changes: Json) -> None:
        container = self._own(service)
        before, begin = self._observe(service), time.monotonic()
        keep = labels.KEEP in (self._inspect(container)["Config"].get("Labels") or {})
        networks = self._engine.networks({PROJECT: self._stack.name})
        override = labels.label_override(
            self._stack,
            [service],
            self._run_id,
            networks={str(net["Name"]): net.get("Labels") or {} for net in networks},
            keep=keep,
        )
        override["services"][service] |= changes
        completed = self._deployment.recreate([service], override)
        if completed.code != 0:
            raise ToolFailedError(
                f"{service} cannot be created again: {completed.tail}", where=f"services.{service}"
            )
        self._wait(service, kind, before, begin)

    def _own(self, service: str) -> str:
        """The id of the service's only container, which this run must have started."""
        containers = [
            container
            for container in self._engine.containers(self._stack.name)
            if container.service == service and not container.one_off
        ]
        if len(containers) != 1:
            raise ToolFailedError(
                f"{service} has {len(containers)} containers, and only a single one is moved",
                where=f"services.{service}",
            )
        if containers[0].run_id != self._run_id:
            raise ForeignContainerError(
                f"{service} ran before this run, which moves only what it started",
                where=f"container {containers[0].name}",
                hint="take the stack down first: stacktest down",
            )
        return containers[0].id

    def _observe(self, service: str) -> dict[str, Containers]:
        """The running containers of the service and its dependants."""
        return self._containers([service, *dependants_of(self._stack, service)])

    def _containers(self, names: Collection[str]) -> dict[str, Containers]:
        refs: dict[str, list[ContainerRef]] = {name: [] for name in sorted(names)}
        for container in self._engine.containers(self._stack.name):
            if container.service not in names or container.one_off:
                continue
            document = self._engine.inspect(container.id)
            if isinstance(document, Unknown):
                continue
            if document["State"]["Running"] or self._runs_once(container.service):
                refs[container.service].append(
                    ContainerRef(
                        container=document["Id"],
                        image=document["Image"],
                        started_at=document["State"]["StartedAt"],
                    )
                )
        return {name: tuple(rows) for name, rows in refs.items()}

    def _tell(
        self,
        service: str,
        kind: str,
        before: Mapping[str, Containers],
        seconds: float | None = None,
    ) -> None:
        after = self._observe(service)
        # Of dependants, the last declared state counts: they may restart between two moves.
        known = {**before, **{k: v for k, v in self._last.items() if k in before and k != service}}
        self._declare(Move(service=service, kind=kind, before=known, after=after, seconds=seconds))
        self._last |= after
        self._moved.add(service)

    def _inspect(self, container: str) -> Json:
        document = self._engine.inspect(container)
        if isinstance(document, Unknown):
            raise ToolFailedError(document.why, where="lifecycle")
        return document

    def _start(self, service: str, container: str) -> None:
        if why := self._engine.start(container):
            raise ToolFailedError(f"{service} cannot be started: {why}", where="lifecycle")

    def _wait(
        self, service: str, kind: str, before: Mapping[str, Containers], begin: float
    ) -> None:
        """Wait until the service is ready; the move is declared either way."""
        seconds = None
        plan = Plan(
            steps=(Step(service=service, phase="", reasons=()),),
            waves=((service,),),
            waits={},
            purposes=frozenset({frozenset({service})}),
        )
        try:
            bring_up(
                self._stack,
                plan,
                self._deployment,
                self._engine,
                run_id=self._run_id,
                mode="never",
                rules=self._rules,
                timeouts=self._timeouts,
                probe_image=self._probe_image,
            )
            seconds = time.monotonic() - begin
        except StackNotReadyError as error:
            raise NotBackError(self._why_not_back(service) or error.what) from error
        finally:
            self._tell(service, kind, before, seconds)

    def _why_not_back(self, service: str) -> str:
        """`app ended with 3 after it was started`; empty if it runs."""
        state = self._inspect(self._own(service))["State"]
        if state["Running"]:
            return ""
        return f"{service} ended with {state['ExitCode']} after it was started"

    def _stays_down(self, container: str, state: Json) -> bool:
        """Whether the engine will not restart it: it has exited, and has no restart policy."""
        if state["Status"] != "exited":
            return False
        policy = self._inspect(container)["HostConfig"].get("RestartPolicy") or {}
        return (policy.get("Name") or "no") == "no"

    def _kill(self, service: str, document: Json) -> None:
        pid = local_pid(document)
        try:
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        except PermissionError:
            pid = None
        if pid is None:
            raise ForeignContainerError(
                f"the main process of {service} cannot be killed from here",
                where="lifecycle",
                hint="run the tests as the user who runs the engine, on its machine",
            )
