"""The Caddyfile that caddy-docker-proxy makes of labels; a line's place is its label.

    caddy: a.test b.test            opens a site; without a value its block holds global options
    caddy.reverse_proxy: …          a directive of the site; each dot nests one level deeper
    caddy_1.2_handle: /api/*        _1 numbers the site, 2_ is the directive's place in the order
    {{upstreams https 8443}}        the container's address

Sites of several services with equal addresses are merged, as are their directives.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from itertools import pairwise

from msgspec import Struct, field

from stacktest.adapters.routes.blank_names import BlankName, FindBlank, blank_names
from stacktest.adapters.routes.caddy.lexer import Line, Token, read_words
from stacktest.adapters.routes.caddy.own_answers import ORDER
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import Route
from stacktest.errors import UsageError


def label_prefix(stack: Stack) -> str:
    """The part of a label before its first dot: an option of caddy-docker-proxy, else `caddy`."""
    return _option(stack, "--label-prefix", "CADDY_DOCKER_LABEL_PREFIX") or "caddy"


def base_file(stack: Stack) -> str:
    """The Caddyfile in the front door's container that labels are added to; empty without one."""
    return _option(stack, "--caddyfile-path", "CADDY_DOCKER_CADDYFILE_PATH")


def label_lines(
    stack: Stack, environment: Mapping[str, str | None]
) -> tuple[tuple[Line, ...], list[Route]]:
    """The lines of all labels (global options, snippets, then sites), and routes that are unknown.

    A service with a label that cannot be read is left out, as caddy-docker-proxy does.
    """
    prefix = label_prefix(stack)
    lines: tuple[Line, ...] = ()
    unread: list[Route] = []
    for service in stack.services.values():
        find = blank_names(stack, service.name, "labels")
        try:
            for line in _of_service(service, prefix, environment):
                whole, blank = _whole(line, find)
                unread += blank
                lines = merged(lines, whole)
        except UsageError as error:
            unread.append(unread_label(f"{service.name}@", error))
    order = sorted(lines, key=lambda line: (bool(line.tokens), not line.name.startswith("(")))
    return tuple(order), unread


def unread_label(host: str, error: UsageError) -> Route:
    """A route of `host` whose service is unknown because of the error."""
    why = error.what.removeprefix("the Caddyfile cannot be read: ")
    return Route(host=host, unknown=why, where=error.where, upstream="?")


def merged(lines: Iterable[Line], others: Iterable[Line]) -> tuple[Line, ...]:
    """Both lists as one: equal lines share one block, upstreams of one matcher share one line."""
    result = list(lines)
    for other in others:
        place = next((n for n, line in enumerate(result) if _belong_together(line, other)), None)
        if place is None:
            result.append(other)
        elif _texts(result[place]) == _texts(other):
            if other.block is not None:
                block = merged(result[place].block or (), other.block)
                result[place] = replace(result[place], block=block)
        else:
            known = set(_texts(result[place]))
            more = tuple(token for token in other.tokens if token.text not in known)
            result[place] = replace(result[place], tokens=(*result[place].tokens, *more))
    return tuple(result)


# Private


_PART = re.compile(r"(?:(?P<order>\d+)_)?(?P<name>.+?)(?:_\d+)?")
_UPSTREAMS = re.compile(
    r"\{\{\s*upstreams(?:\s+(?P<scheme>[a-z][a-z0-9]*))?(?:\s+(?P<port>\d+))?\s*\}\}"
)
_EMPTY = re.compile(r"\{\{\s*(?:\"\"|``)\s*\}\}")
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_SHARED = ("reverse_proxy", "php_fastcgi")


class _Block(Struct, kw_only=True):
    """One label with the labels nested below it."""

    where: str
    words: tuple[Token, ...] = ()
    inner: dict[str, "_Block"] = field(default_factory=dict)

    def line(self, name: str) -> Line:
        """The label as a line, with a block if labels are nested below it."""
        head = (Token(text=name),) if name else ()
        parts = sorted(self.inner.items(), key=lambda item: _order(item[0]))
        block = tuple(part.line(_name(key)) for key, part in parts)
        is_open = bool(block) or not name
        return Line(
            tokens=(*head, *self.words), block=block if is_open else None, file=self.where, number=0
        )


def _whole(line: Line, find: FindBlank) -> tuple[tuple[Line, ...], list[Route]]:
    """The site without incomplete addresses (see `blank_names`), and unknown routes for these."""
    names = [(token, _blank(token.text.strip(","), find)) for token in line.tokens]
    blanks = [blank for _, blank in names if blank]
    is_site = any(part.name in ORDER for part in line.block or ())
    if not line.tokens and is_site and (blank := find("")):
        blanks.append(blank)
    routes = [
        Route(host=blank.written, unknown=blank.why, where=line.where, upstream="?")
        for blank in blanks
    ]
    if not blanks:
        return (line,), []
    tokens = tuple(replace(t, text=t.text.strip(",")) for t, blank in names if not blank)
    return (replace(line, tokens=tokens),) if tokens else (), routes


def _blank(address: str, find: FindBlank) -> BlankName | None:
    host = (address.partition("://")[2] or address).partition("/")[0].partition(":")[0]
    return find(address) or find(host)


def _of_service(
    service: Service, prefix: str, environment: Mapping[str, str | None]
) -> tuple[Line, ...]:
    sign = re.compile(rf"{re.escape(prefix)}(_\d+)?(\..+)?")
    roots: dict[str, _Block] = {}
    for label, value in sorted(service.labels.items()):
        if not sign.fullmatch(label):
            continue
        root, *keys = label.split(".")
        where = f"services.{service.name}.labels.{label}"
        block = roots.setdefault(root, _Block(where=where))
        for key in keys:
            block = block.inner.setdefault(key, _Block(where=where))
        block.where = where
        block.words = read_words(_filled(value, service), where, environment)
    blocks = sorted(roots.items(), key=lambda item: item[0])
    return tuple(block.line("") for _, block in blocks)


def _filled(text: str, service: Service) -> str:
    """The value with its templates filled in; an unknown template becomes `{template}`."""

    def address(match: re.Match[str]) -> str:
        scheme = f"{match['scheme']}://" if match["scheme"] else ""
        return f"{scheme}{service.name}" + (f":{match['port']}" if match["port"] else "")

    return _TEMPLATE.sub("{template}", _EMPTY.sub("", _UPSTREAMS.sub(address, text)))


def _order(key: str) -> tuple[int, str]:
    part = _PART.fullmatch(key)
    order = part["order"] if part else None
    number = whole_number(order or "")
    return sys.maxsize if number is None else number, _name(key)


def _name(key: str) -> str:
    part = _PART.fullmatch(key)
    return part["name"] if part else key


def _texts(line: Line) -> tuple[str, ...]:
    return tuple(token.text for token in line.tokens)


def _belong_together(line: Line, other: Line) -> bool:
    if _texts(line) == _texts(other):
        return True
    return line.name in _SHARED and line.name == other.name and _matcher(line) == _matcher(other)


def _matcher(line: Line) -> str:
    first = line.words[0] if line.words else ""
    return first if first.startswith(("/", "@", "*")) else ""


def _option(stack: Stack, option: str, variable: str) -> str:
    door = stack.services.get(stack.front_door)
    if door is None:
        return ""
    words = [*(door.command or ()), ""]
    for word, following in pairwise(words):
        name, equals, value = word.partition("=")
        if name.lstrip("-") == option.lstrip("-"):
            return value if equals else following
    return door.environment.get(variable) or ""
