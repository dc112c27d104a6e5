"""Small stacks, certificates and servers for the tests of routes, names and trust."""

import base64
import datetime as dt
import hashlib
import http.server
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stacktest.adapters.names import NameMap
from stacktest.core.model import Mount, Port, Service, Stack

HTTPS = (Port(target=443, published=9443),)
DAY = dt.timedelta(days=1)
HOST = "app.stack.local"


@pytest.fixture
def make_stack(tmp_path: Path) -> Callable[..., Stack]:
    """A stack in `tmp_path` with the named services; the first is the front door."""

    def make(
        *names: str,
        ports: list[Port] | tuple[Port, ...] = HTTPS,
        mounts: Sequence[tuple[Path, str]] = (),
        environment: dict[str, str] | None = None,
        **services: Service,
    ) -> Stack:
        door, *others = names
        known = {name: Service(name=name) for name in others}
        known[door] = Service(
            name=door,
            ports=tuple(ports),
            mounts=tuple(
                Mount(kind="bind", source=str(source), target=target) for source, target in mounts
            ),
            environment=environment or {},
        )
        known.update({name.replace("_", "-"): service for name, service in services.items()})
        return Stack(name="t", root=tmp_path, services=known, domain="stack.local", front_door=door)

    return make


class _Answer(http.server.BaseHTTPRequestHandler):
    """Answers every request with what it was asked: host, path, method, body."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket":
            self._greet()
            return
        status = (
            int(self.path.removeprefix("/status/")) if self.path.startswith("/status/") else 200
        )
        if self.path.startswith("/redirect/"):
            status = 302
        length = int(self.headers.get("Content-Length", "0"))
        sent = self.rfile.read(length).decode()
        body = f"{self.command} {self.headers['Host']} {self.path} {sent}".rstrip().encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        if status == http.HTTPStatus.FOUND:
            self.send_header("Location", self.path.removeprefix("/redirect"))
        if self.path.startswith("/cached/"):
            self.send_header("Cache-Control", "max-age=1000")
        self.end_headers()
        if self.path != "/endless":
            self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that the server calls

    def _greet(self) -> None:
        """Become a WebSocket, send one message, and go."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        digest = hashlib.sha1(key.encode(), usedforsecurity=False).digest()
        self.send_response(http.HTTPStatus.SWITCHING_PROTOCOLS)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        self.wfile.write(b"\x81\x05hello")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = True
    allow_reuse_address = True
    context: ssl.SSLContext | None = None
    delay = 0.0

    def get_request(self) -> tuple[socket, tuple[str, int]]:
        connection, address = super().get_request()
        connection.settimeout(5)
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        # In the connection's own thread: one slow handshake must not hold up the next.
        try:
            # A server that takes its time: what is tested happens meanwhile.
            time.sleep(self.delay)
            if self.context is not None:
                request = self.context.wrap_socket(request, server_side=True)
            with request:
                super().finish_request(request, client_address)
        except OSError:
            request.close()  # The client refused the certificate: just what is tested here.

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., int]]:
    """Start a server (TLS with a context, else plain) that lives as long as the session; its port."""
    running: list[_Server] = []

    def start(context: ssl.SSLContext | None = None, delay: float = 0.0) -> int:
        server = _Server(("127.0.0.1", 0), _Answer)
        server.context, server.delay = context, delay
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        running.append(server)
        return server.server_address[1]

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Pki:
    """A private CA on disk, and the ports of servers with one kind of certificate each."""

    ca: Path
    other_ca: Path
    ports: dict[str, int]
    leaf: trustme.LeafCert

    def names(self, kind: str = "good", **options: Any) -> NameMap:
        """Names that lead to the server with this kind of certificate."""
        address = ("127.0.0.1", self.ports[kind])
        return NameMap(hosts=(HOST,), domain="stack.local", doors={443: address}, **options)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., int]) -> Pki:
    """One server per kind: good, unknown_ca, wrong_name, expired, not_yet_valid, self_signed."""
    folder = tmp_path_factory.mktemp("pki")
    ca, other = trustme.CA(), trustme.CA()
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - certificates are judged by the real clock
    leaves = {
        "good": ca.issue_cert(HOST, "*.stack.local", "stack.local", common_name="*.stack.local"),
        "unknown_ca": other.issue_cert(HOST),
        "wrong_name": ca.issue_cert("other.example"),
        "expired": ca.issue_cert(HOST, not_before=now - 30 * DAY, not_after=now - DAY),
        "not_yet_valid": ca.issue_cert(HOST, not_before=now + DAY, not_after=now + 30 * DAY),
    }
    ports = {}
    for kind, leaf in leaves.items():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        leaf.configure_cert(context)
        ports[kind] = serve(context)
    slow = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaves["good"].configure_cert(slow)
    ports["slow"] = serve(slow, delay=2.0)
    ports["self_signed"] = serve(_self_signed(folder, now))
    ca.cert_pem.write_to_path(str(folder / "ca.crt"))
    other.cert_pem.write_to_path(str(folder / "other.crt"))
    return Pki(
        ca=folder / "ca.crt", other_ca=folder / "other.crt", ports=ports, leaf=leaves["good"]
    )


BAD = ("unknown_ca", "wrong_name", "expired", "not_yet_valid", "self_signed")


def _self_signed(folder: Path, now: dt.datetime) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - DAY).not_valid_after(now + 30 * DAY)
    certificate = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False
    ).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    both = folder / "self.pem"
    both.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)
    return context
