"""TLS connections to an engine that can be closed in one direction only.

A command in a container still writes output after its input was closed. Python's own TLS sockets
cannot close one direction without losing bytes that arrive later, so a thread owns the connection
here, and callers get a plain socket. The Docker SDK gets a socket file for such connections.
"""

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from stacktest.adapters.temporary import make_folder

CHUNK = 65536

_FILES: dict[object, str] = {}
_LOCK = threading.Lock()


@dataclass(kw_only=True, slots=True)
class SecureConnection:
    """TLS over a connected socket, by memory buffers for incoming and outgoing bytes."""

    wire: socket.socket
    tls: ssl.SSLObject
    incoming: ssl.MemoryBIO = field(repr=False)
    outgoing: ssl.MemoryBIO = field(repr=False)


def secured(wire: socket.socket, context: ssl.SSLContext, host: str) -> SecureConnection:
    """The TLS connection over `wire`, with the certificate verified for `host`; OSError if not."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host)
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            wire.sendall(outgoing.read())
            incoming.write(_some(wire))
        else:
            wire.sendall(outgoing.read())
            return SecureConnection(wire=wire, tls=tls, incoming=incoming, outgoing=outgoing)


def relayed(secure: SecureConnection) -> socket.socket:
    """A plain socket for the connection; a thread owns the connection from now on."""
    near, far = socket.socketpair()
    _start(_Pump(far, secure).run)
    return near


def socket_file_to(key: object, connect: Callable[[], SecureConnection]) -> str:
    """A local socket file, one for each `key`; its connections are relayed to `connect()`."""
    with _LOCK:
        if key not in _FILES:
            path = str(make_folder("engine") / "engine.sock")
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(path)
            listener.listen()
            _start(lambda: _accept(listener, connect))
            _FILES[key] = path
        return _FILES[key]


# Private


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="stacktest-engine-tls", daemon=True).start()


def _some(wire: socket.socket) -> bytes:
    if data := wire.recv(CHUNK):
        return data
    raise ConnectionResetError("the engine ended the connection")


def _accept(listener: socket.socket, connect: Callable[[], SecureConnection]) -> None:
    while True:
        near, _ = listener.accept()
        try:
            secure = connect()
        except OSError:
            # The client sees a closed connection; the earlier request by `socket` reports why.
            near.close()
            continue
        _start(_Pump(near, secure).run)


class _Pump:
    """Moves bytes in both directions until the engine has closed its direction."""

    def __init__(self, plain: socket.socket, secure: SecureConnection) -> None:
        self._plain, self._secure, self._wire = plain, secure, secure.wire
        self._to_wire, self._to_plain = bytearray(), bytearray()
        self._plain_ended = self._wire_ended = False

    def run(self) -> None:
        with self._plain, self._wire, contextlib.suppress(OSError):
            self._plain.settimeout(0)
            self._wire.settimeout(0)
            self._decrypt(b"")
            while not self._wire_ended or self._to_plain:
                self._send()
                self._wait()
                self._receive()

    def _wait(self) -> None:
        """Wait until one of the sockets can be read or written."""
        reads_plain = not self._plain_ended and not self._to_wire
        reads_wire = not self._wire_ended and not self._to_plain
        with selectors.DefaultSelector() as selector:
            for end, reads, data in (
                (self._plain, reads_plain, self._to_plain),
                (self._wire, reads_wire, self._to_wire),
            ):
                wanted = selectors.EVENT_READ * reads | selectors.EVENT_WRITE * bool(data)
                if wanted:
                    selector.register(end, wanted)
            if selector.get_map():
                selector.select()

    def _send(self) -> None:
        for end, data in ((self._wire, self._to_wire), (self._plain, self._to_plain)):
            with contextlib.suppress(BlockingIOError):
                while data:
                    del data[: end.send(data)]

    def _receive(self) -> None:
        if not self._plain_ended and not self._to_wire:
            with contextlib.suppress(BlockingIOError):
                self._encrypt(self._plain.recv(CHUNK))
        if not self._wire_ended and not self._to_plain:
            with contextlib.suppress(BlockingIOError):
                data = self._wire.recv(CHUNK)
                self._wire_ended = not data
                self._decrypt(data)

    def _encrypt(self, data: bytes) -> None:
        """Encrypt data for the engine; no data closes this direction.

        At that time no received bytes are waiting, which `unwrap` would lose.
        """
        if data:
            self._secure.tls.write(data)
        else:
            self._plain_ended = True
            with contextlib.suppress(ssl.SSLWantReadError):
                self._secure.tls.unwrap()
        self._to_wire += self._secure.outgoing.read()

    def _decrypt(self, data: bytes) -> None:
        self._secure.incoming.write(data)
        try:
            while more := self._secure.tls.read(CHUNK):
                self._to_plain += more
        except ssl.SSLWantReadError:
            return
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            # After this side has closed, the engine's close is an error: pass on earlier bytes.
            pass
        self._wire_ended = True
