"""Host name and port → where the front door is published; every other name is refused.

host                              port                      goes to
looked up at a name server        any                       the address that it gave
a route's, or below the domain    one that the door has     where that port is published
                                  one that is published     there
allowed by the configuration      any                       the same name, by the system
any other                         any                       refused
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from stacktest.core.model import Json, Stack
from stacktest.core.routing import covers
from stacktest.errors import UsageError

Address = tuple[str, int]
"""IP address or host name, and port."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A name that leads nowhere, and why."""

    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NameMap:
    """What host names mean during a run; plain data that may be handed to another process."""

    hosts: tuple[str, ...] = ()
    """Names of routes, exact or `*.name`."""
    domain: str = ""
    doors: Mapping[int, Address] = field(default_factory=dict)
    """Port of the front door in its container → where it is published."""
    allowed: tuple[str, ...] = ()
    """Names outside of the stack that may be reached, exact or `*.name`."""
    looked_up: Mapping[str, "str | Refused"] = field(default_factory=dict)
    """Host name → its address at the stack's own name server, or why there is none."""

    def resolve(self, host: str, port: int) -> Address | Refused:
        """Where to connect for `host:port`."""
        name = host.lower().rstrip(".")
        if name in self.looked_up:
            address = self.looked_up[name]
            return address if isinstance(address, Refused) else (address, port)
        if self.is_ours(name):
            return self._door(name, port)
        if any(covers(pattern, name) for pattern in self.allowed):
            return host, port
        return Refused(
            why=f"'{name}' is not a host name of this stack, and tests reach no other; "
            "allow it with `allow_hosts` under [stack]"
        )

    def is_ours(self, name: str) -> bool:
        """Whether the front door is asked for `name`: a route's, the domain, or any name below."""
        below = bool(self.domain) and (name == self.domain or name.endswith(f".{self.domain}"))
        return below or self.knows(name)

    def knows(self, name: str) -> bool:
        """Whether a route answers under `name`."""
        return any(covers(pattern, name) for pattern in self.hosts)

    # Private

    def _door(self, name: str, port: int) -> Address | Refused:
        if port in self.doors:
            return self.doors[port]
        for address in self.doors.values():
            if address[1] == port:
                return address
        published = ", ".join(str(target) for target in sorted(self.doors)) or "none"
        return Refused(
            why=f"'{name}' port {port}: the front door publishes no such port (it has: {published})"
        )


def name_map(
    stack: Stack,
    *,
    published: Mapping[int, Address] | None = None,
    engine_host: str = "127.0.0.1",
    allowed: tuple[str, ...] = (),
    looked_up: Mapping[str, str | Refused] | None = None,
) -> NameMap:
    """Names of the stack's routes, leading to where its front door is published.

    `published` (port in the container → address) is what runs, for ports that the engine chose;
    `engine_host` is where ports without an address of their own are reached.
    """
    doors = dict(published or {})
    if stack.front_door:
        door = stack.services.get(stack.front_door)
        if door is None:
            raise UsageError(
                f"'{stack.front_door}' is not a service of this stack",
                where="stacktest.toml:stack.front_door",
                hint="name the service that terminates TLS",
            )
        for port in door.ports:
            if port.protocol == "tcp" and port.published is not None:
                doors.setdefault(
                    port.target, (_reachable(port.host_ip, engine_host), port.published)
                )
    hosts = tuple(dict.fromkeys(r.pattern for r in stack.routes if r.has_name))
    return NameMap(
        hosts=hosts,
        domain=stack.domain,
        doors=doors,
        allowed=allowed,
        looked_up=looked_up or {},
    )


def published_ports(ports: Sequence[Json], *, engine_host: str = "127.0.0.1") -> dict[int, Address]:
    """Port in the container → where it is published, of `Ports` as the engine lists a container."""
    addresses: dict[int, Address] = {}
    for port in ports:
        if port.get("Type") == "tcp" and port.get("PublicPort"):
            there = (_reachable(port.get("IP", ""), engine_host), int(port["PublicPort"]))
            # The same port may be listed for IPv4 and IPv6; the first one serves.
            addresses.setdefault(int(port["PrivatePort"]), there)
    return addresses


def resolve_hosts_lines(names: NameMap, address: str = "127.0.0.1") -> list[str]:
    """Lines for /etc/hosts, one per name; that file knows no wildcards, so those are left out."""
    exact = {host for host in names.hosts if not set("*~") & set(host)} | ({names.domain} - {""})
    width = max(len(address), 9)
    return [f"{address:<{width}} {host}" for host in sorted(exact, key=_by_label)]


# Private


def _reachable(host_ip: str, engine_host: str) -> str:
    if not host_ip or ip_address(host_ip).is_unspecified:
        return engine_host
    return host_ip


def _by_label(host: str) -> tuple[str, ...]:
    return tuple(reversed(host.split(".")))
