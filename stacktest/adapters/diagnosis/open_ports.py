"""The ports on which a container's programs listen, from the kernel's tables."""

import ipaddress
import re
from collections.abc import Iterator

from msgspec import Struct

from stacktest.adapters.engine.port import EnginePort
from stacktest.errors import ToolMissingError

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


class Listening(Struct, frozen=True, kw_only=True):
    """The listening ports of one network namespace."""

    for_others: frozenset[int]
    for_itself: frozenset[int]
    """Ports that only a loopback address listens on."""


def listening_ports(engine: EnginePort, container: str) -> Listening | None:
    """The listening ports of a running container; None if it has no `cat`, or has ended."""
    try:
        _, text, _ = engine.execute(container, ["cat", *TABLES])
    except ToolMissingError:
        return None
    return read_table(text) if "local_address" in text else None


def has_open_port(engine: EnginePort, container: str) -> bool | None:
    """Whether others can reach a TCP or UDP port of the container; None where that is not known."""
    try:
        _, text, _ = engine.execute(container, ["cat", *TABLES, *_DATAGRAMS])
    except ToolMissingError:
        return None
    sockets = _sockets(text, {_LISTENS, _WAITS})
    return any(not a.is_loopback for a, _ in sockets) if "local_address" in text else None


def read_table(text: str) -> Listening:
    """The listening ports of `/proc/net/tcp` and `tcp6`."""
    wide: set[int] = set()
    loopback: set[int] = set()
    for address, port in _sockets(text, {_LISTENS}):
        if address in _ENGINE_DNS:
            continue
        (loopback if address.is_loopback else wide).add(port)
    return Listening(for_others=frozenset(wide), for_itself=frozenset(loopback - wide))


# Private

_DATAGRAMS = ("/proc/net/udp", "/proc/net/udp6")
_LISTENS, _WAITS = "0A", "07"
"""The states of a TCP socket that listens and of a UDP socket."""
_ROW = re.compile(
    r"^\s*\d+: (?P<address>[0-9A-F]{8}|[0-9A-F]{32}):(?P<port>[0-9A-F]{4}) \S+ (\w\w) "
)
_ENGINE_DNS = frozenset({ipaddress.ip_address("127.0.0.11")})
"""The address of the engine's name server in the container."""


def _sockets(
    text: str, states: set[str]
) -> Iterator[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]]:
    for line in text.splitlines():
        match = _ROW.match(line)
        if match and match[3] in states:
            yield _address(match["address"]), int(match["port"], 16)


def _address(digits: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address of a row: the kernel prints each four bytes in the machine's byte order."""
    raw = bytes.fromhex(digits)
    words = (raw[start : start + 4][::-1] for start in range(0, len(raw), 4))
    address = ipaddress.ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
