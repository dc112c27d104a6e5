"""Host names and the services behind them, one file per kind of front door."""

from collections.abc import Mapping
from pathlib import Path

from stacktest.adapters.routes.caddy.reader import read_caddyfile
from stacktest.adapters.routes.nginx import read_nginx
from stacktest.adapters.routes.static import read_configured
from stacktest.adapters.routes.traefik import read_traefik
from stacktest.core.model import Route, Stack
from stacktest.errors import UsageError

READERS = {"caddy": read_caddyfile, "nginx": read_nginx}
"""Kind of file → its reader."""


def read_routes(
    sources: tuple[str, ...], stack: Stack, *, hosts: Mapping[str, str] | None = None
) -> tuple[Route, ...]:
    """Routes of all sources in their order; a host that appears again keeps its first service.

    A source is `none`, `traefik` (labels in the compose file), a file relative to the stack's
    folder, or a file with its kind in front: `caddy:FILE`, `nginx:FILE`. `hosts` is
    `[stack.hosts]` and wins.
    """
    routes = list(read_configured(hosts or {}, stack))
    for source in sources:
        known = {route.host for route in routes}
        routes += [route for route in _read(source, stack) if route.host not in known]
    return tuple(routes)


# Private


def _read(source: str, stack: Stack) -> tuple[Route, ...]:
    if source == "none":
        return ()
    if source in {"traefik", "labels"}:
        return read_traefik(stack)
    kind, colon, name = source.partition(":")
    if not (colon and kind in READERS):
        kind, name = _kind(source), source
    path = stack.root / name
    if not path.is_file():
        raise UsageError(
            f"no such file: {name}",
            where="stacktest.toml:stack.routes",
            hint="name the front door's configuration, `traefik`, or `none`",
            code="SK-ROUTES",
        )
    return READERS[kind](path, stack)


def _kind(source: str) -> str:
    name = Path(source).name.lower()
    if "caddyfile" in name or name.endswith(".caddy"):
        return "caddy"
    if name.endswith(".conf") or "nginx" in name:
        return "nginx"
    raise UsageError(
        f"'{source}' is neither a Caddyfile nor an nginx configuration by its name",
        where="stacktest.toml:stack.routes",
        hint=f"write caddy:{source} or nginx:{source}",
        code="SK-ROUTES",
    )
