"""Which service an answer came from: by host name, path and status, or not known.

A wrong answer here would give a service credit for another's work, so every doubt is "not known":

    502, 503, 504                      may be the front door's own: no service
    host has one upstream              that service
    path matches exactly one route     that route's service
    a condition no address shows       may have matched: not known, unless to the same service
"""

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from stacktest.core.model import Route

HTTPS, HTTP = 443, 80
DOOR_FAILURES = frozenset({502, 503, 504})
"""What a front door answers when its upstream does not."""


def covers(pattern: str, host: str) -> bool:
    """Whether a route's host name, exact or `*.name`, means `host` (one label per star)."""
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return pattern == host


def service_behind(
    routes: Iterable[Route], *, host: str, path: str = "/", status: int = 200
) -> str | None:
    """The one service that must have given this answer, or None."""
    if status in DOOR_FAILURES:
        return None
    mine = _of_host(tuple(routes), host.lower())
    hidden = {route.service for route in mine if route.match.startswith("@") and route.service}
    candidates = _by_path(mine, path) | hidden
    return next(iter(candidates)) if len(candidates) == 1 else None


# Private


def _of_host(routes: tuple[Route, ...], host: str) -> tuple[Route, ...]:
    exact = tuple(route for route in routes if route.host == host)
    return exact or tuple(route for route in routes if covers(route.host, host))


def _by_path(routes: tuple[Route, ...], path: str) -> set[str | None]:
    matched = [
        route
        for route in routes
        if route.match.startswith(("/", "*")) and fnmatchcase(path, route.match)
    ]
    if matched:
        longest = max(len(route.match) for route in matched)
        return {route.service for route in matched if len(route.match) == longest}
    default = [route for route in routes if not route.match]
    # `respond` beside an upstream without a condition is a side door that no path reaches.
    proxied = [route for route in default if route.upstream]
    return {route.service for route in proxied or default}


def origin(ports: Collection[int], host: str) -> str:
    """`https://host`, or plain HTTP where the front door publishes no port 443."""
    if HTTPS in ports or not ports:
        return f"https://{host}"
    return f"http://{host}" if HTTP in ports else f"http://{host}:{min(ports)}"
