"""Forwards a loopback port to a port in a container, and reports when the service answers.

Drivers (psycopg, redis, ldap3 …) open their own sockets, so contact with a service is only visible
in a forward. An accepted connection is not an answer; the first byte from the service is.
"""

import contextlib
import functools
import socket
import threading
from collections.abc import Callable

from stacktest.adapters.network.connect import Connect, Stream


class PortForward:
    """Forwards connections until closed; `on_answer` is called whenever the service sends bytes."""

    def __init__(self, connect: Connect, port: int, on_answer: Callable[[], None]) -> None:
        self._connect, self._port, self._on_answer = connect, port, on_answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[_Pair] = set()
        self._lock = threading.Lock()
        self._closed = False
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._thread = _thread(self._accept)

    def close(self) -> None:
        """Close the port and all open connections. A second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            pairs = list(self._open)
        # `close` alone would not end the blocked `accept` of the other thread.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for pair in pairs:
            pair.close()
        self._thread.join(5)

    # Private

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            _thread(functools.partial(self._forward, client))

    def _forward(self, client: socket.socket) -> None:
        try:
            stream = self._connect(self._port)
        except OSError:
            # The service does not listen; the client sees a connection that ends without a byte.
            client.close()
            return
        pair = _Pair(client, stream)
        with self._lock:
            is_late = self._closed
            self._open.add(pair)
        if is_late:
            pair.close()
            return
        there = _thread(pair.there)
        pair.back(self._on_answer)
        pair.close()
        there.join(5)
        with self._lock:
            self._open.discard(pair)


class _Pair:
    def __init__(self, client: socket.socket, stream: Stream) -> None:
        self._client, self._stream = client, stream

    def there(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._client.recv(65536):
                self._stream.send(data)
        with contextlib.suppress(OSError):
            # The other direction may have closed both meanwhile.
            self._stream.end()

    def back(self, on_answer: Callable[[], None]) -> None:
        with contextlib.suppress(OSError):
            while data := self._stream.recv():
                # Each time: a connection may outlive the test that opened it.
                on_answer()
                self._client.sendall(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)
        self._client.close()
        self._stream.close()


# Private


def _thread(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name="stacktest-forward", daemon=True)
    thread.start()
    return thread
