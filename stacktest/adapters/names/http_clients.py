"""HTTP clients to whom the stack's names are known: the URL, Host and SNI stay what was asked for.

The name is exchanged for an address at the last moment, where httpcore opens its socket. That costs
nothing per request, and the certificate is still checked for the name in the URL.
"""

import ssl
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from stacktest.adapters.names.resolver import NameMap, Refused

if TYPE_CHECKING:
    import httpx

DEFAULT_TIMEOUT = 10.0
"""Seconds for each of connect, read and write."""


def http_client(
    names: NameMap,
    context: ssl.SSLContext,
    base_url: str = "",
    *,
    on_response: "Callable[[httpx.Response], None] | None" = None,
    **options: Any,
) -> "httpx.Client":
    """A client that verifies with `context`; close it. `options` are httpx's own."""
    import httpx

    hooks = {"response": [on_response] if on_response else []}
    arguments = {"base_url": base_url, "timeout": DEFAULT_TIMEOUT, "event_hooks": hooks, **options}
    # trust_env: a proxy or a CA bundle that the shell names must not change what is tested.
    return httpx.Client(transport=_transport(names, context), trust_env=False, **arguments)


def async_http_client(
    names: NameMap,
    context: ssl.SSLContext,
    base_url: str = "",
    *,
    on_response: "Callable[[httpx.Response], Any] | None" = None,
    **options: Any,
) -> "httpx.AsyncClient":
    """The asynchronous twin of `http_client`; `on_response` is a coroutine function."""
    import httpx

    hooks = {"response": [on_response] if on_response else []}
    arguments = {"base_url": base_url, "timeout": DEFAULT_TIMEOUT, "event_hooks": hooks, **options}
    return httpx.AsyncClient(
        transport=_async_transport(names, context), trust_env=False, **arguments
    )


# Private


def _transport(names: NameMap, context: ssl.SSLContext) -> "httpx.HTTPTransport":
    import httpcore
    import httpx

    class Backend(httpcore.NetworkBackend):
        """Opens connections where the names lead."""

        def __init__(self) -> None:
            self._inner = httpcore.SyncBackend()

        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore.NetworkStream:
            address = _address(names, host, port)
            return self._inner.connect_tcp(*address, timeout, local_address, socket_options)

        def sleep(self, seconds: float) -> None:
            self._inner.sleep(seconds)

    transport = httpx.HTTPTransport(verify=context, trust_env=False)
    # NOTE: httpx offers no way to hand a network backend through; its pool is replaced instead, and
    # `tests/adapters/names/test_http_clients.py` notices when the attribute goes away.
    transport._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=Backend())  # noqa: SLF001
    return transport


def _async_transport(names: NameMap, context: ssl.SSLContext) -> "httpx.AsyncHTTPTransport":
    import httpcore
    import httpx

    class Backend(httpcore.AsyncNetworkBackend):
        """Opens connections where the names lead."""

        def __init__(self) -> None:
            self._inner = httpcore.AnyIOBackend()

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,  # noqa: ASYNC109
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore.AsyncNetworkStream:
            address = _address(names, host, port)
            return await self._inner.connect_tcp(*address, timeout, local_address, socket_options)

        async def sleep(self, seconds: float) -> None:
            await self._inner.sleep(seconds)

    transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
    transport._pool = httpcore.AsyncConnectionPool(ssl_context=context, network_backend=Backend())  # noqa: SLF001
    return transport


def _address(names: NameMap, host: str, port: int) -> tuple[str, int]:
    import httpcore

    address = names.resolve(host, port)
    if isinstance(address, Refused):
        raise httpcore.ConnectError(address.why)
    return address
