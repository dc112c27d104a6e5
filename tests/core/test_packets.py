import socket
import struct
from ipaddress import ip_network

import pytest

from stacktest.core.packets import Connection, Packet, connection_of, read_packet

OWN = (ip_network("172.20.0.0/16"),)


def ipv4(target: str, protocol: int, rest: bytes, options: bytes = b"") -> bytes:
    words = 5 + len(options) // 4
    header = struct.pack("!BBHHHBBH", 0x40 | words, 0, 0, 0, 0, 64, protocol, 0)
    return header + socket.inet_aton("172.20.0.2") + socket.inet_aton(target) + options + rest


def tcp(port: int, flags: int) -> bytes:
    return struct.pack("!HHIIBBHHH", 40000, port, 0, 0, 0x50, flags, 0, 0, 0)


def udp(port: int, payload: bytes = b"") -> bytes:
    return struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload


@pytest.mark.parametrize(
    ("data", "packet"),
    [
        (ipv4("8.8.8.8", 6, tcp(443, 0x02)), ("8.8.8.8", 443, "tcp", True)),
        (ipv4("8.8.8.8", 6, tcp(443, 0x12)), ("8.8.8.8", 443, "tcp", False)),
        (ipv4("8.8.8.8", 6, tcp(443, 0x10)), ("8.8.8.8", 443, "tcp", False)),
        (ipv4("8.8.8.8", 6, tcp(443, 0x02), b"\1\1\1\1"), ("8.8.8.8", 443, "tcp", True)),
        (ipv4("8.8.8.8", 17, udp(123)), ("8.8.8.8", 123, "udp", True)),
    ],
)
def test_where_a_packet_goes(data: bytes, packet: tuple[str, int, str, bool]) -> None:
    read = read_packet(data)
    assert read is not None
    assert (read.address, read.port, read.protocol, read.opens) == packet


def test_ipv6() -> None:
    target = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    header = struct.pack("!IHBB", 0x60000000, 20, 6, 64) + bytes(16) + target
    read = read_packet(header + tcp(443, 0x02))
    assert read is not None
    assert (read.address, read.port) == ("2001:db8::1", 443)


@pytest.mark.parametrize(
    "data", [b"", b"\x45", ipv4("8.8.8.8", 1, b"ping"), b"\x00" * 40, ipv4("8.8.8.8", 6, b"")]
)
def test_what_is_something_else_is_left_out(data: bytes) -> None:
    assert read_packet(data) is None


def opened(address: str, *, opens: bool = True) -> Connection | None:
    packet = Packet(address=address, port=443, protocol="tcp", opens=opens)
    return connection_of(packet, OWN)


def test_what_counts_as_leaving() -> None:
    beside, outside = opened("172.20.0.3"), opened("172.21.0.3")
    assert beside is not None
    assert outside is not None
    assert not beside.is_outside
    assert outside.is_outside
    assert opened("127.0.0.1") is None
    assert opened("224.0.0.1") is None
    assert opened("172.21.0.3", opens=False) is None


def test_questions_to_name_servers() -> None:
    def asks(address: str, port: int, protocol: str = "udp") -> bool:
        return Packet(address=address, port=port, protocol=protocol, opens=True).is_question

    assert asks("8.8.8.8", 53)
    assert asks("127.0.0.11", 41234), "Docker rewrites the port of its own name server"
    assert not asks("8.8.8.8", 123)
    assert not asks("8.8.8.8", 53, "tcp")
