"""Transports of httpx that connect to addresses of the stack only, and report the responses.

Each connection knows its address, before and after TLS. A response whose connection has no address
comes from a mock or a recording, of httpx or of sockets, and a response whose connection has
received no byte since the request began comes from a cache: neither is reported. A response to a
request without a plain path and Host is not reported either.

A server's certificate is verified by the client's context, and again by `objection`, which checks
it against the stack's CA: a test may change the context after passing it.
"""

import contextlib
import functools
import itertools
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
import httpcore
import httpx

from stacktest.adapters.names.answer import Answer
from stacktest.adapters.names.body_copy import BodyCopy
from stacktest.adapters.names.kernel_socket import leads_to
from stacktest.adapters.names.resolver import Address, NameMap, NoAddress
from stacktest.core.numbers import content_length
from stacktest.errors import ToolMissingError, UsageError

OnAnswer = Callable[[Answer], None]
Objection = Callable[[str, Address], str]
"""Host name and address → why the certificate shown there is not trusted; empty if it is."""


class StackTransport(httpx.HTTPTransport):
    """Connects to the addresses that the names resolve to, and reports the responses."""

    def __init__(
        self,
        names: NameMap,
        pool: Mapping[str, Any],
        on_answer: OnAnswer | None,
        objection: Objection | None,
    ) -> None:
        super().__init__(verify=pool["ssl_context"], trust_env=False)
        # httpx has no option for a network backend: its pool is replaced instead.
        _check_pool(self, httpcore.ConnectionPool)
        self._reads = _Reads()
        backend = _Backend(names, self._reads, objection)
        self._pool = httpcore.ConnectionPool(**pool, network_backend=backend)
        self._on_answer = on_answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, after it was reported."""
        _check_extensions(request)
        before = self._reads.last
        with _named(request):
            response = super().handle_request(request)
        _report(request, response, before, self._on_answer)
        return response


class AsyncStackTransport(httpx.AsyncHTTPTransport):
    """The asynchronous variant of `StackTransport`."""

    def __init__(
        self,
        names: NameMap,
        pool: Mapping[str, Any],
        on_answer: OnAnswer | None,
        objection: Objection | None,
    ) -> None:
        super().__init__(verify=pool["ssl_context"], trust_env=False)
        _check_pool(self, httpcore.AsyncConnectionPool)
        self._reads = _Reads()
        backend = _AsyncBackend(names, self._reads, objection)
        self._pool = httpcore.AsyncConnectionPool(**pool, network_backend=backend)
        self._on_answer = on_answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response, after it was reported."""
        _check_extensions(request)
        before = self._reads.last
        with _named(request):
            response = await super().handle_async_request(request)
        _report(request, response, before, self._on_answer)
        return response


# Private

_ADDRESS = "stacktest.address"
"""The key of a connection's `get_extra_info` for the address that it is connected to."""
_REFUSED = 400
"""The body is copied for a report from this status on."""
_LAST_READ = "stacktest.last_read"
"""The key of a connection's `get_extra_info` for the number of its last read."""


@functools.cache
def check_httpx() -> None:
    """Raise a `ToolMissingError` if this version of httpx bypasses the transport's own connections.

    The check requests a name that is refused: no byte is sent.
    """
    pool = {"ssl_context": ssl.create_default_context()}
    transport = StackTransport(NameMap(), pool, None, None)
    try:
        response = transport.handle_request(httpx.Request("GET", "http://stacktest.invalid/"))
    except httpx.ConnectError as error:
        if "not a host name of this stack" not in str(error):
            raise _unknown_httpx() from error
    else:
        # A mock that replaces httpx answers without a connection.
        if "network_stream" in response.extensions:
            raise _unknown_httpx()
    finally:
        transport.close()


def _check_pool(transport: object, kind: type[Any]) -> None:
    if not isinstance(getattr(transport, "_pool", None), kind):
        raise _unknown_httpx()


def _unknown_httpx() -> ToolMissingError:
    return ToolMissingError(
        f"httpx {httpx.__version__} cannot be told where to connect, so the stack's names would "
        "be asked of the system",
        where="fixture api",
        hint="pip install 'httpx>=0.27,<0.29'",
    )


def _check_extensions(request: httpx.Request) -> None:
    if "sni_hostname" in request.extensions:
        raise UsageError(
            "the extension sni_hostname is refused: the certificate would be checked for another "
            "name than that of the URL",
            where=f"{request.method} {request.url}",
            code="SK-TLS",
        )


@contextlib.contextmanager
def _named(request: httpx.Request) -> Iterator[None]:
    """Add the host to an error as a note: OpenSSL's messages about a certificate name no host."""
    try:
        yield
    except httpx.TransportError as error:
        error.add_note(f"asked: {request.url.scheme}://{request.url.netloc.decode('ascii')}")
        raise


def _url(request: httpx.Request) -> str:
    """The URL that the server received: an extension of httpx may have replaced the path.

    Empty for requests that browsers and tests do not make: `OPTIONS *`, which a front door answers
    for every host, an absolute URL instead of a path, or a blank Host.
    """
    target = request.extensions.get("target", request.url.raw_path).decode("latin-1")
    if not target.startswith("/") or "#" in target or not request.headers.get("Host", "").strip():
        return ""
    parts = urlsplit(str(request.url))
    return f"{parts.scheme}://{parts.netloc}{target}"


class _Reads:
    """Numbers the reads of all connections of one transport."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.last = 0

    def add(self) -> int:
        """Count one more read and return its number."""
        self.last = next(self._numbers)
        return self.last


def _report(
    request: httpx.Request, response: httpx.Response, before: int, on_answer: OnAnswer | None
) -> None:
    """Report a response if it came over this transport's connection after read number `before`."""
    stream = response.extensions.get("network_stream")
    address = stream.get_extra_info(_ADDRESS) if stream is not None else None
    if stream is None or on_answer is None or not isinstance(address, tuple):
        return
    if stream.get_extra_info(_LAST_READ) <= before or not (url := _url(request)):
        return
    copy: BodyCopy | None = None
    if response.status_code >= _REFUSED:
        response.stream = copy = BodyCopy(response)
    on_answer(
        Answer(
            method=request.method,
            url=url,
            host=request.headers.get("Host", ""),
            status=response.status_code,
            address=address,
            length=content_length(response.headers),
            head=sum(len(name) + len(value) for name, value in request.headers.raw),
            read_body=copy.text if copy else str,
        )
    )


def _address(names: NameMap, host: str, port: int) -> Address:
    address = names.resolve(host, port)
    if isinstance(address, NoAddress):
        raise httpcore.ConnectError(address.why)
    return address


def _verify(objection: Objection | None, host: str | None, address: Address) -> None:
    """Raise a ConnectError, as for an untrusted certificate, if there is an objection."""
    if objection is not None and (why := objection(host or address[0], address)):
        raise httpcore.ConnectError(f"[SSL: CERTIFICATE_VERIFY_FAILED] {why} (stacktest)")


def _is_real(
    stream: httpcore.NetworkStream | httpcore.AsyncNetworkStream, address: Address
) -> bool:
    return leads_to(stream.get_extra_info("socket"), address)


class _Followed:
    """What the streams of both kinds of clients note of their connection."""

    def __init__(
        self, inner: Any, address: Address, reads: _Reads, objection: Objection | None
    ) -> None:
        self._inner, self._address, self._reads = inner, address, reads
        self._objection = objection
        self._last_read = 0

    def get_extra_info(self, info: str) -> Any:
        if info == _LAST_READ:
            return self._last_read
        if info == _ADDRESS:
            return self._address if _is_real(self._inner, self._address) else None
        return self._inner.get_extra_info(info)


class _Stream(_Followed, httpcore.NetworkStream):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._inner.read(max_bytes, timeout)
        self._last_read = self._reads.add()
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, timeout)
        try:
            _verify(self._objection, server_hostname, self._address)
        except httpcore.ConnectError:
            inner.close()
            raise
        return _Stream(inner, self._address, self._reads, self._objection)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, names: NameMap, reads: _Reads, objection: Objection | None) -> None:
        self._names, self._reads, self._objection = names, reads, objection
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = _address(self._names, host, port)
        inner = self._inner.connect_tcp(*address, timeout, local_address, socket_options)
        return _Stream(inner, address, self._reads, self._objection)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _AsyncStream(_Followed, httpcore.AsyncNetworkStream):
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        data: bytes = await self._inner.read(max_bytes, timeout)
        self._last_read = self._reads.add()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        try:
            # In a thread: the server may run in this same event loop.
            await anyio.to_thread.run_sync(_verify, self._objection, server_hostname, self._address)
        except httpcore.ConnectError:
            await inner.aclose()
            raise
        return _AsyncStream(inner, self._address, self._reads, self._objection)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, names: NameMap, reads: _Reads, objection: Objection | None) -> None:
        self._names, self._reads, self._objection = names, reads, objection
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        address = _address(self._names, host, port)
        inner = await self._inner.connect_tcp(*address, timeout, local_address, socket_options)
        return _AsyncStream(inner, address, self._reads, self._objection)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
