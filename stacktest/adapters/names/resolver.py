"""Host name and port → the address to connect to; a name that is not the stack's is refused.

host                              port                      goes to
looked up at a name server        any                       the address that it gave
a route's, or below the domain    one of the front door     where that port is published
                                  one that is published     there
                                  any, front door on the    that port of the host
                                  host's network
this machine's loopback, or the   one that a service        there: the answer is that service's
address of a published port       publishes
allowed by the configuration      any                       the same name, by the system
any other                         any                       refused

Names are compared as A-labels (`core.hostnames`).
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any, cast

from msgspec import Struct, field

from stacktest.core.hostnames import before_port, to_ascii, to_unicode
from stacktest.core.model import Port, Service, Stack
from stacktest.core.routing import covers
from stacktest.core.shared_network import service_at
from stacktest.errors import UsageError

Address = tuple[str, int]
"""IP address or host name, and port."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine at which a port that is published on all addresses is reached."""


class NoAddress(Struct, frozen=True, kw_only=True):
    """The result for a name that has no address, with the reason."""

    why: str


class Publication(Struct, frozen=True, kw_only=True):
    """The service and container port behind a published address."""

    service: str
    """Empty if several services share the network of the service that publishes the port."""
    port: int
    """The port in the container."""


class NameMap(Struct, frozen=True, kw_only=True):
    """The addresses of host names during a run; plain data that can be sent to another process."""

    hosts: tuple[str, ...] = ()
    """Names of routes, exact or `*.name`."""
    domain: str = ""
    doors: Mapping[int, Address] = field(default_factory=dict)
    """Port of the front door in its container → the address where it is published."""
    door_host: str = ""
    """The host whose network the front door uses, where every port of the front door is reached."""
    hidden_on: str = ""
    """The engine's host, if the front door publishes ports on that host's loopback only."""
    published: Mapping[Address, Publication] = field(default_factory=dict)
    """Published address → the service and its port."""
    allowed: tuple[str, ...] = ()
    """Names outside of the stack that may be reached, exact or `*.name`."""
    looked_up: Mapping[str, "str | NoAddress"] = field(default_factory=dict)
    """Host name → its address at the stack's own name server, or why there is none."""
    moved: Mapping[Address, Address] | None = None
    """Address where the stack publishes a port → the container's address, if no port is published.

    None: ports are published. In a copy of the stack, an address that is not listed is refused: no
    name may lead to the original stack.
    """

    def resolve(self, host: str, port: int) -> Address | NoAddress:
        """The address to connect to for `host:port`, or why there is none."""
        address = self._address_of(to_ascii(host), host, port)
        if self.moved is None or isinstance(address, NoAddress) or self._is_outside(host, port):
            return address
        return self.moved.get(address) or NoAddress(
            why=f"'{_shown(host, port)}': no running container has this port"
        )

    def _is_outside(self, host: str, port: int) -> bool:
        name = to_ascii(host)
        is_published = self._published_address(name, port) is not None
        return not is_published and not self.is_ours(name)

    def _address_of(self, name: str, host: str, port: int) -> Address | NoAddress:
        if name in self.looked_up:
            looked_up = self.looked_up[name]
            return looked_up if isinstance(looked_up, NoAddress) else (looked_up, port)
        if address := self._published_address(name, port):
            return address
        if self.is_ours(name):
            return self._door(name, port)
        if any(covers(pattern, name) for pattern in self.allowed):
            return host, port
        return NoAddress(
            why=f"'{_shown(name, port)}' is not a host name of this stack, and tests reach no "
            "other; allow it with `allow_hosts` under [stack]"
        )

    def is_ours(self, name: str) -> bool:
        """Whether `name` belongs to the front door: a route's name, the domain or one below it."""
        name = to_ascii(name)
        below = bool(self.domain) and (name == self.domain or name.endswith(f".{self.domain}"))
        return below or self.knows(name)

    def knows(self, name: str) -> bool:
        """Whether `name` is the host name of a route."""
        return any(covers(pattern, name) for pattern in self.hosts)

    def publication(self, host: str, port: int) -> Publication | None:
        """The service that publishes the port `host:port`, or None, also for a moved address."""
        address = self._published_address(host.lower(), port) or self._moved_from(host, port)
        return self.published[address] if address else None

    def addresses(self, service: str) -> Mapping[int, Address]:
        """Port in the container → the address where it is published, for one service."""
        return {
            publication.port: address
            for address, publication in self.published.items()
            if publication.service == service
        }

    def move_to(self, other: "NameMap") -> None:
        """Replace the doors and published addresses, in place, by those of `other`.

        The engine may publish another port for a container that was created again. In place, so
        that every user of this map sees the new addresses.
        """
        pairs = (
            (self.doors, dict(other.doors)),
            (self.published, dict(other.published)),
            (self.moved or {}, dict(other.moved or {})),
        )
        for own, new in pairs:
            mutable = cast("dict[Any, Any]", own)
            mutable.clear()
            mutable.update(new)

    # Private

    def _published_address(self, name: str, port: int) -> Address | None:
        # Two services may have the same port, each at an address of its own.
        names = (name, *LOOPBACK) if name in LOOPBACK else (name,)
        return next(((n, port) for n in names if (n, port) in self.published), None)

    def _moved_from(self, host: str, port: int) -> Address | None:
        """The published address that is moved to this address of a container."""
        moved = (self.moved or {}).items()
        return next((published for published, address in moved if address == (host, port)), None)

    def _door(self, name: str, port: int) -> Address | NoAddress:
        if port in self.doors:
            return self.doors[port]
        for address in self.doors.values():
            if address[1] == port:
                return address
        if self.door_host:
            return self.door_host, port
        if not self.doors and self.hidden_on:
            return NoAddress(
                why=f"'{to_unicode(name)}': the front door publishes its ports for "
                f"{self.hidden_on} alone; publish them there without an address of its own"
            )
        if not self.doors:
            return NoAddress(
                why=f"'{to_unicode(name)}': nothing is known to answer for the stack's host names; "
                "name the service as `front_door` under [stack], or, if it belongs to another "
                "compose project, say where it is with `door`"
            )
        published = ", ".join(str(target) for target in sorted(self.doors))
        return NoAddress(
            why=f"'{to_unicode(name)}' port {port}: the front door publishes no such port "
            f"(it has: {published})"
        )


def name_map(
    stack: Stack,
    *,
    running: Mapping[str, Iterable[Port]] | None = None,
    doors: Mapping[int, Address] | None = None,
    engine_host: str = "127.0.0.1",
    allowed: tuple[str, ...] = (),
    looked_up: Mapping[str, str | NoAddress] | None = None,
) -> NameMap:
    """The map from the names of the stack's routes to the published addresses of its front door.

    `running` (service → ports of its container) holds the ports that the engine chose, and shows
    which of two services that cannot run together has a port. `engine_host` is the host at which
    ports without an address of their own are reached. `doors` are the addresses of a front door in
    another compose project.
    """
    door = _front_door(stack)
    ports = {service.name: service.ports for service in stack.services.values()}
    published = {
        address: Publication(service=service_at(stack, service, target), port=target)
        for service, its_ports in (running or ports).items()
        for target, address in reachable(its_ports, engine_host).items()
    }
    return NameMap(
        hosts=tuple(dict.fromkeys(_ascii(r.pattern) for r in stack.routes if r.has_name)),
        domain=to_ascii(stack.domain),
        doors=doors or (_door_addresses(door, running or {}, engine_host) if door else {}),
        door_host=engine_host if door and _is_on_host(door) else "",
        hidden_on=engine_host if door and _has_hidden(door, running or {}, engine_host) else "",
        published=published,
        allowed=tuple(to_ascii(name) for name in allowed),
        looked_up={to_ascii(name): address for name, address in (looked_up or {}).items()},
    )


def resolve_hosts_lines(names: NameMap, address: str = "127.0.0.1") -> list[str]:
    """Lines for /etc/hosts, one per name, without wildcards, which that file cannot hold."""
    exact = {host for host in names.hosts if not set("*~") & set(host)} | ({names.domain} - {""})
    width = max(len(address), 9)
    return [f"{address:<{width}} {host}" for host in sorted(exact, key=_by_label)]


def reachable(ports: Iterable[Port], engine_host: str = "127.0.0.1") -> dict[int, Address]:
    """TCP port in the container → the first address where it is published.

    A port that another host publishes on its loopback is left out: here, loopback is this machine.
    """
    addresses: dict[int, Address] = {}
    for port in ports:
        if port.protocol != "tcp" or port.published is None or _is_hidden(port, engine_host):
            continue
        host = engine_host if _is_everywhere(port.host_ip) else port.host_ip
        addresses.setdefault(port.target, (host, port.published))
    return addresses


# Private


def _front_door(stack: Stack) -> Service | None:
    if stack.front_door and stack.front_door not in stack.services:
        raise UsageError(
            f"'{stack.front_door}' is not a service of this stack",
            where="stacktest.toml:stack.front_door",
            hint="name the service that terminates TLS",
        )
    return stack.services.get(stack.front_door)


def _door_addresses(
    door: Service, running: Mapping[str, Iterable[Port]], engine_host: str
) -> dict[int, Address]:
    """Addresses of the running container before those of the model: the engine may choose ports."""
    written = reachable(door.ports, engine_host)
    return {**written, **reachable(running.get(door.name, ()), engine_host)}


def _ascii(pattern: str) -> str:
    return pattern if pattern.startswith("~") else to_ascii(pattern)


def _is_on_host(service: Service) -> bool:
    return bool(service.definition) and service.definition.get("network_mode") == "host"


def _has_hidden(door: Service, running: Mapping[str, Iterable[Port]], engine_host: str) -> bool:
    return any(_is_hidden(port, engine_host) for port in running.get(door.name, door.ports))


def _is_hidden(port: Port, engine_host: str) -> bool:
    is_own = bool(port.host_ip) and ip_address(port.host_ip).is_loopback
    return is_own and engine_host not in LOOPBACK


def _is_everywhere(host_ip: str) -> bool:
    return not host_ip or ip_address(host_ip).is_unspecified


def _shown(name: str, port: int) -> str:
    return f"{before_port(name)}:{port}" if name in LOOPBACK else to_unicode(name)


def _by_label(host: str) -> tuple[str, ...]:
    return tuple(reversed(host.split(".")))
