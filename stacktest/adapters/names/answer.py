"""What came over a connection to the stack: who was asked, what was answered, and from where."""

from collections.abc import Callable
from dataclasses import dataclass, field

from stacktest.adapters.names.resolver import Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One response that came over a connection to the stack."""

    method: str
    url: str
    host: str
    """The `Host` header, which is what the server went by."""
    status: int
    address: Address
    """Where the connection led."""
    length: int = field(default=0, compare=False)
    """Its `Content-Length`; 0 without one."""
    read_body: Callable[[], str] = field(default=str, compare=False)
    """The beginning of a refused request's answer, as far as the client has read it."""
