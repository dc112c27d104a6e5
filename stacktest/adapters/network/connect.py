"""Connects this process to a port of a container, directly or through a probe container."""

import contextlib
import socket
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Protocol

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.network.probe_container import ProbeContainer, ProbeContainers
from stacktest.core.json_data import Json
from stacktest.core.unknown import Unknown

CONNECT = 10.0
"""Seconds to wait for a connection."""


class Stream(Protocol):
    """One connection to the service."""

    def recv(self) -> bytes:
        """The next bytes, or no bytes at the end."""

    def send(self, data: bytes) -> None:
        """Send bytes to the service."""

    def end(self) -> None:
        """Close the direction to the service."""

    def close(self) -> None:
        """Close both directions; a thread that is blocked in `recv` returns."""


Connect = Callable[[int], Stream]
"""Port → a new connection to it; an OSError when the port is closed."""


class Connector:
    """Connects to containers; threads may share it."""

    def __init__(self, engine: EnginePort, probes: ProbeContainers) -> None:
        self._engine, self._probes = engine, probes

    def to(self, container: str) -> Connect:
        """A function that connects to ports of a running container; OSError if it is gone."""
        owner = self._owner(container)
        if addresses := self._addresses(owner):
            return lambda port: _at_any(addresses, lambda address: _DirectStream(address, port))
        return self._from_probe(owner["NetworkSettings"].get("Networks") or {})

    def addresses(self, container: str) -> tuple[str, ...]:
        """Addresses at which this host reaches a running container directly: IPv4, then IPv6."""
        return self._addresses(self._owner(container))

    # Private

    def _owner(self, container: str) -> Json:
        """The engine's document of the container, or of the one whose network it shares."""
        document = self._engine.inspect(container)
        if isinstance(document, Unknown):
            raise ConnectionRefusedError(document.why)
        mode = str(document["HostConfig"].get("NetworkMode", ""))
        return self._owner(owner) if (owner := mode.partition("container:")[2]) else document

    def _addresses(self, document: Json) -> tuple[str, ...]:
        if document["HostConfig"].get("NetworkMode") == "host":
            return ("127.0.0.1",) if self._is_here() else ()
        for endpoint in (document["NetworkSettings"].get("Networks") or {}).values():
            # A container that has just ended has no address, and possibly no network.
            addresses = _addresses_of(endpoint)
            if addresses and is_attached(endpoint, self._bridge(endpoint)):
                return addresses
        return ()

    def _bridge(self, endpoint: Json) -> str:
        """The interface of a network on the engine's host; empty if it is not known."""
        network = self._engine.network(endpoint["NetworkID"])
        if isinstance(network, Unknown):
            return ""
        name = (network.get("Options") or {}).get("com.docker.network.bridge.name")
        if name and self._engine.connection.is_elsewhere:
            # This host may have one of that name, too: each engine has its `docker0`.
            return ""
        return str(name or f"br-{network['Id'][:12]}")

    def _is_here(self) -> bool:
        """Whether the engine's host network is the network of this process."""
        options = self._engine.info().get("SecurityOptions") or []
        return not self._engine.connection.is_elsewhere and not any(
            "rootless" in option for option in options
        )

    def _from_probe(self, networks: Json) -> Connect:
        for name, endpoint in networks.items():
            if addresses := _addresses_of(endpoint):
                return self._through(self._probes.on(name), addresses)

        def nowhere(port: int) -> Stream:
            raise ConnectionRefusedError(f"port {port}: no network leads to the container")

        return nowhere

    def _through(self, probe: ProbeContainer, addresses: tuple[str, ...]) -> Connect:
        return lambda port: _at_any(
            addresses, lambda address: _ProbeStream(self._engine, probe, address, port)
        )


def is_attached(endpoint: Json, bridge: str) -> bool:
    """Whether this host has the network's own interface, with an address in the subnet.

    The address alone is not enough: two engines on one host use the same subnets, and the
    container of another stack might answer.
    """
    address, prefix = endpoint.get("IPAddress"), endpoint.get("IPPrefixLen")
    if not address:
        address, prefix = endpoint.get("GlobalIPv6Address"), endpoint.get("GlobalIPv6PrefixLen")
    if not address or not prefix:
        return False
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.if_nametoindex(bridge)
    except OSError:
        return False
    with socket.socket(family, socket.SOCK_DGRAM) as probing:
        try:
            # This sends nothing: the kernel only chooses the source address.
            probing.connect((address, 9))
        except OSError:
            return False
        own_address = probing.getsockname()[0]
    return ip_address(own_address) in ip_network(f"{address}/{prefix}", strict=False)


# Private


def _addresses_of(endpoint: Json) -> tuple[str, ...]:
    values = (endpoint.get(key) for key in ("IPAddress", "GlobalIPv6Address"))
    return tuple(str(value) for value in values if value)


def _at_any(addresses: tuple[str, ...], connect: Callable[[str], Stream]) -> Stream:
    """A connection to the first address that accepts one: a program may listen at IPv6 alone."""
    refusals: list[OSError] = []
    for address in addresses:
        try:
            return connect(address)
        except OSError as error:
            refusals.append(error)
    raise refusals[0]


_CHUNK = 65536
# An attached command has to wait for a first line: see `AttachedCommand`'s implementation.
_GO = b"\n"
_WAIT = "read -r _ || exit; "


class _DirectStream:
    def __init__(self, address: str, port: int) -> None:
        self._socket = socket.create_connection((address, port), timeout=CONNECT)
        self._socket.settimeout(None)

    def recv(self) -> bytes:
        return self._socket.recv(_CHUNK)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class _ProbeStream:
    """A connection that `nc` or bash opens in a probe container, attached through the engine."""

    def __init__(self, engine: EnginePort, probe: ProbeContainer, address: str, port: int) -> None:
        attempt = ["timeout", "10", *_attempt(probe, address, port)]
        code, _, errors = engine.execute(probe.container, attempt)
        if code != 0:
            raise ConnectionRefusedError(errors.strip() or f"{address}:{port} does not answer")
        self._tool = probe.tool
        self._command = engine.attach(probe.container, _joining(probe, address, port))
        self._command.send(_GO)

    def recv(self) -> bytes:
        return self._command.recv()

    def send(self, data: bytes) -> None:
        self._command.send(data)

    def end(self) -> None:
        # bash cannot close one direction only: both are closed by `close`.
        if self._tool == "nc":
            self._command.end_input()

    def close(self) -> None:
        self._command.close()


def _attempt(probe: ProbeContainer, address: str, port: int) -> list[str]:
    if probe.tool == "nc":
        return ["nc", "-z", "-w", "5", address, str(port)]
    return ["bash", "-c", 'exec 3<>"/dev/tcp/$0/$1"', address, str(port)]


def _joining(probe: ProbeContainer, address: str, port: int) -> list[str]:
    if probe.tool == "nc":
        return ["sh", "-c", _WAIT + 'exec nc -N "$0" "$1"', address, str(port)]
    # The end of one direction ends both, so that no program stays behind in the container.
    script = (
        _WAIT + 'exec 3<>"/dev/tcp/$0/$1"; cat <&3 & back=$!; { cat >&3; } <&0 & there=$!; '
        "wait -n; kill $back $there 2>/dev/null"
    )
    return ["bash", "-c", script, address, str(port)]
