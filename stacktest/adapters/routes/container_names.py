"""Which services a name means inside the front door's container, in the order of the lookup.

extra_hosts   an address, even if a service has the same name
links         the linked service, by the name that the link gives it; external_links: none of these
DNS           every service on a network of the front door that has the name there: its own, an
              alias, a container's name or address; the engine answers with all of them in turn;
              the name of one of the networks may follow: app.stack_default
on a swarm    tasks.app, stack_app and tasks.stack_app are app, too; so is tasks.ALIAS
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from stacktest.core.changed_copy import replace
from stacktest.core.hostnames import to_ascii
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack


def services_named(stack: Stack, host: str) -> tuple[str, ...]:
    """The services that a name resolves to; several if the engine's DNS has several for it."""
    door = stack.services.get(stack.front_door)
    if host in dict(_links(door, "external_links")):
        return ()
    if linked := dict(_links(door)).get(host):
        return (linked,) if linked in stack.services else ()
    host, door = _without_network(stack, host, door)
    host = host if host in stack.services else stack.network_names.get(host, host).lower()
    host = host.removeprefix("tasks.") if stack.network_names else host
    near = [service for service in stack.services.values() if _can_reach(door, service)]
    named = tuple(service.name for service in near if _has_name(stack, service, host, door))
    if named or host in stack.services:
        return named or (host,)
    others = (
        service.name
        for service in stack.services.values()
        if _has_name(stack, service, host) or host == _hostname(service)
    )
    return tuple(others)[:1]


def extra_hosts(service: Service | None) -> dict[str, str]:
    """Name → address, from `extra_hosts` of the service."""
    entries = _definition(service).get("extra_hosts") or ()
    if isinstance(entries, Mapping):
        return {name.lower(): str(address) for name, address in entries.items()}
    return dict(_host_and_address(entry) for entry in entries)


# Private


def _can_reach(door: Service | None, service: Service) -> bool:
    """Whether both share a network; True if the front door or either one's networks are unknown."""
    if door is None or not door.networks or not service.networks:
        return True
    return bool({*door.networks} & {*service.networks})


def _without_network(stack: Stack, host: str, door: Service | None) -> tuple[str, Service | None]:
    """`app.stack_default` as `app`, and the front door on that network only; else both as given."""
    networks = stack.definitions.get("networks") or {}
    for network in door.networks if door else ():
        name = (networks.get(network) or {}).get("name") or f"{stack.name}_{network}"
        if door and host.endswith(f".{name}".lower()):
            return host.removesuffix(f".{name}".lower()), replace(door, networks=(network,))
    return host, door


def _has_name(stack: Stack, service: Service, host: str, door: Service | None = None) -> bool:
    """Whether the service has the name `host` on networks of `door`, on any if `door` is None."""
    if host in {service.name.lower(), *_network_names(service, door)}:
        return True
    if service.container_name:
        return host == service.container_name.lower()
    containers = re.escape(f"{stack.name}-{service.name}-".lower())
    return re.fullmatch(rf"{containers}\d+", host) is not None


def _network_names(service: Service, door: Service | None) -> Iterator[str]:
    networks = _definition(service).get("networks") or {}
    for network, options in networks.items() if isinstance(networks, dict) else ():
        if options and (door is None or not door.networks or network in door.networks):
            addresses = (options.get("ipv4_address"), options.get("ipv6_address"))
            yield from (str(alias).lower() for alias in options.get("aliases") or ())
            yield from (to_ascii(str(address)) for address in addresses if address)


def _hostname(service: Service) -> str:
    return str(_definition(service).get("hostname") or "").lower()


def _links(service: Service | None, key: str = "links") -> Iterable[tuple[str, str]]:
    for link in _definition(service).get(key) or ():
        name, _, alias = str(link).partition(":")
        yield (alias or name).lower(), name


def _host_and_address(entry: str) -> tuple[str, str]:
    name, _, address = re.sub("[=:]", " ", entry, count=1).partition(" ")
    return name.lower(), address.strip("[]")


def _definition(service: Service | None) -> Json:
    definition = service.definition if service else None
    return definition if isinstance(definition, dict) else {}
