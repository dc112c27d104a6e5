"""Host names in a front door's files that no request matches as they are written.

Clients send `xn--bcher-kva.test` for `bücher.test`, and no dot at the end of a name.

front door              name with non-ASCII letters            name that ends with a dot
nginx, nginx-proxy      never matches                          never matches
Caddy before 2.9        never matches                          never matches
Caddy                   is converted                           never matches
Traefik                 the rule is refused                    is converted

Requests for a name that never matches get the front door's default answer, so the service that
answers is not known.
"""

import re

from stacktest.core.changed_copy import replace
from stacktest.core.hostnames import to_ascii
from stacktest.core.model import Stack
from stacktest.core.route import Route


def as_heard(route: Route, kind: str, stack: Stack) -> Route:
    """The route; without its service, and `unknown`, if no client's request can match its host."""
    host = route.host
    if route.service is None or host.startswith("~"):
        return route
    never_fits = not (host.isascii() or _converts(kind, stack))
    if never_fits or (host.endswith(".") and kind != "traefik"):
        why = f"no request is for {host!r}: clients send {to_ascii(host)}"
        return replace(route, service=None, port=None, unknown=why)
    return route


# Private

_CADDY = re.compile(r"(?:^|/)caddy:v?(\d{1,4})\.(\d{1,4})")


def _converts(kind: str, stack: Stack) -> bool:
    """Whether the front door converts non-ASCII names to the `xn--` form that clients send."""
    door = stack.services.get(stack.front_door)
    version = _CADDY.search(door.image) if door else None
    is_old = version is not None and (int(version[1]), int(version[2])) < (2, 9)
    return kind.startswith("caddy") and not is_old
