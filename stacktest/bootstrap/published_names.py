"""Maps the stack's host names to the ports that its front door publishes, or by its name server."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from stacktest.config import Config
from stacktest.core.model import Port, Stack

if TYPE_CHECKING:
    from stacktest.adapters.engine.client import Engine
    from stacktest.adapters.names import NameMap, NoAddress


class PublishedNames:
    """Addresses of host names for a stack whose ports the engine publishes."""

    def __init__(self, stack: Stack, config: Config, engine: "Engine") -> None:
        self._stack, self._section, self._engine = stack, config.stack, engine

    def look(self) -> "NameMap":
        """The names with the ports that are published now."""
        from stacktest.adapters.names import name_map, outer_doors

        door, host = self._section.door, self._engine.connection.host
        return name_map(
            self._stack,
            running=self._running_ports(),
            doors=outer_doors(door, self._ports_of, host) if door else None,
            engine_host=host,
            allowed=self._section.allow_hosts,
            looked_up=self._looked_up,
        )

    # Private

    @cached_property
    def _looked_up(self) -> "Mapping[str, str | NoAddress]":
        from stacktest.adapters.names import look_up_all

        server = self._section.nameserver
        return look_up_all(server, [route.host for route in self._stack.routes]) if server else {}

    def _running_ports(self) -> Mapping[str, tuple[Port, ...]]:
        return {
            container.service: container.ports
            for container in self._engine.containers(self._stack.name)
            if container.is_running and not container.one_off
        }

    def _ports_of(self, project: str, service: str) -> tuple[Port, ...]:
        return tuple(
            port
            for container in self._engine.containers(project)
            if container.service == service and container.is_running
            for port in container.ports
        )
