"""A response received over a connection to the stack: its request, its status and its address."""

from collections.abc import Callable
from dataclasses import dataclass, field

from stacktest.adapters.names.resolver import Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One response that was received over a connection to the stack."""

    method: str
    url: str
    host: str
    """The request's `Host` header, by which the server chose the site."""
    status: int
    address: Address
    """The address that the connection led to."""
    length: int = field(default=0, compare=False)
    """The response's `Content-Length`; 0 without that header."""
    head: int = field(default=0, compare=False)
    """The bytes of the request's headers."""
    read_body: Callable[[], str] = field(default=str, compare=False)
    """Returns the beginning of the body of an error response, as far as the client has read it."""
