"""Sends HTTP requests directly to the container engine, for requests that must be quick.

One list of a stack's containers costs about 1 ms this way; importing the Docker SDK alone costs
some 200 ms, which the reaper and every warm run would pay. `client` lists which requests use the
socket and which the SDK, `connection` has the engine's address.
"""

import contextlib
import http.client
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import IO, TypeVar
from urllib.parse import quote, urlencode

from msgspec import Struct

from stacktest.adapters.engine.connection import Connection
from stacktest.adapters.engine.unreachable import no_answer, wrong_interface
from stacktest.core.json_data import Json
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError

T = TypeVar("T")

FRAME = struct.Struct(">BxxxL")
"""The header of a frame of output: the stream, and the number of bytes that follow."""
OUT, ERR = 1, 2
CONNECT = 10.0
"""Seconds to wait for a connection."""


_DATES_VOLUMES = 23
"""The first version of Docker that does."""


class Reply(Struct, frozen=True, kw_only=True):
    """A response of the engine: its status and its body."""

    status: int
    body: bytes
    server: str = ""
    """The `Server` header: the engine's name and version."""

    @property
    def is_podman(self) -> bool:
        """Whether the engine is Podman, whose documents differ from Docker's in places."""
        return self.server.startswith("Libpod/")

    @property
    def dates_volumes(self) -> bool:
        """Whether `CreatedAt` of a volume is when it was created.

        Docker before 23 gives the time of the last change of its folder.
        """
        version = self.server.removeprefix("Docker/").partition(".")[0]
        return self.is_podman or (version.isdecimal() and int(version) >= _DATES_VOLUMES)

    @property
    def ok(self) -> bool:
        """Whether the request succeeded; 304 means that the state was reached already."""
        return self.status < http.HTTPStatus.BAD_REQUEST

    @property
    def data(self) -> Json:
        """The body as JSON, or as text if it is not JSON."""
        return _decode(self.body)

    @property
    def message(self) -> str:
        """The engine's message about a refusal."""
        data = self.data
        return str(data.get("message", "")) if isinstance(data, dict) else str(data)


class EngineSocket:
    """Requests to one engine; each opens its own connection, so threads may share the object."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Json] | None = None,
        document: Json = None,
        *,
        timeout: float = 300.0,
    ) -> Reply:
        """The engine's response; filters and other structures in `query` are sent as JSON."""
        headers, body = {"Host": "engine"}, None
        if document is not None:
            headers["Content-Type"], body = "application/json", json.dumps(document)
        with self._exchange(self._connect(timeout)) as connection:
            connection.request(method, _target(path, query), body, headers)
            answer = connection.getresponse()
            reply = Reply(
                status=answer.status, body=answer.read(), server=answer.getheader("Server") or ""
            )
        version = answer.getheader("Api-Version") or ""
        if refusal := wrong_interface(self.connection, reply.status, reply.body, version):
            raise refusal
        return reply

    def ask(self, path: str, query: Mapping[str, Json] | None = None) -> Reply:
        """The response to a GET request; ToolMissingError with the engine's message: a refusal."""
        return self._granted("GET", path, query)

    def get(self, path: str, query: Mapping[str, Json] | None = None) -> Json:
        """The document at `path`; a refusal raises as in `ask`."""
        return self.ask(path, query).data

    def post(self, path: str, document: Json, *, timeout: float = 300.0) -> Reply:
        """The response to a POST request with a document; a refusal raises as in `ask`."""
        return self._granted("POST", path, document=document, timeout=timeout)

    def talk(self, path: str, document: Json, data: bytes) -> bytes:
        """Post a document, write `data` to the command that it starts; return the whole output."""
        headers = {
            "Host": "engine",
            "Content-Type": "application/json",
            "Connection": "Upgrade",
            "Upgrade": "tcp",
        }
        with self._exchange(self._two_way()) as connection:
            connection.request("POST", path, json.dumps(document), headers)
            answer = connection.getresponse()
            if answer.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
                reply = Reply(status=answer.status, body=answer.read())
                raise self._refusal(reply, "POST", path)
            # Written in a thread: the command may write much output before it has read all input.
            threading.Thread(
                target=_write_all,
                args=(connection.sock, data),
                name="stacktest-input",
                daemon=True,
            ).start()
            return answer.fp.read()

    def stream(self, path: str, query: Mapping[str, Json] | None = None) -> "Lines":
        """An open stream of JSON documents, one per line."""
        connection = self._connect(None)
        try:
            connection.request("GET", _target(path, query), headers={"Host": "engine"})
            return Lines(connection, connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise no_answer(self.connection, error) from error

    def read(
        self,
        path: str,
        query: Mapping[str, Json],
        reader: Callable[[IO[bytes]], T],
    ) -> T | Unknown:
        """The result of `reader` for a response that may not fit in memory; Unknown: a refusal."""
        with self._exchange(self._connect(300.0)) as connection:
            connection.request("GET", _target(path, query), headers={"Host": "engine"})
            answer = connection.getresponse()
            if answer.status >= http.HTTPStatus.BAD_REQUEST:
                return Unknown(Reply(status=answer.status, body=answer.read()).message)
            return reader(answer)

    @contextlib.contextmanager
    def _exchange(
        self, connection: http.client.HTTPConnection
    ) -> Iterator[http.client.HTTPConnection]:
        """The connection for one question, closed at its end."""
        try:
            yield connection
        except (OSError, http.client.HTTPException) as error:
            raise no_answer(self.connection, error) from error
        finally:
            connection.close()

    def _granted(
        self,
        method: str,
        path: str,
        query: Mapping[str, Json] | None = None,
        document: Json = None,
        timeout: float = 300.0,
    ) -> Reply:
        reply = self.call(method, path, query, document, timeout=timeout)
        if not reply.ok:
            raise self._refusal(reply, method, path)
        return reply

    def _refusal(self, reply: Reply, method: str, path: str) -> ToolMissingError:
        return ToolMissingError(
            f"the container engine refused: {reply.message}",
            where=f"{method} {path} at {self.connection.address}",
            hint="stacktest doctor",
        )

    def _connect(self, timeout: float | None) -> http.client.HTTPConnection:
        """An open connection; `timeout` is the number of seconds without a byte of the engine."""
        connection = self._way()
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise no_answer(self.connection, error) from error
        connection.sock.settimeout(timeout)
        return connection

    def _two_way(self) -> http.client.HTTPConnection:
        """An open connection that can be closed in one direction only, also with TLS."""
        context = self.connection.tls_context()
        if context is None:
            return self._connect(300.0)
        from stacktest.adapters.engine.tls_relay import relayed, secured

        host, port = self.connection.tcp_address()
        connection = http.client.HTTPConnection(host, port, timeout=CONNECT)
        try:
            connection.connect()
            connection.sock = relayed(secured(connection.sock, context, host))
        except OSError as error:
            connection.close()
            raise no_answer(self.connection, error) from error
        return connection

    def _way(self) -> http.client.HTTPConnection:
        if (path := self.connection.socket_file()) is not None:
            return _UnixConnection(path, CONNECT)
        host, port = self.connection.tcp_address()
        if context := self.connection.tls_context():
            return http.client.HTTPSConnection(host, port, timeout=CONNECT, context=context)
        return http.client.HTTPConnection(host, port, timeout=CONNECT)


class Lines:
    """An open stream of JSON documents; `close` may be called from another thread."""

    def __init__(
        self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse
    ) -> None:
        self._connection = connection
        self._answer = answer
        self._socket = connection.sock

    def __iter__(self) -> Iterator[Json]:
        """Documents until the engine or `close` ends the stream."""
        try:
            while line := self._answer.readline():
                if line.strip():
                    yield json.loads(line)
        except (OSError, ValueError, RecursionError, AttributeError, http.client.HTTPException):
            # Closed by another thread or by the engine during the read: the stream has ended.
            return

    def close(self) -> None:
        """End the stream, also for a thread that is reading it."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._connection.close()


def split_streams(framed: bytes) -> Mapping[int, bytearray]:
    """Stream → all bytes that were written to it."""
    streams = {OUT: bytearray(), ERR: bytearray()}
    at = 0
    while at + FRAME.size <= len(framed):
        stream, size = FRAME.unpack_from(framed, at)
        at += FRAME.size
        streams.setdefault(stream, bytearray()).extend(framed[at : at + size])
        at += size
    return streams


# Private


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("engine", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _write_all(connection: socket.socket, data: bytes) -> None:
    # The command may end before it has read all input: its output so far is the result.
    with contextlib.suppress(OSError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def _target(path: str, query: Mapping[str, Json] | None) -> str:
    # Without a version in the path, every engine uses its newest interface.
    if not query:
        return quote(path, safe="/:@", errors="surrogatepass")
    flat = {
        name: json.dumps(value) if isinstance(value, dict | list) else str(value)
        for name, value in query.items()
    }
    return f"{quote(path, safe='/:@', errors='surrogatepass')}?{urlencode(flat)}"


def _decode(body: bytes) -> Json:
    try:
        return json.loads(body) if body.strip() else None
    except (ValueError, RecursionError):
        return body.decode(errors="replace").strip()
