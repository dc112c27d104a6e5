"""The sites of a Caddyfile: their addresses, and the ports at which Caddy listens for them."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from stacktest.adapters.routes.caddy.imports import broken
from stacktest.adapters.routes.caddy.lexer import Line, Token
from stacktest.adapters.routes.caddy.matchers import Matcher, path_matcher
from stacktest.adapters.routes.caddy.own_answers import ORDER
from stacktest.adapters.routes.mounts import certificate_text
from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.route import Listener, Route
from stacktest.core.shared_network import network_mode


class Options(Struct, frozen=True, kw_only=True):
    """The global options that decide which site answers a request."""

    https_port: int = 443
    http_port: int = 80
    auto_https: str = ""
    default_bind: tuple[str, ...] = ()
    order: Mapping[str, int]
    lines: tuple[Line, ...] = ()

    @property
    def redirects(self) -> bool:
        """Whether Caddy itself redirects plain HTTP to HTTPS."""
        return self.auto_https not in {"off", "disable_redirects"}


class Address(Struct, frozen=True, kw_only=True):
    """One address of a site; an empty host stands for every name."""

    host: str
    bound: tuple[str, ...] = ("",)
    """The addresses of the machine at which Caddy listens for it; an empty one: every address."""
    listeners: tuple[Listener, ...]
    path: Matcher


class Site(Struct, frozen=True, kw_only=True):
    """A site block of the Caddyfile with its addresses."""

    addresses: tuple[Address, ...]
    lines: tuple[Line, ...]
    opened: Line
    unknown: tuple[tuple[str, str], ...] = ()
    """Addresses that are not known before Caddy runs, each with the reason."""


def read_options(lines: tuple[Line, ...]) -> Options:
    """The options of the global block at the top of the file; the defaults if there is none."""
    block = lines[0].block or () if lines and not lines[0].tokens else ()
    words = {line.name: line for line in block if line.words}
    order = list(ORDER)
    for line in block:
        if line.name == "order":
            _reorder(order, line)
    return Options(
        https_port=_port(words.get("https_port"), 443),
        http_port=_port(words.get("http_port"), 80),
        auto_https=words["auto_https"].words[0] if "auto_https" in words else "",
        default_bind=words["default_bind"].words if "default_bind" in words else (),
        order={name: place for place, name in enumerate(order)},
        lines=block,
    )


def read_sites(lines: tuple[Line, ...], options: Options, stack: Stack) -> tuple[Site, ...]:
    """Every site of the file, in its order."""
    sites = [
        _site(opened, block, options, stack)
        for opened, block in _blocks(lines)
        if opened.name != "import"
    ]
    secure = {i.port for site in sites for a in site.addresses for i in a.listeners if i.tls}
    return tuple(_with_tls(site, secure) for site in sites)


def handed_on(options: Options, listeners: tuple[Listener, ...]) -> Iterator[Route]:
    """Guards for `layer4`, which receives a connection before any site and may forward it."""
    ports = {listener.port for listener in listeners}
    for line, addresses in _layer4(options.lines):
        named = {int(port) for text in addresses for port in re.findall(r":(\d{1,5})$", text)}
        if not named or named & ports:
            yield Route(
                host="",
                where=line.where,
                upstream="?",
                unknown="what the plugin `layer4` hands on",
                is_final=False,
                is_guard=True,
                is_hidden=True,
            )


def fingerprint_text(lines: tuple[Line, ...], stack: Stack) -> str:
    """The lines without comments and spacing, with the text of their certificates."""
    return "\n".join(_texts(lines, stack, 0))


# Private

_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[0-9a-fA-F:]+\]|[^:/]*)(?::(?P<port>\d{1,5}))?(?P<path>/.*)?"
)
_INNER = re.compile(r"127\.|localhost$|\[?::1\]?$|unix/|fd/")
_VARIABLE = re.compile(r"\{env\.([^{}]+)\}")


def _layer4(lines: tuple[Line, ...]) -> Iterator[tuple[Line, tuple[str, ...]]]:
    """Every `layer4` among the global options, with the addresses where it listens."""
    for line in lines:
        if line.name == "layer4":
            words = (token.text for place in line.block or () for token in place.tokens)
            yield line, tuple(words)
        elif line.name in {"servers", "listener_wrappers"}:
            for inner, _ in _layer4(line.block or ()):
                yield inner, line.words


def _port(line: Line | None, default: int) -> int:
    if line is None:
        return default
    if not re.fullmatch(r"\d{1,5}", line.words[0]):
        raise broken(f"'{line.words[0]}' is not a port number", line)
    return int(line.words[0])


def _reorder(order: list[str], line: Line) -> None:
    name, place, *other = line.words if len(line.words) > 1 else (*line.words, "", "")
    if name in order:
        order.remove(name)
    if place in {"before", "after"} and other and other[0] in order:
        order.insert(order.index(other[0]) + (place == "after"), name)
    else:
        order.insert(len(order) if place == "last" else 0, name)


def _blocks(lines: tuple[Line, ...]) -> Iterator[tuple[Line, tuple[Line, ...]]]:
    for index, line in enumerate(lines):
        if line.name == "import" and line.block is None:
            continue  # A file that exists only in the container.
        if line.block is None:
            if index != 0 and not (index == 1 and not lines[0].tokens):
                raise broken(f"'{line.name}' is outside of any site", line)
            # A file with a single site may omit the braces.
            yield line, lines[index + 1 :]
            return
        if line.tokens:
            yield line, line.block
        elif index != 0:
            raise broken("the block of global options must come first", line)


def _site(opened: Line, block: tuple[Line, ...], options: Options, stack: Stack) -> Site:
    addresses: list[Address] = []
    unknown: list[tuple[str, str]] = []
    door = stack.services.get(stack.front_door)
    environment = door.environment if door else {}
    has_tls = any(line.name == "tls" for line in block)
    bound = _bound(block, options)
    if door is None or network_mode(door) != "host":
        bound = tuple(word for word in bound if not _INNER.match(word))
    for token in _words(opened):
        text = _VARIABLE.sub(lambda m: environment.get(m[1]) or m[0], token.text)
        parts = _ADDRESS.fullmatch(text)
        if token.unset:
            why = f"the variable {token.unset} is not set in the front door's environment"
            unknown.append((text or f"{{${token.unset}}}", why))
        elif not parts or "{" in text:
            unknown.append((text, f"the address {text} is not known before Caddy runs"))
        elif not bound:
            continue
        elif why := _why_unreachable(parts, options, stack, has_tls=has_tls):
            unknown.append((parts["host"].lower(), why))
        elif listeners := _published(_listeners(parts, options, has_tls=has_tls), stack):
            path = path_matcher(parts["path"], 0) if parts["path"] else Matcher()
            host = (parts["host"] or "").lower()
            addresses.append(Address(host=host, bound=bound, listeners=listeners, path=path))
    if any(address.path.is_present for address in addresses):
        # Caddy makes no matcher for an address without host and path if another one has a path.
        addresses = [a for a in addresses if a.host or a.path.is_present]
    return Site(addresses=tuple(addresses), lines=block, opened=opened, unknown=tuple(unknown))


def _bound(block: tuple[Line, ...], options: Options) -> tuple[str, ...]:
    """The addresses at which the site listens; one empty text for every address."""
    own = tuple(word for line in block if line.name == "bind" for word in line.words)
    return own or options.default_bind or ("",)


def _with_tls(site: Site, ports: set[int]) -> Site:
    """The site with `tls` set for every port in `ports`: a port has TLS for all sites or none."""
    addresses = (
        replace(
            address,
            listeners=tuple(replace(i, tls=i.port in ports) for i in address.listeners),
        )
        for address in site.addresses
    )
    return replace(site, addresses=tuple(addresses))


def _words(line: Line) -> Iterator[Token]:
    if line.tokens[-1].text.endswith(","):
        raise broken("an address must follow the comma", line)
    for token in line.tokens:
        for word in token.text.split(","):
            if word or token.unset:
                yield Token(text=word, unset=token.unset)


def _listeners(parts: re.Match[str], options: Options, *, has_tls: bool) -> tuple[Listener, ...]:
    scheme, port = parts["scheme"], int(parts["port"]) if parts["port"] else 0
    is_automatic = bool(parts["host"]) and options.auto_https != "off"
    if scheme == "http" or (not scheme and port == options.http_port):
        return (Listener(port=port or options.http_port, tls=False),)
    tls = has_tls or is_automatic or (scheme == "https" and options.auto_https != "off")
    port = port or options.https_port
    # Caddy speaks TLS at that port even where it has no certificate.
    return (Listener(port=port, tls=tls or port == options.https_port),)


def _published(listeners: tuple[Listener, ...], stack: Stack) -> tuple[Listener, ...]:
    """The listeners at published ports; others are for containers only and have no host name."""
    door = stack.services.get(stack.front_door)
    ports = {port.target for port in door.ports} if door else set()
    return tuple(item for item in listeners if not ports or item.port in ports)


def _why_unreachable(parts: re.Match[str], options: Options, stack: Stack, *, has_tls: bool) -> str:
    """Why no client reaches an address with a host; empty if reached, or if it names a port."""
    listeners = _listeners(parts, options, has_tls=has_tls)
    if not parts["host"] or parts["port"] or _published(listeners, stack):
        return ""
    return f"Caddy has it at port {listeners[0].port}, which {stack.front_door} does not publish"


def _texts(lines: tuple[Line, ...], stack: Stack, depth: int) -> Iterator[str]:
    for line in lines:
        yield " " * depth + " ".join(repr(token.text) for token in line.tokens)
        if line.name == "tls" and line.words:
            yield certificate_text(stack, line.words[0])
        yield from _texts(line.block or (), stack, depth + 1)
