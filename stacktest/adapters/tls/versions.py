"""Tests whether a server accepts a version of TLS, by a hand-written ClientHello.

Python's own TLS refuses old versions, and its settings are not weakened for this test: the
ClientHello is written byte by byte, and no key is negotiated.
"""

import os
import socket
import struct

VERSIONS = {
    "SSLv3": 0x0300,
    "TLSv1": 0x0301,
    "TLSv1.1": 0x0302,
    "TLSv1.2": 0x0303,
    "TLSv1.3": 0x0304,
}
"""Name as in Python's `ssl` → number in the protocol; `TLSv1.0` is accepted as well."""

_HANDSHAKE, _ALERT = 22, 21
_SERVER_HELLO = 2
_LEGACY = 0x0303
_CIPHERS = (
    *(0x1301, 0x1302, 0x1303),  # TLS 1.3
    *(0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9, 0x009C, 0x009D),  # AEAD, TLS 1.2
    *(0xC009, 0xC00A, 0xC013, 0xC014, 0x0033, 0x0039, 0x002F, 0x0035, 0x000A),  # CBC, any version
)
_X25519, _P256, _P384 = 0x001D, 0x0017, 0x0018
_SIGNATURES = (0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201)
_SUPPORTED_VERSIONS = 43


def number_of(version: str) -> int | None:
    """The number of a version, or None for an unknown name."""
    return VERSIONS.get("TLSv1" if version == "TLSv1.0" else version)


def accepts(
    host: str, address: tuple[str, int], version: int, *, timeout: float = 10.0
) -> bool | None:
    """Whether the server accepts exactly this version; OSError if it cannot be reached.

    None: it closed the connection without an answer: a refusal, or no server behind the port.
    """
    with socket.create_connection(address, timeout=timeout) as connection:
        connection.sendall(_greeting(host, version))
        try:
            kind, body = _record(connection)
        except (ConnectionError, EOFError):
            return None
    if kind != _HANDSHAKE or not body or body[0] != _SERVER_HELLO:
        return False
    return _agreed(body) == version


# Private


def _greeting(host: str, version: int) -> bytes:
    body = struct.pack("!H", min(version, _LEGACY)) + os.urandom(32)
    body += bytes([32]) + os.urandom(32)
    body += _vector(b"".join(struct.pack("!H", cipher) for cipher in _CIPHERS))
    body += b"\x01\x00"
    if version > VERSIONS["SSLv3"]:
        body += _vector(_extensions(host, version))
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    first = min(version, VERSIONS["TLSv1"])
    return struct.pack("!BHH", _HANDSHAKE, first, len(message)) + message


def _extensions(host: str, version: int) -> bytes:
    groups = b"".join(struct.pack("!H", group) for group in (_X25519, _P256, _P384))
    signatures = b"".join(struct.pack("!H", scheme) for scheme in _SIGNATURES)
    rows = [
        (10, _vector(groups)),
        (11, b"\x01\x00"),
        (13, _vector(signatures)),
    ]
    if host and not host.replace(".", "").isdigit() and ":" not in host:
        name = b"\x00" + _vector(host.encode("idna"))
        rows.append((0, _vector(name)))
    if version == VERSIONS["TLSv1.3"]:
        rows.append((_SUPPORTED_VERSIONS, b"\x02" + struct.pack("!H", version)))
        key = struct.pack("!H", _X25519) + _vector(os.urandom(32))
        rows.append((51, _vector(key)))
    return b"".join(struct.pack("!H", kind) + _vector(data) for kind, data in rows)


def _vector(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


def _record(connection: socket.socket) -> tuple[int, bytes]:
    kind, _, size = struct.unpack("!BHH", _exactly(connection, 5))
    return kind, _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def _agreed(hello: bytes) -> int:
    """The version in a ServerHello: its own field, or for TLS 1.3 that of the extension."""
    (version,) = struct.unpack_from("!H", hello, 4)
    at = 4 + 2 + 32
    at += 1 + hello[at] + 2 + 1
    if at + 2 <= len(hello):
        end = at + 2 + struct.unpack_from("!H", hello, at)[0]
        at += 2
        while at + 4 <= end:
            kind, size = struct.unpack_from("!HH", hello, at)
            if kind == _SUPPORTED_VERSIONS and size == 2:  # noqa: PLR2004 - the size of a number
                return int(struct.unpack_from("!H", hello, at + 4)[0])
            at += 4 + size
    return int(version)
