"""A connection with TLS whose directions end one by one."""

import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from stacktest.adapters.engine.tls_relay import (
    SecureConnection,
    relayed,
    secured,
    socket_file_to,
)

SIZE = 3 * 2**20
GREET = b"greet me first"


@pytest.fixture
def connect() -> Iterator[Callable[[], SecureConnection]]:
    """Connections to a server that answers with all that it got, once its input has ended."""
    ca = trustme.CA()
    server, client = (ssl.SSLContext(p) for p in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
    ca.issue_cert("localhost").configure_cert(server)
    ca.configure_trust(client)
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(plain: socket.socket) -> None:
        with suppress(OSError), server.wrap_socket(plain, server_side=True) as secure:
            data = secure.recv(65536)
            if data == GREET:
                secure.sendall(GREET)
            data += b"".join(iter(lambda: secure.recv(65536), b""))
            secure.sendall(data)

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                threading.Thread(target=answer, args=(plain,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    address = listener.getsockname()
    yield lambda: secured(socket.create_connection(address), client, "localhost")
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def echoed(near: socket.socket, data: bytes) -> bytes:
    near.settimeout(20)

    def write() -> None:
        near.sendall(data)
        near.shutdown(socket.SHUT_WR)

    threading.Thread(target=write, daemon=True).start()
    return b"".join(iter(lambda: near.recv(65536), b""))


@pytest.mark.parametrize("size", [0, 5, SIZE])
def test_an_answer_comes_after_the_input_has_ended(
    connect: Callable[[], SecureConnection], size: int
) -> None:
    data = b"x" * size
    with relayed(connect()) as near:
        assert echoed(near, data) == data


def test_an_answer_that_is_there_already_is_not_lost(
    connect: Callable[[], SecureConnection],
) -> None:
    """One that begins before our input has ended, as a command's own words do."""
    with relayed(connect()) as near:
        near.sendall(GREET)
        assert near.recv(100) == GREET
        assert echoed(near, b"more") == GREET + b"more"


def test_an_answer_and_its_end_that_come_in_one_piece_are_both_passed_on() -> None:
    ca, (wire, far) = trustme.CA(), socket.socketpair()
    server, client = (ssl.SSLContext(p) for p in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
    ca.issue_cert("localhost").configure_cert(server)
    ca.configure_trust(client)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = server.wrap_bio(incoming, outgoing, server_side=True)

    def until(step: Callable[[], object]) -> None:
        while True:
            try:
                step()
            except ssl.SSLWantReadError:
                far.sendall(outgoing.read())
                incoming.write(far.recv(65536))
            else:
                return

    def answer_at_the_end() -> None:
        until(tls.do_handshake)
        until(lambda: [*iter(lambda: tls.read(100), b"")])
        tls.write(b"the answer")
        with suppress(ssl.SSLError):
            tls.unwrap()
        far.sendall(outgoing.read())

    serving = threading.Thread(target=answer_at_the_end)
    serving.start()
    with far, relayed(secured(wire, client, "localhost")) as near:
        assert echoed(near, b"question") == b"the answer"
        serving.join()


def test_who_cannot_prove_to_be_the_host_is_refused(
    connect: Callable[[], SecureConnection],
) -> None:
    wire = connect().wire
    with socket.create_connection(wire.getpeername()) as other:
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            secured(other, context, "localhost")
    wire.close()


def test_a_socket_file_leads_there_for_each_connection(
    connect: Callable[[], SecureConnection],
) -> None:
    path = socket_file_to("test", connect)
    assert socket_file_to("test", connect) == path
    for word in (b"one", b"two"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as near:
            near.connect(path)
            assert echoed(near, word) == word
    shutil.rmtree(Path(path).parent)
