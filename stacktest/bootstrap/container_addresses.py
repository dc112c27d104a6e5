"""Maps the stack's host names and published addresses to the containers' own addresses.

So a test uses the same address whether the engine publishes the port or not: no port is published
for a copy of the stack, or with `egress = "deny"`.
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
    """Addresses of host names and published ports for a stack that publishes no port."""

    def __init__(self, stack: Stack, engine: "Engine", allowed: tuple[str, ...]) -> None:
        services = {name: _with_numbers(service) for name, service in stack.services.items()}
        self._stack = replace(stack, services=services)
        self._engine, self._allowed = engine, allowed
        self._ports = ContainerPorts(stack, engine)

    def look(self) -> "NameMap":
        """The names with the addresses of the containers that run now."""
        from stacktest.adapters.names import name_map, reachable

        services = self._stack.services
        moved: dict[Address, Address] = {}
        for container in self._engine.containers(self._stack.name):
            if container.service not in services or not container.is_running or container.one_off:
                continue
            for port, published in reachable(services[container.service].ports).items():
                # A container that has ended meanwhile has no address.
                with suppress(OSError):
                    moved[published] = self._ports.address(container.id, port)
        return replace(name_map(self._stack, allowed=self._allowed), moved=moved)


# Private


def _with_numbers(service: Service) -> Service:
    """The service with ports that the engine would choose replaced by the container's ports."""
    ports = tuple(replace(port, published=port.published or port.target) for port in service.ports)
    return replace(service, ports=ports)
