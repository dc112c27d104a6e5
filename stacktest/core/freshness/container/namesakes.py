"""Finds other containers with a name by which the front door looks up a service.

The engine's DNS answers with all containers of a network that have the name, in turn: containers
of another project on an external network, started by hand, or of a service that was removed. Then
it is not known which container answers, so the service counts as drifted.
"""

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.route import Route


def looked_up_names(stack: Stack, service: str) -> frozenset[str]:
    """The names by which the front door looks up a service.

    Routes from labels or variables are left out: their front door knows the container's address.
    """
    routes = (r for r in stack.routes_of(service) if not r.where.startswith("services."))
    return frozenset(host for route in routes if (host := _host(route)))


def network_names(stack: Stack, service: str) -> frozenset[str]:
    """The engine's names of the networks on which the front door looks for a service."""
    definitions = stack.definitions.get("networks") or {}
    looking = stack.services.get(stack.front_door) or stack.services[service]
    return frozenset(
        str((definitions.get(name) or {}).get("name") or f"{stack.name}_{name}")
        for name in looking.networks
    )


def name_drift(stack: Stack, service: Service, others: Iterable[Json]) -> tuple[str, ...]:
    """`name:web: other-web-1 has it, too`, for each other container with a name of the service."""
    names, networks = looked_up_names(stack, service.name), network_names(stack, service.name)
    return tuple(
        f"name:{name}: {str(other['Name']).lstrip('/')} has it, too"
        for other in others
        for name in sorted(names & _names_on(other, networks))
    )


# Private


def _host(route: Route) -> str:
    address = route.upstream if "://" in route.upstream else f"//{route.upstream}"
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _names_on(container: Json, networks: Collection[str]) -> frozenset[str]:
    """Its names on the networks, plain and as `name.network`."""
    endpoints = (container.get("NetworkSettings") or {}).get("Networks") or {}
    names = (
        (str(name).lower(), network.lower())
        for network, endpoint in endpoints.items()
        if network in networks
        for name in (str(container["Name"]).lstrip("/"), *((endpoint or {}).get("Aliases") or ()))
    )
    return frozenset(text for name, network in names for text in (name, f"{name}.{network}"))
