"""HTTP clients that resolve the stack's names; URL, Host and SNI stay as the test wrote them.

The name is replaced by an address where httpcore opens its socket. That costs nothing per request,
and the certificate is still checked for the name in the URL.

A response is reported only if its bytes came over a connection that was opened here: the response
of a mock, a recording or a cache has no such connection.
"""

import _ssl
import functools
import inspect
import ssl
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from stacktest.adapters.names.answer import Answer
from stacktest.adapters.names.resolver import Address, NameMap
from stacktest.errors import UsageError

if TYPE_CHECKING:
    import httpx

DEFAULT_TIMEOUT = 10.0
"""Seconds for each of connect, read and write."""

REFUSED_OPTIONS = {
    "transport": "a transport of your own knows neither the stack's names nor its CA",
    "mounts": "a transport of your own knows neither the stack's names nor its CA",
    "proxy": "a proxy of your own does not know the stack's names",
    "proxies": "a proxy of your own does not know the stack's names",
    "cert": "a client certificate belongs into the context that verifies: override the fixture "
    "`tls_context`, or pass `verify=CONTEXT` with the certificate loaded",
}
"""Option of httpx that would bypass the stack → why it is refused."""


def http_client(
    names: NameMap,
    context: ssl.SSLContext,
    base_url: str = "",
    /,
    *,
    on_answer: Callable[[Answer], None] | None = None,
    objection: Callable[[str, Address], str] | None = None,
    **options: Any,
) -> "httpx.Client":
    """A client that verifies with `context`; the caller closes it. `options` are those of httpx.

    `objection` returns why the certificate that an address shows for a host is not trusted: that
    certificate is refused even if the context accepts it.
    """
    import httpx

    from stacktest.adapters.names.stack_transport import StackTransport, check_httpx

    check_httpx()
    arguments, pool = _divide(options, context, httpx.Client)
    return httpx.Client(
        transport=StackTransport(names, pool, on_answer, objection),
        trust_env=False,
        **{"base_url": base_url, "timeout": DEFAULT_TIMEOUT, **arguments},
    )


def async_http_client(
    names: NameMap,
    context: ssl.SSLContext,
    base_url: str = "",
    /,
    *,
    on_answer: Callable[[Answer], None] | None = None,
    objection: Callable[[str, Address], str] | None = None,
    **options: Any,
) -> "httpx.AsyncClient":
    """The asynchronous variant of `http_client`."""
    import httpx

    from stacktest.adapters.names.stack_transport import AsyncStackTransport, check_httpx

    check_httpx()
    arguments, pool = _divide(options, context, httpx.AsyncClient)
    return httpx.AsyncClient(
        transport=AsyncStackTransport(names, pool, on_answer, objection),
        trust_env=False,
        **{"base_url": base_url, "timeout": DEFAULT_TIMEOUT, **arguments},
    )


def inner_http_client(service: str, port: int, address: Address, **options: Any) -> "httpx.Client":
    """A client for `http://service:port`, which connects to `address` and knows no other host name.

    Services inside of a stack are asked by plain HTTP: no certificate authority is trusted.
    """
    names = NameMap(hosts=(service,), doors={port: address})
    return http_client(names, _no_trust(), f"http://{service}:{port}", **options)


# Private


@functools.cache
def _no_trust() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _divide(
    options: Mapping[str, Any], context: ssl.SSLContext, client: type[Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options for the client, and for its connection pool; UsageError for a refused option."""
    import httpx

    arguments = dict(options)
    for name, value in options.items():
        if name in REFUSED_OPTIONS and not value:
            # `None`, `False` or an empty value switches the option off: it can be left out.
            del arguments[name]
        else:
            _check_option(name, client)
    if arguments.pop("trust_env", False):
        raise _refused("trust_env", "a proxy or a CA that the shell names would decide the answer")
    chosen = arguments.pop("verify", True)
    limits = arguments.pop("limits", None) or httpx.Limits(
        max_connections=100, max_keepalive_connections=20
    )
    pool = {
        "ssl_context": _verifying(context if chosen is True else chosen),
        "max_connections": limits.max_connections,
        "max_keepalive_connections": limits.max_keepalive_connections,
        "keepalive_expiry": limits.keepalive_expiry,
        "http1": arguments.pop("http1", True),
        "http2": _http2(requested=arguments.pop("http2", False)),
    }
    return arguments, pool


def _check_option(name: str, client: type[Any]) -> None:
    if name in REFUSED_OPTIONS:
        raise _refused(name, REFUSED_OPTIONS[name])
    known = inspect.signature(client).parameters
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise UsageError(
            f"httpx clients have no option '{name}'",
            where=f"api(…, {name}=…)",
            hint=f"did you mean '{near[0]}'?" if near else f"options: {', '.join(sorted(known))}",
        )


def _verifying(context: Any) -> ssl.SSLContext:
    """The context, if it checks chain and name."""
    # The C base class of every context: some libraries replace `ssl.SSLContext`.
    if isinstance(context, _ssl._SSLContext):  # noqa: SLF001
        if context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname:
            return cast("ssl.SSLContext", context)
        raise _refused("verify", "this context does not check certificates and their names")
    if context is False:
        raise _refused("verify", "it switches the verification of certificates off")
    raise _refused("verify", "name the CA's certificate as `ca` under [stack]")


def _http2(*, requested: bool) -> bool:
    if requested:
        try:
            import h2  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401
        except ImportError:
            raise UsageError(
                "HTTP/2 needs a package that is not installed",
                where="api(…, http2=True)",
                hint="pip install 'httpx[http2]'",
            ) from None
    return requested


def _refused(option: str, why: str) -> UsageError:
    return UsageError(
        f"the option {option} is refused: {why}", where=f"api(…, {option}=…)", code="SK-TLS"
    )
