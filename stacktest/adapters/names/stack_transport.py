"""Where httpx opens its connections: at the addresses of the stack, and nowhere else.

Each connection knows the address that it leads to, before and after TLS. A response whose
connection does not know one was made up by a mock, a recording or a cache, and is not reported.
"""

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
        self._pool = httpcore.ConnectionPool(**pool, network_backend=_Backend(names))
        self._on_answer = on_answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, after it was reported."""
        response = super().handle_request(request)
        _report(request, response, self._on_answer)
        return response


class AsyncStackTransport(httpx.AsyncHTTPTransport):
    """The asynchronous twin of `StackTransport`."""

    def __init__(self, names: NameMap, pool: Mapping[str, Any], on_answer: OnAnswer | None) -> None:
        super().__init__(verify=pool["ssl_context"], trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(**pool, network_backend=_AsyncBackend(names))
        self._on_answer = on_answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response, after it was reported."""
        response = await super().handle_async_request(request)
        _report(request, response, self._on_answer)
        return response


# Private

_ADDRESS = "stacktest.address"
"""The name under which a connection tells the address that it leads to."""


def _report(request: httpx.Request, response: httpx.Response, on_answer: OnAnswer | None) -> None:
    stream = response.extensions.get("network_stream")
    address = stream.get_extra_info(_ADDRESS) if stream is not None else None
    if on_answer is None or not isinstance(address, tuple):
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
    def __init__(self, inner: httpcore.NetworkStream, address: Address) -> None:
        self._inner, self._address = inner, address

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, timeout)

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
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._address)

    def get_extra_info(self, info: str) -> Any:
        return self._address if info == _ADDRESS else self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, names: NameMap) -> None:
        self._names, self._inner = names, httpcore.SyncBackend()

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
        return _Stream(inner, address)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream, address: Address) -> None:
        self._inner, self._address = inner, address

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._inner.read(max_bytes, timeout)

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
        return _AsyncStream(inner, self._address)

    def get_extra_info(self, info: str) -> Any:
        return self._address if info == _ADDRESS else self._inner.get_extra_info(info)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, names: NameMap) -> None:
        self._names, self._inner = names, httpcore.AnyIOBackend()

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
        return _AsyncStream(inner, address)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
