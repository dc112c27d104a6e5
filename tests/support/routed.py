"""Who answers a request by the routes of a front door, for tests about one answer."""

from collections.abc import Iterable

from stacktest.core.hostnames import to_ascii
from stacktest.core.route import Route
from stacktest.core.routing import FileKind, Request, answerers


def service_behind(
    routes: Iterable[Route],
    *,
    host: str,
    path: str = "/",
    status: int = 200,
    port: int | None = None,
    method: str | None = None,
    file_kind: FileKind | None = None,
) -> str | None:
    """The one service that must have given this answer, or None.

    `port` is the front door's own, in its container. `file_kind` looks into folders whose files the
    front door serves; without it, every path may be such a file.
    """
    request = Request(host=to_ascii(host), path=path, port=port, method=method)
    candidates = answerers(routes, request, status, file_kind=file_kind)
    return next(iter(candidates)) if len(candidates) == 1 else None
