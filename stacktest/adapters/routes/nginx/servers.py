"""nginx's `server` blocks: their names, where they listen, and which one answers for a name.

nginx first selects the servers with the most specific address that the connection came to, then
the one with the name. The address inside the container is not known from a request.
"""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from stacktest.adapters.routes.nginx.source import SILENT, UNSEEN, Directive
from stacktest.adapters.routes.nginx.upstreams import Upstreams, read_upstreams
from stacktest.adapters.routes.nginx.variables import fits_name
from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.route import Listener
from stacktest.core.shared_network import network_mode

_CATCH_ALL = frozenset({"_", "", "default_server"})
_NO_NAME = re.compile(r"\$|^[\d.]+$|^\[")
_LOOPBACK = re.compile(r"127\.|localhost(?::|$)|\[::1\]")
_LOCAL = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$")


class Server(Struct, frozen=True, kw_only=True):
    """One `server` block."""

    names: tuple[str, ...]
    """As written, in lower case except for expressions and variables; empty without a name."""
    listeners: tuple[Listener, ...]
    places: "tuple[Listen, ...]"
    block: Directive

    @property
    def is_catch_all(self) -> bool:
        """Whether the server is meant for any name."""
        return not self.names or not _CATCH_ALL.isdisjoint(self.names)

    @property
    def has_addresses_only(self) -> bool:
        """Whether it has names, all of them addresses, which requests by name do not have."""
        return bool(self.names) and not self.unset and not any(True for _ in self.hosts())

    @property
    def primary_name(self) -> str | None:
        """The value of `$server_name`; None if the first name is a pattern or has a variable."""
        name = next(iter(self.names), "")
        return None if name[:1] in {"~", "."} or "$" in name else name

    @property
    def unset(self) -> tuple[str, ...]:
        """Names that contain a variable without a value."""
        return tuple(n for n in self.names if "$" in n and not n.startswith(("~", "$hostname")))

    def hosts(self) -> Iterator[tuple[str, bool]]:
        """Names that a request can have, each with whether its star matches several labels."""
        for name in self.names:
            if name.startswith("~"):
                yield f"~{name.removeprefix('~').removeprefix('*')}", False
            elif name in _CATCH_ALL or _NO_NAME.search(name):
                continue
            elif name.startswith("."):
                yield name[1:], False
                yield f"*{name}", True
            else:
                yield name, name.startswith("*.")


class HttpBlock(Struct, frozen=True, kw_only=True):
    """All servers, with the upstreams, maps and directives that they share."""

    servers: tuple[Server, ...]
    upstreams: Upstreams
    maps: Mapping[str, Directive]
    block: Directive
    """The directives of `http` itself."""
    passed_through: tuple[Directive, ...] = ()
    """Servers of `stream`, which forward TLS connections that nginx does not decrypt."""
    stream_upstreams: Upstreams = field(default_factory=Upstreams)
    stream_maps: Mapping[str, Directive] = field(default_factory=dict)

    def answering(self, host: str, port: int) -> tuple[Server, ...]:
        """The server that nginx takes at each of the port's addresses, each server once."""
        servers = [s for s in self.servers if port in {i.port for i in s.listeners}]
        places = [place for server in servers for place in server.places if place.port == port]
        # `*` comes last: it counts only for addresses that no other server lists.
        addresses = sorted({place.address for place in places}, key=lambda a: (a == "*", a))
        # Names are resolved to IPv4 addresses: IPv6 counts only if no IPv4 address listens.
        of_ipv4 = [address for address in addresses if not address.startswith("[")]
        chosen = [_chosen(servers, host, address, port) for address in of_ipv4 or addresses]
        return tuple({id(server): server for server in chosen}.values())


def read_http(directives: tuple[Directive, ...], stack: Stack) -> HttpBlock:
    """The `http` block of the files; the top level of a fragment counts as one."""
    blocks = [item for item in directives if item.name == "http"]
    inside = tuple(
        replace(inner, is_named=item.is_named)
        for item in directives
        if item.name not in {"stream", "mail", "events"}
        for inner in (item.block if item.name == "http" else (item,))
    )
    # Includes beside `http` load modules; they contain no `upstream`.
    beside = [item for item in directives if blocks and item.name in {UNSEEN, SILENT}]
    stream = tuple(x for item in directives if item.name == "stream" for x in item.block)
    forwarded = _forwarded(stream)
    door = stack.services.get(stack.front_door)
    published = {port.target for port in door.ports} if door else set()
    hides_loopback = door is not None and network_mode(door) != "host"
    servers = [
        _server(item, forwarded, hides_loopback=hides_loopback)
        for item in inside
        if item.name == "server"
    ]
    return HttpBlock(
        servers=tuple(_published(server, published) for server in servers),
        upstreams=read_upstreams(item for item in inside if item not in beside),
        maps=_maps(inside),
        block=replace(blocks[0], block=inside) if blocks else _fragment(inside),
        passed_through=tuple(item for item in stream if item.name == "server"),
        stream_upstreams=read_upstreams(stream),
        stream_maps=_maps(stream),
    )


class Listen(Struct, frozen=True, kw_only=True):
    """One `listen` directive of a server."""

    port: int
    address: str = "*"
    """`*` for all of IPv4, `10.0.0.1`, `[::]`."""
    tls: bool = False
    is_default: bool = False
    is_loopback: bool = False
    """Whether it is unreachable from outside the container."""


def listened(block: Directive) -> Iterator[Listen]:
    """The `listen` directives of a server; port 80 if it has none."""
    has_tls = any(item.words == ("on",) for item in block.all("ssl"))
    lines = block.all("listen")
    if not lines:
        yield Listen(port=80, tls=has_tls)
    for line in lines:
        address = line.words[0] if line.words else ""
        port = re.search(r"(?:^|:)(\d{1,5})$", address)
        if address.startswith("unix:") or (not port and "$" in address):
            continue
        yield Listen(
            port=int(port[1]) if port else 80,
            address=_address(line),
            tls=has_tls or "ssl" in line.words or "quic" in line.words,
            is_default="default_server" in line.words or "default" in line.words,
            is_loopback=_LOOPBACK.match(address) is not None,
        )


# Private

_EVERY_ADDRESS = frozenset({"", "*", "0.0.0.0"})  # noqa: S104


def _address(line: Directive) -> str:
    """The address of a `listen`, IPv6 in brackets; `*` for every IPv4 address."""
    text = re.sub(r"(?:^|:)\d{1,5}$", "", line.words[0]) if line.words else ""
    takes_both = text == "[::]" and "ipv6only=off" in line.words
    return "*" if takes_both or text in _EVERY_ADDRESS else text


def _chosen(servers: list[Server], host: str, address: str, port: int) -> Server:
    """The server for `host` at one address: exact name, longest star, first expression, default."""
    there = {
        id(server): (server, place)
        for server in servers
        for place in server.places
        if (place.address, place.port) == (address, port)
    }.values()
    for fits in (_has_exactly, _has_star_before, _has_star_behind, _has_expression):
        fitting = [(fits(server, host), server) for server, _ in there]
        rank, best = max(fitting, key=lambda item: item[0])
        if rank:
            return best
    defaults = [server for server, place in there if place.is_default]
    return (defaults or [server for server, _ in there])[0]


def _server(block: Directive, forwarded: Mapping[int, int], *, hides_loopback: bool) -> Server:
    # The parser does not split words after a `${…}`.
    texts = [text for item in block.all("server_name") for text in item.words]
    words = [word for text in texts for word in text.split()]
    places = [
        replace(place, port=forwarded.get(place.port, place.port))
        for place in listened(block)
        if not (place.is_loopback and hides_loopback) or place.port in forwarded
    ]
    return Server(
        names=tuple(word if word[:1] == "~" or "$" in word else word.lower() for word in words),
        listeners=tuple(dict.fromkeys(Listener(port=p.port, tls=p.tls) for p in places)),
        places=tuple(places),
        block=block,
    )


def _published(server: Server, ports: set[int]) -> Server:
    known = tuple(item for item in server.listeners if not ports or item.port in ports)
    return replace(server, listeners=known)


def _fragment(inside: tuple[Directive, ...]) -> Directive:
    return Directive(name="http", words=(), block=inside, where=inside[0].where if inside else "")


def _maps(directives: tuple[Directive, ...]) -> dict[str, Directive]:
    return {
        item.words[1].lstrip("$"): item
        for item in directives
        if item.name == "map" and len(item.words) > 1
    }


def _forwarded(stream: tuple[Directive, ...]) -> dict[int, int]:
    """Port of an `http` server → port of the `stream` server before it in the same container."""
    ports: dict[int, int] = {}
    for server in (item for item in stream if item.name == "server"):
        for outer in (place.port for place in listened(server)):
            for text in (word for item in server.all("proxy_pass") for word in item.words):
                inner = [
                    match
                    for address in _addresses(stream, text)
                    if (match := _LOCAL.search(address))
                ]
                ports |= {int(match[1]): outer for match in inner}
    return ports


def _addresses(stream: tuple[Directive, ...], text: str) -> tuple[str, ...]:
    """Every address that a `proxy_pass` of `stream` can mean."""
    upstreams, maps = read_upstreams(stream), _maps(stream)
    block = maps.get(text[1:]) if text.startswith("$") else None
    values = [word for entry in block.block for word in entry.words] if block else [text]
    return tuple(address for value in values for address in upstreams.addresses(value))


def _has_exactly(server: Server, host: str) -> int:
    plain = [name for name in server.names if name[:1] not in {"~", "*"} and name[-1:] != "*"]
    return int(any(name.lstrip(".") == host for name in plain) or _has_pattern(server, host))


def _has_pattern(server: Server, host: str) -> bool:
    """Whether the server lists `host` where the host is itself a pattern such as `*.test`."""
    return any(pattern == host for pattern, _ in server.hosts())


def _has_star_before(server: Server, host: str) -> int:
    names = [name for name in server.names if name.startswith((".", "*."))]
    return max((len(name) for name in names if fits_name(name, host)), default=0)


def _has_star_behind(server: Server, host: str) -> int:
    names = [name for name in server.names if name.endswith(".*")]
    return max((len(name) for name in names if fits_name(name, host)), default=0)


def _has_expression(server: Server, host: str) -> int:
    return int(any(name.startswith("~") and fits_name(name, host) for name in server.names))
