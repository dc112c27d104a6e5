"""Chooses between Compose and a swarm: makes a stack's engine, its deployment and its commands.

A copy of a stack, which `rehearse` and `drill` use, consists of containers that Compose creates: on
a swarm it is refused.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import SWARM, find_connection
from stacktest.adapters.engine.kinds import engine_at
from stacktest.adapters.startup.deployment import Deployment
from stacktest.bootstrap.host import Host
from stacktest.config import Config
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.errors import UsageError

if TYPE_CHECKING:
    from stacktest.adapters.engine.spare_containers import Spares
    from stacktest.core.update.journal import SavedData

COMMANDS = {
    "down": "stacktest down",
    "logs": "docker service logs {full_names}",
    "ps": "docker service ps --no-trunc {full_names}",
    "restart": "stacktest down {services} && stacktest up {services}",
    "rm": "docker service rm {full_names}",
    "run": "docker service ps --no-trunc {full_names}",
    "start": "stacktest up {services}",
    "unpause": "stacktest down {services} && stacktest up {services}",
    "up": "stacktest down {services} && stacktest up {services}",
}
"""Verb of Compose → the command with the same effect on a swarm."""


def refuse_copies(config: Config) -> None:
    """Raise a UsageError if the stack runs on a swarm: its services cannot be copied."""
    if config.stack.engine == SWARM:
        raise UsageError(
            "a stack on a swarm cannot be copied, so that nothing can be tried beside it",
            where=f"{config.file}:stack.engine",
            hint="STACKTEST_ENGINE=compose runs the same files, and their copies, with Compose",
        )


def refuse_rehearsal(config: Config) -> None:
    """Raise a UsageError if the stack runs on a swarm: its update cannot be rehearsed."""
    if config.stack.engine == SWARM:
        raise UsageError(
            "a stack on a swarm cannot be copied, so that its update cannot be rehearsed",
            where=f"{config.file}:stack.engine",
            hint="let the tests judge what runs: stacktest update --no-rehearsal",
        )


def refuse_data_elsewhere(stack: Stack, engine: Engine, data: "Iterable[SavedData]") -> None:
    """Raise a UsageError if data that would have to be saved is on another node."""
    if engine.connection.orchestrator != SWARM:
        return
    from stacktest.adapters.engine.swarm.client import SwarmEngine

    nodes = SwarmEngine(engine.connection).elsewhere(stack.name)
    for name, source in ((name, item.source) for item in data for name in item.services):
        if name in nodes:
            raise UsageError(
                f"the data of {name} ({source}) is on node {nodes[name]}, where it is not saved",
                where=f"services.{name}.volumes",
                hint=f"place {name} on the manager's node: deploy.placement.constraints",
            )


class SwarmHost(Host):
    """A `Host` that also reads from a swarm whether deployed definitions match the files."""

    def __init__(self, root: Path, compose: Compose, engine: Engine, stack: Stack) -> None:
        super().__init__(root, compose, engine)
        self._stack = stack

    def definition_drift(self, service: Service) -> tuple[str, ...] | None:
        """Why the deployed specification of a service differs from the files."""
        return self._drift.get(service.name, ())

    @cached_property
    def _drift(self) -> Mapping[str, tuple[str, ...]]:
        from stacktest.adapters.engine.swarm.client import SwarmEngine
        from stacktest.adapters.startup.swarm_file import deployed_digest

        services = self._stack.services.items()
        deployed = {name: deployed_digest(service) for name, service in services}
        return SwarmEngine(self._engine.connection).drift_of(self._stack.name, deployed)


def network_names(config: Config, stack: Stack) -> Mapping[str, str]:
    """Name on a swarm's networks, in lower case → the service."""
    if config.stack.engine != SWARM:
        return {}
    return {
        f"{before}{stack.name}_{name}".lower(): name
        for name in stack.services
        for before in ("", "tasks.")
    } | {f"tasks.{name}".lower(): name for name in stack.services}


def engine_of(config: Config) -> Engine:
    """The container engine that the docker command would use, or the swarm that it manages."""
    connection = find_connection()
    is_swarm = config.stack.engine == SWARM
    return engine_at(replace(connection, orchestrator=SWARM) if is_swarm else connection)


def deployment_of(stack: Stack, compose: Compose, engine: Engine) -> Deployment:
    """The deployment that creates the containers of a stack."""
    if engine.connection.orchestrator != SWARM:
        return compose
    from stacktest.adapters.engine.swarm.client import SwarmEngine
    from stacktest.adapters.startup.swarm_deployment import SwarmDeployment

    return SwarmDeployment(stack, compose, SwarmEngine(engine.connection))


def spares_of(engine: Engine, labels: Mapping[str, str]) -> "Spares":
    """The spares that keep the old containers of a stack during an update."""
    if engine.connection.orchestrator != SWARM:
        from stacktest.adapters.engine.spare_containers import SpareContainers

        return SpareContainers(engine, labels=labels)
    from stacktest.adapters.engine.swarm.client import SwarmEngine
    from stacktest.adapters.engine.swarm.spare_services import SpareServices

    return SpareServices(SwarmEngine(engine.connection), labels=labels)


def host_of(root: Path, stack: Stack, compose: Compose, engine: Engine) -> Host:
    """The `HostView` of a stack on this machine."""
    if engine.connection.orchestrator != SWARM:
        return Host(root, compose, engine)
    return SwarmHost(root, compose, engine, stack)


def with_commands(stack: Stack, config: Config) -> Stack:
    """The stack with the commands that messages show for it."""
    return replace(stack, own_commands=COMMANDS) if config.stack.engine == SWARM else stack
