"""The stack's host names and published addresses, leading to the containers themselves.

So a test asks for the same address whether the engine publishes the port or not: it does not for a
copy of the stack, nor where nothing may leave.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from stacktest.adapters.network import Connector, ProbeContainers
from stacktest.core.model import Service, Stack

if TYPE_CHECKING:
    from stacktest.adapters.engine.client import Engine
    from stacktest.adapters.names import NameMap


def container_names(stack: Stack, engine: "Engine", *, allowed: tuple[str, ...]) -> "NameMap":
    """What host names and published ports mean where nothing is published."""
    from stacktest.adapters.names import name_map, reachable

    services = {name: _with_numbers(service) for name, service in stack.services.items()}
    publishers = frozenset(name for name, service in services.items() if service.ports)
    addresses = _addresses(stack, engine, publishers)
    moved = {
        published: (addresses[name], port)
        for name in addresses
        for port, published in reachable(services[name].ports).items()
    }
    return replace(name_map(replace(stack, services=services), allowed=allowed), moved=moved)


# Private


def _with_numbers(service: Service) -> Service:
    """A port that the engine would choose is asked for by its own number."""
    ports = tuple(replace(port, published=port.published or port.target) for port in service.ports)
    return replace(service, ports=ports)


def _addresses(stack: Stack, engine: "Engine", services: frozenset[str]) -> Mapping[str, str]:
    """Service → the address of its running container."""
    connector = Connector(engine, ProbeContainers(stack, engine, image="", labels={}))
    addresses = {}
    for container in engine.containers(stack.name):
        if container.service not in services or not container.is_running or container.one_off:
            continue
        # One that is being restarted has none.
        if address := connector.address(container.id):
            addresses[container.service] = address
    return addresses
