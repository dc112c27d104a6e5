"""Whether a socket is one of the kernel's, and leads where it should: mocks of sockets are not.

Some libraries fake HTTP below every client: they take the place of `socket.socket` or of
`socket.create_connection`. What such a socket brings never crossed a wire.
"""

import _socket
import contextlib
import struct
from ipaddress import ip_address
from typing import Any

from stacktest.adapters.names.resolver import Address

_peer_of = _socket.socket.getpeername
"""Of the class below all that Python calls a socket: what takes their place is none of it."""
_BYTES_RECEIVED = 128
"""Where Linux has it in `struct tcp_info`, as 64 bits."""


def leads_to(connection: object, address: Address) -> bool:
    """Whether the kernel itself connects this socket to an address."""
    # asyncio hands its sockets out in a wrapper.
    own: Any = getattr(connection, "_sock", connection)
    try:
        host, port = _peer_of(own)[:2]
    except (TypeError, ValueError, OSError):
        return False
    if port != address[1]:
        return False
    with contextlib.suppress(ValueError):
        return ip_address(host.partition("%")[0]) == ip_address(address[0])
    # A name of the engine's host was looked up by the system.
    return True


def has_received(connection: _socket.socket) -> bool:
    """Whether a byte came over this TCP connection, whoever read it."""
    option = getattr(_socket, "TCP_INFO", None)
    if option is None:
        return True
    state = connection.getsockopt(_socket.IPPROTO_TCP, option, _BYTES_RECEIVED + 8)
    return len(state) <= _BYTES_RECEIVED or struct.unpack_from("Q", state, _BYTES_RECEIVED)[0] > 0
