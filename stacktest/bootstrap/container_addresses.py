"""The stack's host names and published addresses, leading to the containers themselves.

So a test asks for the same address whether the engine publishes the port or not: it does not for a
copy of the stack, nor where nothing may leave.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from stacktest.adapters.network import ContainerPorts
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack

if TYPE_CHECKING:
    from stacktest.adapters.engine.client import Engine
    from stacktest.adapters.names import Address, NameMap


class ContainerNames:
    """What host names and published ports mean where nothing is published."""

    def __init__(self, stack: Stack, engine: "Engine", allowed: tuple[str, ...]) -> None:
        services = {name: _with_numbers(service) for name, service in stack.services.items()}
        self._stack = replace(stack, services=services)
        self._engine, self._allowed = engine, allowed
        self._ports = ContainerPorts(stack, engine)

    def look(self) -> "NameMap":
        """The names as they lead to the containers that run now."""
        from stacktest.adapters.names import name_map, reachable

        services = self._stack.services
        moved: dict[Address, Address] = {}
        for container in self._engine.containers(self._stack.name):
            if container.service not in services or not container.is_running or container.one_off:
                continue
            for port, published in reachable(services[container.service].ports).items():
                # One that has ended meanwhile leads nowhere.
                with suppress(OSError):
                    moved[published] = self._ports.address(container.id, port)
        return replace(name_map(self._stack, allowed=self._allowed), moved=moved)


# Private


def _with_numbers(service: Service) -> Service:
    """A port that the engine would choose is asked for by its own number."""
    ports = tuple(replace(port, published=port.published or port.target) for port in service.ports)
    return replace(service, ports=ports)
