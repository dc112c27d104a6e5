"""Watches a container's outgoing packets: the names it looks up, the addresses it connects to.

A packet socket of this process is opened in the container's network namespace; the container is not
changed. This needs the rights to enter that namespace, on the engine's own machine.
"""

import ctypes
import os
import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network

from stacktest.core.json_data import Json
from stacktest.core.packets import Connection, connection_of, read_packet

_CLONE_NEWNET = 0x40000000
_EVERY_PROTOCOL = 0x0003
_OUTGOING = 4
_PAUSE = 0.1
_LARGEST = 65535


class Egress:
    """The look-ups and connections of a container during a watch; grows until the watch ends."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._connections: set[Connection] = set()

    def __repr__(self) -> str:
        return f"Egress(names={list(self.names)}, connections={list(self.connections)})"

    @property
    def names(self) -> tuple[str, ...]:
        """Names that the container looked up at a name server, sorted."""
        return tuple(sorted(self._names))

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Destinations of its connections and packets, also other services of the stack."""
        return tuple(sorted(self._connections))

    @property
    def outside(self) -> tuple[Connection, ...]:
        """Connections to addresses outside of the container's networks."""
        return tuple(item for item in self.connections if item.is_outside)

    def add(self, data: bytes, networks: tuple[IPv4Network | IPv6Network, ...]) -> None:
        """Note one outgoing packet."""
        packet = read_packet(data)
        if packet is None:
            return
        if packet.is_question:
            self._names |= _asked_names(packet.payload)
        elif connection := connection_of(packet, networks):
            self._connections.add(connection)


class EgressWatch:
    """Watches one container from `start` to `stop`."""

    def __init__(self, pid: int, document: Json) -> None:
        self._pid = pid
        self._networks = tuple(_networks(document))
        self.egress = Egress()
        self._socket: socket.socket | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="stacktest-egress", daemon=True)

    def start(self) -> None:
        """Begin; PermissionError without the rights to enter the container's network."""
        self._socket = _within(self._pid, _packet_socket)
        self._socket.settimeout(_PAUSE)
        self._thread.start()

    def stop(self) -> None:
        """Stop, after all packets that were sent before have been evaluated."""
        self._ended.set()
        self._thread.join()
        if self._socket is not None:
            self._socket.close()

    # Private

    def _read(self) -> None:
        assert self._socket is not None  # noqa: S101 - started
        while True:
            try:
                data, address = self._socket.recvfrom(_LARGEST)
            except TimeoutError:
                if self._ended.is_set():
                    return
                continue
            if address[2] == _OUTGOING:
                self.egress.add(data, self._networks)


# Private


def _packet_socket() -> socket.socket:
    return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERY_PROTOCOL))


def _within(pid: int, make: Callable[[], socket.socket]) -> socket.socket:
    """A socket made in the network namespace of a process; only a separate thread enters it."""
    sockets: list[socket.socket] = []
    errors: list[OSError] = []

    def enter() -> None:
        try:
            _join_network(pid)
            sockets.append(make())
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=enter, name="stacktest-enter-network")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return sockets[0]


def _join_network(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if libc.setns(namespace, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(namespace)


def _networks(document: Json) -> list[IPv4Network | IPv6Network]:
    rows = (document["NetworkSettings"].get("Networks") or {}).values()
    pairs = [
        (row.get(address), row.get(size))
        for row in rows
        for address, size in (
            ("IPAddress", "IPPrefixLen"),
            ("GlobalIPv6Address", "GlobalIPv6PrefixLen"),
        )
    ]
    return [ip_network(f"{address}/{size}", strict=False) for address, size in pairs if address]


def _asked_names(payload: bytes) -> set[str]:
    import dns.exception
    import dns.message

    try:
        message = dns.message.from_wire(payload)
    except dns.exception.DNSException:
        return set()
    return {question.name.to_text(omit_final_dot=True).lower() for question in message.question}
