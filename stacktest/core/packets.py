"""Parses an IP packet: target address, protocol, and whether it opens a connection."""

import struct
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from msgspec import Struct

TCP, UDP = 6, 17
_SYN, _ACK = 0x02, 0x10
_V4, _V6 = 4, 6
_V6_HEADER = 40
_UDP_HEADER = 8
DNS_PORT = 53
ENGINES_DNS = "127.0.0.11"
"""Address of Docker's name server within a container; the port is rewritten on the way."""


class Connection(Struct, frozen=True, kw_only=True, order=True):
    """An address, port and protocol that a container sent packets to."""

    address: str
    port: int
    protocol: str
    """`tcp` or `udp`."""
    is_outside: bool
    """Whether the address is in none of the container's networks."""


class Packet(Struct, frozen=True, kw_only=True):
    """Target, protocol and payload of an outgoing packet."""

    address: str
    port: int
    protocol: str
    opens: bool
    """It begins a TCP connection, or is a datagram."""
    payload: bytes = b""
    """Content of a datagram; empty for TCP."""

    @property
    def is_question(self) -> bool:
        """Whether it is a query to a name server."""
        is_dns = self.port == DNS_PORT or self.address == ENGINES_DNS
        return self.protocol == "udp" and is_dns


def read_packet(data: bytes) -> Packet | None:
    """Parses an IP packet; None for protocols other than TCP and UDP, and for truncated data."""
    try:
        return _read(data)
    except (struct.error, IndexError, ValueError):
        return None


def connection_of(
    packet: Packet, networks: Iterable[IPv4Network | IPv6Network]
) -> Connection | None:
    """The connection that the packet opens; None if it opens none or stays in the container."""
    address = ip_address(packet.address)
    if not packet.opens or address.is_loopback or address.is_multicast:
        return None
    return Connection(
        address=packet.address,
        port=packet.port,
        protocol=packet.protocol,
        is_outside=not any(address in network for network in networks),
    )


# Private


def _read(data: bytes) -> Packet | None:
    version = data[0] >> 4
    if version == _V4:
        at, protocol, address = (data[0] & 0x0F) * 4, data[9], data[16:20]
    elif version == _V6:
        at, protocol, address = _V6_HEADER, data[6], data[24:40]
    else:
        return None
    target = str(ip_address(address))
    _, port = struct.unpack_from("!HH", data, at)
    if protocol == TCP:
        flags = data[at + 13]
        opens = bool(flags & _SYN) and not flags & _ACK
        return Packet(address=target, port=port, protocol="tcp", opens=opens)
    if protocol == UDP:
        payload = data[at + _UDP_HEADER :]
        return Packet(address=target, port=port, protocol="udp", opens=True, payload=payload)
    return None
