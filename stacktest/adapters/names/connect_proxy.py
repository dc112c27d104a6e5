"""A local HTTP proxy that knows the stack's names: for browsers and for Playwright's requests.

It forwards bytes and never looks into TLS, so every certificate is still checked by the client for
the name that the client asked for. A name that is not the stack's is answered 403 with the reason.

No wait is endless: a request has to arrive within `PATIENCE` seconds, and a connection that carries
no byte for `IDLE` seconds is closed. Beyond `MOST` connections, a client is answered 503.
"""

import asyncio
import functools
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from stacktest.adapters.event_loop_thread import LoopThread, close_server
from stacktest.adapters.names.resolver import Address, NameMap, NoAddress
from stacktest.adapters.streams import IdleClock, close_writer, keep_task, pump

OWN_ANSWER = "Stacktest-Proxy"
"""Header of the proxy's own responses, so that they are not taken for the front door's."""
PATIENCE = 30.0
"""Seconds for a request to arrive whole, and for a connection to its server to be made."""
IDLE = 300.0
"""Seconds without a byte in either direction: longer than a slow language model's answer takes."""
MOST = 256
"""Connections that may be open at once: each takes two file descriptors of this process."""


class Read(NamedTuple):
    """One read of bytes that a server sent back."""

    at: float = 0.0
    """The time by `wall_clock`; 0 if no byte was read."""
    number: int = 0
    """The number of this read among all reads of the proxy, from 1; 0 if no byte was read."""


class ConnectProxy:
    """`CONNECT` for https and websockets, forwarding for plain http, on a free loopback port."""

    def __init__(self, names: NameMap, *, patience: float = PATIENCE, idle: float = IDLE) -> None:
        self._names, self._patience, self._idle = names, patience, idle
        self._thread: LoopThread | None = None
        self._servers: list[asyncio.Server] = []
        self._reads, self._last_reads = 0, dict[Address, Read]()
        self._refused: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def refused(self) -> Mapping[str, int]:
        """Host names that were refused so far → how often."""
        return dict(self._refused)

    @property
    def reads(self) -> int:
        """Number of reads of bytes from any server so far."""
        return self._reads

    def last_read(self, host: str, port: int) -> Read:
        """The last read of bytes from `host:port`."""
        return self._last_reads.get((host.lower(), port), Read())

    def start(self) -> str:
        """Listen, and return the URL for `proxy=`."""
        server = self._loop().call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self._servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def start_on_file(self, path: Path) -> None:
        """Listen on a socket file as well, for processes in another network namespace."""
        self._servers.append(self._loop().call(asyncio.start_unix_server(self._serve, str(path))))

    def stop(self) -> None:
        """Close the port and every connection. A second call does nothing."""
        if self._thread is None:
            return
        for server in self._servers:
            self._thread.call(close_server(server))
        self._thread.stop()
        self._thread = None
        self._servers.clear()

    # Private

    def _loop(self) -> LoopThread:
        self._thread = self._thread or LoopThread("stacktest-proxy")
        return self._thread

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._tasks) >= MOST:
                await _say(writer, 503, f"more than {MOST} connections are open")
                return
            with keep_task(self._tasks):
                await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # The client disconnected, did not speak HTTP, or took too long: no answer is possible.
            return
        finally:
            await close_writer(writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(self._patience):
            head = await reader.readuntil(b"\r\n\r\n")
        method, target = _request_line(head)
        destination = _address(method, target)
        if destination is None:
            await _say(writer, 400, f"not a request for a proxy: {method} {target}")
            return
        address = self._names.resolve(*destination)
        if isinstance(address, NoAddress):
            self._refused[destination[0]] += 1
            await _decline(writer, head, 403, address.why)
            return
        try:
            async with asyncio.timeout(self._patience):
                upstream = await asyncio.open_connection(*address)
        except (OSError, ValueError) as error:
            # A ValueError means that the host name is not one that can be looked up.
            why = getattr(error, "strerror", None) or str(error) or "no answer in time"
            await _decline(writer, head, 502, f"{address[0]}:{address[1]}: {why}")
            return
        clock = IdleClock(self._idle)
        on_data = functools.partial(self._note_read, destination, clock)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = pump(upstream[0], writer, on_data)
        else:
            upstream[1].write(_as_origin(head, target))
            back = _answer_back(upstream[0], writer, on_data)
        await _both_ways(pump(reader, upstream[1], clock.touch), back, upstream[1], clock)

    def _note_read(self, asked: Address, clock: IdleClock) -> None:
        clock.touch()
        self._reads += 1
        self._last_reads[asked[0].lower(), asked[1]] = Read(wall_clock(), self._reads)


def wall_clock() -> float:
    """Seconds since the epoch, like a browser's times, also where a test has frozen the time.

    Libraries that freeze the time replace every other clock of Python.
    """
    return time.clock_gettime(_COARSE if sys.platform == "linux" else time.CLOCK_REALTIME)


_COARSE = 5
"""Linux' `CLOCK_REALTIME_COARSE`, exact to some milliseconds."""
_REASONS = {
    400: "Bad Request",
    403: "Forbidden",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
_WORDS = 3
"""Method, target and version of a request."""
_NAVIGATION = b"\r\nupgrade-insecure-requests: 1\r\n"
"""The header that browsers send with a request whose response they will show as a page."""
_HOP_BY_HOP = (b"proxy-", b"connection:", b"keep-alive:")


def _request_line(head: bytes) -> tuple[str, str]:
    """Method and target; an empty target if the head is not an HTTP/1 request."""
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(words) != _WORDS or not words[2].startswith("HTTP/1."):
        return words[0], ""
    return words[0], words[1]


def _address(method: str, target: str) -> Address | None:
    try:
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or port == 0 or (method != "CONNECT" and parts.scheme != "http"):
        return None
    return host, port or (443 if method == "CONNECT" else 80)


def _as_origin(head: bytes, target: str) -> bytes:
    """The request in the form for an origin server.

    With `Connection: close`, since the client's next request may be for another server.
    """
    first, *headers = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, _, version = first.split(b" ", 2)
    parts = urlsplit(target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    forwarded = [line for line in headers if not line.lower().startswith(_HOP_BY_HOP)]
    lines = [b" ".join((method, path.encode("latin-1"), version)), *forwarded, b"Connection: close"]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _both_ways(
    there: Coroutine[Any, Any, None],
    back: Coroutine[Any, Any, None],
    upstream: asyncio.StreamWriter,
    clock: IdleClock,
) -> None:
    sending, answering = asyncio.ensure_future(there), asyncio.ensure_future(back)
    waiting = asyncio.ensure_future(clock.run_out())
    try:
        await asyncio.wait((answering, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        # The server has answered: the rest of the request is not sent any more.
        for task in (sending, answering, waiting):
            task.cancel()
        # Close before waiting: the proxy may be stopped during the wait.
        upstream.close()
        await asyncio.gather(sending, answering, waiting, return_exceptions=True)
        await close_writer(upstream)


async def _answer_back(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_data: Callable[[], None]
) -> None:
    """Pass the response on, with `Connection: close` added to its headers."""
    while True:
        first, *headers = (
            (await reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n").split(b"\r\n")
        )
        on_data()
        is_interim = first.partition(b" ")[2].startswith(b"1")
        forwarded = [line for line in headers if not line.lower().startswith(_HOP_BY_HOP)]
        closing = [] if is_interim else [b"Connection: close"]
        writer.write(b"\r\n".join((first, *forwarded, *closing)) + b"\r\n\r\n")
        if not is_interim:
            break
    await pump(reader, writer, on_data)


async def _decline(writer: asyncio.StreamWriter, head: bytes, status: int, text: str) -> None:
    """Answer with the reason, but not a page load: a test would take it for a page of the stack."""
    if not head.startswith(b"CONNECT ") and _NAVIGATION in head.lower():
        return
    await _say(writer, status, text)


async def _say(writer: asyncio.StreamWriter, status: int, text: str) -> None:
    body = f"{text}\n".encode()
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"{OWN_ANSWER}: {_REASONS[status]}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode("latin-1") + body)
    await writer.drain()
