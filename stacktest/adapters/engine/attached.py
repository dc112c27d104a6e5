"""A command in a container with open input and output, by the Docker SDK."""

import contextlib
import socket
from collections.abc import Sequence
from typing import Any

from stacktest.adapters.engine.connection import Connection
from stacktest.adapters.engine.socket import FRAME, OUT


class Attached:
    """A running command's input and output; the SDK's connection is open as long as this object.

    The SDK loses bytes that arrive together with the headers of the engine's response, so the
    command has to wait for a first line of input before it writes.
    """

    def __init__(self, connection: Connection, container: str, argv: Sequence[str]) -> None:
        self._client = connection.sdk()
        command = self._client.exec_create(container, list(argv), stdin=True)
        self._stream = self._client.exec_start(command["Id"], socket=True)
        self._socket: Any = getattr(self._stream, "_sock", self._stream)
        self._socket.settimeout(None)

    def recv(self) -> bytes:
        """The next bytes of the command's standard output, or no bytes at its end."""
        while header := self._exactly(FRAME.size):
            stream, size = FRAME.unpack(header)
            data = self._exactly(size)
            if stream == OUT:
                return data
        return b""

    def send(self, data: bytes) -> None:
        """Write to the command's standard input."""
        self._socket.sendall(data)

    def end_input(self) -> None:
        """Close the command's standard input."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close both directions; a thread that is blocked in `recv` returns."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._stream.close()
        self._socket.close()
        self._client.close()

    # Private

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                return b""
            data += more
        return data
