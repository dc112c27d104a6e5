"""Connections to an engine with TLS whose two directions end one by one.

A command in a container whose input has ended goes on to answer. Python's own TLS sockets cannot
end one direction without losing what arrives then, so here a thread has the connection, and what
everybody else has is a plain socket. The Docker SDK gets a socket file that leads to such ones.
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
    """TLS over a connected socket, without a socket of its own: what comes and what goes."""

    wire: socket.socket
    tls: ssl.SSLObject
    incoming: ssl.MemoryBIO = field(repr=False)
    outgoing: ssl.MemoryBIO = field(repr=False)


def secured(wire: socket.socket, context: ssl.SSLContext, host: str) -> SecureConnection:
    """TLS with whoever is at the other end, who has to prove to be `host`; an OSError if not."""
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
    """A plain socket for the connection, which belongs to a thread from now on."""
    near, far = socket.socketpair()
    _start(_Pump(far, secure).run)
    return near


def socket_file_to(key: object, connect: Callable[[], SecureConnection]) -> str:
    """A socket file here; a connection to it is one that `connect` makes. One for each `key`."""
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
            # Whoever asks sees a connection that ends; `socket` asks first, and says why.
            near.close()
            continue
        _start(_Pump(near, secure).run)


class _Pump:
    """Moves bytes both ways until both have ended."""

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
        """Until one of them can go on."""
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
        """No data: this direction has ended. Nothing that came is waiting then, to be lost."""
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
            # Once our own end is written, theirs is an error; what came before it is passed on.
            pass
        self._wire_ended = True
