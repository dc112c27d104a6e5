"""Where nginx passes a request: the servers of the `upstream` of that name, else the address.

server app:80; server other:80;   any of them
server app:80 down;               never used
include servers.conf;             not known if the file is only in the container
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from stacktest.adapters.routes.nginx.source import SILENT, UNSEEN, Directive
from stacktest.adapters.routes.nginx.steps import own_step, unseen_step
from stacktest.adapters.routes.ordered import shared
from stacktest.adapters.routes.upstream import route_to
from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.route import ANY_STATUS, Route


class Upstreams(Struct, frozen=True, kw_only=True):
    """The `upstream` blocks of `http`, or of `stream`."""

    blocks: Mapping[str, Directive] = field(default_factory=dict)
    """By name in lower case, as nginx compares them."""
    unseen: tuple[Directive, ...] = ()
    """Includes of files that are only in the container and may contain further blocks."""

    def addresses(self, text: str) -> tuple[str, ...]:
        """The addresses of a `proxy_pass` without a scheme: its upstream's servers, or its text."""
        block = self.blocks.get(text.lower())
        return tuple(server.words[0] for server in _asked(block)) if block else (text,)

    def routes(self, stack: Stack, text: str, where: str, *, by_request: bool) -> list[Route]:
        """Routes to the servers that may answer; `by_request`: looked up for every request."""
        scheme, separator, rest = text.rpartition("://") if "://" in text else ("", "", text)
        name = re.split(r"[/?]", rest, maxsplit=1)[0] if separator or "/" not in text else rest
        block = self.blocks.get(name.lower())
        if block is None:
            plain = route_to(stack, host="", upstream=text, where=where)
            route = self._doubted(replace(plain, is_looked_up_at_start=not by_request), name)
            return [route]
        routes = [
            replace(
                route_to(
                    stack, host="", upstream=f"{scheme}{separator}{server.words[0]}", where=where
                ),
                is_looked_up_at_start=True,
            )
            for server in _asked(block)
        ]
        return shared([*routes, *_unseen_servers(block)]) or [_without_server(block, name)]

    # Private

    def _doubted(self, route: Route, name: str) -> Route:
        """The route; unknown if an unseen file may define an `upstream` of that name."""
        if ":" in name or route.unknown:
            return route
        files = [item for item in self.unseen if item.name == UNSEEN or not route.service]
        if not files:
            return route
        doubted = replace(route, service=None, port=None, where=files[0].where)
        return unseen_step(doubted, files[0])


def read_upstreams(directives: Iterable[Directive]) -> Upstreams:
    """The `upstream` blocks among the directives."""
    items = tuple(directives)
    return Upstreams(
        blocks={i.words[0].lower(): i for i in items if i.name == "upstream" and i.words},
        unseen=tuple(
            item
            for item in items
            if item.name == UNSEEN or (item.name == SILENT and _has_star(item))
        ),
    )


# Private


def _has_star(item: Directive) -> bool:
    return "*" in item.words[0]


def _asked(block: Directive) -> list[Directive]:
    return [item for item in block.all("server") if item.words and "down" not in item.words[1:]]


def _unseen_servers(block: Directive) -> Iterator[Route]:
    for item in (*block.all(UNSEEN), *block.all(SILENT)):
        yield replace(unseen_step(own_step(item, ANY_STATUS), item), upstream="?")
    for item in (item for item in block.block if "_by_lua" in item.name):
        why = f"which server the directive `{item.name}` chooses"
        yield replace(own_step(item, ANY_STATUS), unknown=why, upstream="?")


def _without_server(block: Directive, name: str) -> Route:
    why = f"the upstream {name} has no server that nginx asks"
    return replace(own_step(block, ANY_STATUS), unknown=why, upstream=name)
