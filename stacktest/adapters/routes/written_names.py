"""Host names that a front door never hears as they are written in its files.

Clients send `xn--bcher-kva.test` for `bücher.test`, and no dot at a name's end.

front door              name with other letters than ASCII     name that ends with a dot
nginx, nginx-proxy      never fits                             never fits
Caddy before 2.9        never fits                             never fits
Caddy                   is converted                           never fits
Traefik                 the rule is refused                    is converted

What does not fit is answered by whoever answers for names that are not there, so it is not known
who that is.
"""

import re

from stacktest.core.changed_copy import replace
from stacktest.core.hostnames import to_ascii
from stacktest.core.model import Stack
from stacktest.core.route import Route


def as_heard(route: Route, kind: str, stack: Stack) -> Route:
    """The route, without its service where no client's request comes to it."""
    host = route.host
    if route.service is None or host.startswith("~"):
        return route
    never_fits = not (host.isascii() or _converts(kind, stack))
    if never_fits or (host.endswith(".") and kind != "traefik"):
        why = f"clients send {to_ascii(host)}, and the front door knows only what is written here"
        return replace(route, service=None, port=None, unknown=why)
    return route


# Private

_CADDY = re.compile(r"(?:^|/)caddy:v?(\d{1,4})\.(\d{1,4})")


def _converts(kind: str, stack: Stack) -> bool:
    """Whether the front door writes letters in the way in which clients send them."""
    door = stack.services.get(stack.front_door)
    version = _CADDY.search(door.image) if door else None
    is_old = version is not None and (int(version[1]), int(version[2])) < (2, 9)
    return kind.startswith("caddy") and not is_old
