"""Small stacks with a front door, and who answers for a request by what its files say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stacktest.adapters.routes import read_routes
from stacktest.adapters.routes.served_files import file_kind
from stacktest.core.model import Mount, Port, Service, Stack
from stacktest.core.route import Route
from tests.support.routed import service_behind

WEB = (Port(target=80, published=80), Port(target=443, published=443))
Write = Callable[..., tuple[Route, ...]]


def stack(root: Path, *others: Service, mounts: dict[str, str] | None = None, **door: Any) -> Stack:
    """A front door `door` with the services; `mounts` are folders of the root by target."""
    binds = tuple(
        Mount(kind="bind", source=str(root / source), target=target)
        for target, source in (mounts or {}).items()
    )
    settings: dict[str, Any] = {"name": "door", "ports": WEB, "mounts": binds} | door
    services = [Service(**settings), *others]
    return Stack(
        name="t",
        root=root,
        services={service.name: service for service in services},
        domain="x.test",
        front_door="door",
    )


def apps(*names: str) -> tuple[Service, ...]:
    return tuple(Service(name=name) for name in names)


def who(
    routes: tuple[Route, ...], host: str, path: str = "/", status: int = 200, **more: Any
) -> str | None:
    more = {"port": 80} | more
    return service_behind(routes, host=host, path=path, status=status, file_kind=file_kind, **more)


def caddy(root: Path, text: str, of: Stack) -> tuple[Route, ...]:
    (root / "Caddyfile").write_text(text)
    return read_routes(("Caddyfile",), of)


def nginx(root: Path, text: str, of: Stack) -> tuple[Route, ...]:
    (root / "site.conf").write_text(text)
    return read_routes(("site.conf",), of)


def leads(routes: tuple[Route, ...]) -> dict[str, str]:
    """Host → the service and port by default, else why not."""
    rows: dict[str, str] = {}
    for route in routes:
        target = f"{route.service}:{route.port}" if route.service else route.unknown
        rows.setdefault(route.host, target or route.upstream)
    return rows
