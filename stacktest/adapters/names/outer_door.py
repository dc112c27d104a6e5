"""The addresses of a front door that belongs to another compose project: `door` under [stack].

"proxy/caddy"                  service `caddy` of the running project `proxy`: its published ports
"http://127.0.0.1:8080"        the server at that address, for plain HTTP; likewise https
"192.168.1.5"                  ports 80 and 443 of that address
"""

from collections.abc import Callable, Iterable
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from stacktest.adapters.names.resolver import Address, reachable
from stacktest.core.model import Port
from stacktest.core.routing import HTTP, HTTPS
from stacktest.errors import StackNotReadyError, UsageError

WHERE = "stacktest.toml:stack.door"


def outer_doors(
    door: str, ports_of: Callable[[str, str], Iterable[Port]], engine_host: str = "127.0.0.1"
) -> dict[int, Address]:
    """Port of the front door → its address; `ports_of` returns the ports of (project, service)."""
    if "://" in door:
        return _of_url(door)
    project, slash, service = door.partition("/")
    if not slash and _is_host(door):
        return {HTTP: (door, HTTP), HTTPS: (door, HTTPS)}
    if not project or not service or "/" in service:
        raise _refused(door)
    addresses = reachable(ports_of(project, service), engine_host)
    if not addresses:
        raise StackNotReadyError(
            f"the front door is not there: service '{service}' of project '{project}' has no "
            "running container that publishes a port",
            where=WHERE,
            hint="start it, or write the address at which it answers: http://ADDRESS:PORT",
        )
    return addresses


# Private


def _of_url(door: str) -> dict[int, Address]:
    try:
        parts = urlsplit(door)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    standard = {"http": HTTP, "https": HTTPS}.get(parts.scheme)
    if not host or standard is None or parts.path.strip("/") or parts.query:
        raise _refused(door)
    return {standard: (host, port or standard)}


def _is_host(text: str) -> bool:
    """Whether the text is a host name or an address, without a port."""
    if ":" not in text:
        return text.translate(dict.fromkeys(b"-._")).isalnum()
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False


def _refused(door: str) -> UsageError:
    return UsageError(
        f"{door!r} is not the address of a front door",
        where=WHERE,
        hint="write PROJECT/SERVICE, http://ADDRESS:PORT or ADDRESS",
    )
