"""Which service an upstream address means, as the front door's container resolves it.

a service, by any name that it has for the front door          that service
a name that several services have on its networks              not known
a service whose network others share (network_mode: service:)  the service that listens at the port
localhost, no host                                             a service in the front door's network
host.docker.internal and its like, this machine's addresses    the service that publishes the port
any other address or name                                      not of this stack
a text with a variable or a placeholder                        not known, it depends on the request
"""

import re
import socket
from ipaddress import ip_address

from msgspec import Struct

from stacktest.adapters.routes.container_names import extra_hosts, services_named
from stacktest.core.hostnames import to_ascii
from stacktest.core.model import Service, Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import Route
from stacktest.core.shared_network import (
    in_host_network,
    network_mode,
    network_owner,
    service_at,
    tenants_of,
)

_ADDRESS = re.compile(
    r"^(?:(?P<scheme>[a-z0-9+]+)://)?(?P<host>\[[^\]]+\]|[^:/\s]+)?(?::(?P<port>\d+)(?:-\d+)?)?(?:/.*)?$"
)
_USER = re.compile(r"^([a-z0-9+]+://)[^/@\s]*@")
"""Name and password in an address; they are removed from what is shown and recorded."""
_DEFAULT_PORTS = {"https": 443, "http": 80, "h2c": 80, "": 80}
_ENGINE_HOSTS = frozenset(
    {
        "host.docker.internal",
        "gateway.docker.internal",
        "host.containers.internal",
        "host-gateway",
        "172.17.0.1",
    }
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104


class Target(Struct, frozen=True, kw_only=True):
    """The service of an upstream address, or why it is unknown; neither if outside the stack."""

    service: str | None = None
    port: int | None = None
    unknown: str = ""


def resolve_upstream(stack: Stack, upstream: str) -> Target:
    """The service that the front door's `upstream` leads to."""
    if not upstream:
        return Target()
    variable = re.search(r"\$\{?\w+\}?|\{[^}]*\}", upstream.rpartition("://")[2].partition("/")[0])
    if variable:
        return Target(unknown=f"the upstream depends on {variable[0]}")
    parts = _ADDRESS.match(upstream)
    if not parts or upstream.startswith(("unix:", "unix/", "unix+", "/")):
        return Target(unknown=f"{upstream} is not an address on a network")
    port = whole_number(parts["port"] or "")
    if parts["port"] and port is None:
        return Target(unknown=f"{upstream} has no valid port")
    port = port if parts["port"] else _DEFAULT_PORTS.get(parts["scheme"] or "")
    return _by_host(stack, (parts["host"] or "localhost").lower(), port)


def route_to(stack: Stack, *, host: str, upstream: str, match: str = "", where: str = "") -> Route:
    """The route of `host` to an upstream as written in the front door's configuration.

    An upstream that is not a service of this stack keeps its text and has no service. That is not
    an error here, since the other routes are still valid: `check` and the tests report it.
    """
    upstream = _USER.sub(r"\1", upstream)
    target = resolve_upstream(stack, upstream)
    return Route(
        host=host,
        service=target.service,
        port=target.port,
        unknown=target.unknown,
        where=where,
        match=match,
        upstream=upstream,
    )


# Private


def _by_host(stack: Stack, host: str, port: int | None) -> Target:
    door = stack.services.get(stack.front_door)
    host = to_ascii(host)
    host = to_ascii(extra_hosts(door).get(host, host))
    if door and (host in _LOOPBACK):
        return _at_loopback(stack, door, port)
    services = services_named(stack, host)
    if len(services) > 1:
        return Target(unknown=f"{' and '.join(services)} both have the name {host}")
    if services:
        return _in_network_of(stack, services[0], port)
    if host in _ENGINE_HOSTS or _is_own_address(host):
        return _published(stack, port)
    if _is_address(host) and _publishers(stack, port):
        names = " or ".join(_publishers(stack, port))
        return Target(unknown=f"{names}, if {host} is the machine that the stack runs on")
    return Target()


def _at_loopback(stack: Stack, door: Service, port: int | None) -> Target:
    if network_owner(stack, door.name) != door.name or tenants_of(stack, door.name):
        return _in_network_of(stack, network_owner(stack, door.name), port)
    if network_mode(door) == "host":
        return _published(stack, port)
    return Target(unknown="it is a program in the front door's own container")


def _in_network_of(stack: Stack, owner: str, port: int | None) -> Target:
    """The service that listens at `port` in the network of `owner`, which others may share.

    The front door itself is the answer only if it is `owner`; else it asks another service.
    """
    name = service_at(stack, owner, port)
    if name and (name != stack.front_door or name == owner):
        return Target(service=name, port=port)
    owner = network_owner(stack, owner)
    names = " or ".join((owner, *tenants_of(stack, owner)))
    return Target(
        unknown=f"{names} listens at port {port}, they share a network: name it in a health check"
    )


def _published(stack: Stack, port: int | None) -> Target:
    publishers = _publishers(stack, port)
    if len(publishers) > 1:
        return Target(unknown=f"{' and '.join(publishers)} are both at port {port}")
    if not publishers:
        others = " or ".join(sorted({*in_host_network(stack)} - {stack.front_door}))
        more = f"; {others}, in the host's network, may listen: name it in a health check"
        why = f"no service of this stack publishes port {port}"
        return Target(unknown=why + (more if others else ""))
    service = stack.services[publishers[0]]
    if service.name in in_host_network(stack):
        return Target(service=service.name, port=port)
    inner = next(p.target for p in service.ports if p.published == port and p.protocol == "tcp")
    return _in_network_of(stack, service.name, inner)


def _publishers(stack: Stack, port: int | None) -> list[str]:
    """Services reachable at a port of this machine: they publish it or use the host's network."""
    publishing = [
        service.name
        for service in stack.services.values()
        if any(p.published == port and p.protocol == "tcp" for p in service.ports)
    ]
    names = dict.fromkeys((*publishing, *(in_host_network(stack, port) if port else ())))
    return [name for name in names if name != stack.front_door]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_own_address(host: str) -> bool:
    """Whether the address is one of this machine: only then can a socket be bound to it."""
    if not _is_address(host):
        return False
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True
