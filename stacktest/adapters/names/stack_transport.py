"""Where httpx opens its connections: at the addresses of the stack, and nowhere else.

Each connection knows the address that it leads to, before and after TLS. A response whose
connection does not know one was made up by a mock or a recording, and one whose connection has
brought nothing since the request began comes from a cache: neither is reported.
"""

import itertools
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpcore
import httpx

from stacktest.adapters.names.http_clients import Answer
from stacktest.adapters.names.resolver import Address, NameMap, Refused

OnAnswer = Callable[[Answer], None]


class StackTransport(httpx.HTTPTransport):
    """Opens connections where the names lead, and reports what came over them."""

    def __init__(self, names: NameMap, pool: Mapping[str, Any], on_answer: OnAnswer | None) -> None:
        super().__init__(verify=pool["ssl_context"], trust_env=False)
        # NOTE: httpx offers no way to hand a network backend through; its pool is replaced instead,
        # and `tests/adapters/names/test_http_clients.py` notices when the attribute goes away.
        self._reads = _Reads()
        backend = _Backend(names, self._reads)
        self._pool = httpcore.ConnectionPool(**pool, network_backend=backend)
        self._on_answer = on_answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, after it was reported."""
        before = self._reads.last
        response = super().handle_request(request)
        _report(request, response, before, self._on_answer)
        return response


class AsyncStackTransport(httpx.AsyncHTTPTransport):
    """The asynchronous twin of `StackTransport`."""

    def __init__(self, names: NameMap, pool: Mapping[str, Any], on_answer: OnAnswer | None) -> None:
        super().__init__(verify=pool["ssl_context"], trust_env=False)
        self._reads = _Reads()
        backend = _AsyncBackend(names, self._reads)
        self._pool = httpcore.AsyncConnectionPool(**pool, network_backend=backend)
        self._on_answer = on_answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response, after it was reported."""
        before = self._reads.last
        response = await super().handle_async_request(request)
        _report(request, response, before, self._on_answer)
        return response


# Private

_ADDRESS = "stacktest.address"
"""The name under which a connection tells the address that it leads to."""
_LAST_READ = "stacktest.last_read"
"""The name under which a connection tells which of all reads was its last."""


class _Reads:
    """Numbers the reads of all connections of one transport."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.last = 0

    def add(self) -> int:
        """The number of one more read."""
        self.last = next(self._numbers)
        return self.last


def _report(
    request: httpx.Request, response: httpx.Response, before: int, on_answer: OnAnswer | None
) -> None:
    """Report a response that came over a connection of ours after read number `before`."""
    stream = response.extensions.get("network_stream")
    address = stream.get_extra_info(_ADDRESS) if stream is not None else None
    if stream is None or on_answer is None or not isinstance(address, tuple):
        return
    if stream.get_extra_info(_LAST_READ) <= before:
        return
    on_answer(
        Answer(
            method=request.method,
            url=str(request.url),
            host=request.headers.get("Host", ""),
            status=response.status_code,
            address=address,
        )
    )


def _address(names: NameMap, host: str, port: int) -> Address:
    address = names.resolve(host, port)
    if isinstance(address, Refused):
        raise httpcore.ConnectError(address.why)
    return address


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, address: Address, reads: _Reads) -> None:
        self._inner, self._address, self._reads = inner, address, reads
        self._last_read = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(max_bytes, timeout)
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
        return _Stream(inner, self._address, self._reads)

    def get_extra_info(self, info: str) -> Any:
        if info == _LAST_READ:
            return self._last_read
        return self._address if info == _ADDRESS else self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, names: NameMap, reads: _Reads) -> None:
        self._names, self._reads, self._inner = names, reads, httpcore.SyncBackend()

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
        return _Stream(inner, address, self._reads)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream, address: Address, reads: _Reads) -> None:
        self._inner, self._address, self._reads = inner, address, reads
        self._last_read = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        data = await self._inner.read(max_bytes, timeout)
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
        return _AsyncStream(inner, self._address, self._reads)

    def get_extra_info(self, info: str) -> Any:
        if info == _LAST_READ:
            return self._last_read
        return self._address if info == _ADDRESS else self._inner.get_extra_info(info)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, names: NameMap, reads: _Reads) -> None:
        self._names, self._reads, self._inner = names, reads, httpcore.AnyIOBackend()

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
        return _AsyncStream(inner, address, self._reads)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
