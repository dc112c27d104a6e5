"""Whether a socket is a real kernel socket, not a mock, and is connected to the expected address.

Some libraries fake HTTP below every client: they replace `socket.socket` or
`socket.create_connection`. The bytes of such a socket were never sent by a server.
"""

import _socket
import contextlib
import struct
from ipaddress import ip_address
from typing import Any

from stacktest.adapters.names.resolver import Address

_peer_of = _socket.socket.getpeername
"""The method of the C base class of every socket: it raises a TypeError for a mock."""
_BYTES_RECEIVED = 128
"""Offset of `tcpi_bytes_received` (64 bits) in Linux's `struct tcp_info`."""


def leads_to(connection: object, address: Address) -> bool:
    """Whether the kernel has this socket connected to an address."""
    # asyncio wraps the sockets that it returns.
    own: Any = getattr(connection, "_sock", connection)
    try:
        host, port = _peer_of(own)[:2]
    except (TypeError, ValueError, OSError):
        return False
    if port != address[1]:
        return False
    with contextlib.suppress(ValueError):
        return ip_address(host.partition("%")[0]) == ip_address(address[0])
    # The address is a host name (of the engine's host), which the system looked up.
    return True


def has_received(connection: _socket.socket) -> bool:
    """Whether a byte was received on this TCP connection, by any reader of it."""
    option = getattr(_socket, "TCP_INFO", None)
    if option is None:
        return True
    state = connection.getsockopt(_socket.IPPROTO_TCP, option, _BYTES_RECEIVED + 8)
    return len(state) <= _BYTES_RECEIVED or struct.unpack_from("Q", state, _BYTES_RECEIVED)[0] > 0
