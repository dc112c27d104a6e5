"""Routes read from a front door's configuration, one folder per kind of front door.

A reader is imported only when a stack has a front door of its kind.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stacktest.adapters.foreign_paths import is_file, is_folder, is_missing, matching
from stacktest.adapters.routes.configured import read_configured
from stacktest.adapters.routes.second_door import behind_first
from stacktest.adapters.routes.written_names import as_heard
from stacktest.core.door_files import kind_by_name
from stacktest.core.model import Stack
from stacktest.core.route import Route, unread_route
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError

Reader = Callable[[tuple[Path, ...], Stack], tuple[Route, ...]]


def read_routes(
    sources: tuple[str, ...],
    stack: Stack,
    *,
    hosts: Mapping[str, str] | None = None,
    goes_on: bool = False,
) -> tuple[Route, ...]:
    """The routes of all sources, in order; a host that is in several has those of the first.

    A source is `none`, a program that reads the compose file itself (`traefik`: labels and the file
    provider, `caddy-docker-proxy`: labels, `nginx-proxy`: VIRTUAL_HOST), a file relative to the
    stack's folder, or a file with its kind in front: `caddy:FILE`, `nginx:FILE`, `traefik:FILE`.
    The last part of a file may be a pattern: `conf.d/*.conf` is also what is added there later.
    All nginx files are read together, as are all Traefik files. `hosts` is `[stack.hosts]` and
    takes precedence.

    A file that cannot be read is a UsageError; with `goes_on` it becomes an unread route, and no
    route of its kind of front door is known.
    """
    routes = list(read_configured(hosts or {}, stack))
    configured = len(routes)
    for kind, paths in _groups(sources, stack):
        known = {route.host for route in routes}
        others = (
            as_heard(route, kind, stack)
            for route in _read(kind, paths, stack, goes_on=goes_on)
            if route.host not in known
        )
        routes += list(behind_first(others, kind, routes[configured:], stack))
    return tuple(routes)


def unnamed_servers(sources: tuple[str, ...], stack: Stack) -> tuple[str, ...]:
    """Servers, as `file:line`, of files that nginx reads beside those that the sources name."""
    from stacktest.adapters.routes.nginx.source import read_directives

    paths = dict(_groups(sources, stack)).get("nginx", ())
    try:
        with _depth_checked(paths, stack):
            directives = read_directives(paths, stack)
    except UsageError:
        return ()  # The reader of the routes says so.
    servers = (item for item in directives if item.name == "server" and not item.is_named)
    return tuple(dict.fromkeys(item.where for item in servers))


def _read_caddyfiles(paths: tuple[Path, ...], stack: Stack) -> tuple[Route, ...]:
    from stacktest.adapters.routes.caddy.reader import read_caddyfile

    routes: list[Route] = []
    for path in paths:
        known = {route.host for route in routes}
        routes += [route for route in read_caddyfile(path, stack) if route.host not in known]
    return tuple(routes)


def _read_nginx(paths: tuple[Path, ...], stack: Stack) -> tuple[Route, ...]:
    from stacktest.adapters.routes.nginx.reader import read_nginx

    return read_nginx(paths, stack)


def _read_traefik(paths: tuple[Path, ...], stack: Stack) -> tuple[Route, ...]:
    from stacktest.adapters.routes.traefik.reader import read_traefik

    return read_traefik(stack, paths)


def _read_caddy_labels(_paths: tuple[Path, ...], stack: Stack) -> tuple[Route, ...]:
    from stacktest.adapters.routes.caddy.reader import read_caddy_labels

    return read_caddy_labels(stack)


def _read_virtual_hosts(_paths: tuple[Path, ...], stack: Stack) -> tuple[Route, ...]:
    from stacktest.adapters.routes.nginx_proxy.reader import read_virtual_hosts

    return read_virtual_hosts(stack)


READERS: Mapping[str, Reader] = {
    "caddy": _read_caddyfiles,
    "nginx": _read_nginx,
    "traefik": _read_traefik,
    "caddy-docker-proxy": _read_caddy_labels,
    "nginx-proxy": _read_virtual_hosts,
}
"""Kind of front door → its reader."""


# Private


def _read(kind: str, paths: tuple[Path, ...], stack: Stack, *, goes_on: bool) -> tuple[Route, ...]:
    try:
        with _depth_checked(paths, stack):
            return READERS[kind](paths, stack)
    except UsageError as error:
        if not goes_on:
            raise
        return (unread_route(error.where, error.what),)


@contextmanager
def _depth_checked(paths: tuple[Path, ...], stack: Stack) -> Iterator[None]:
    """Turn a RecursionError while the files are read into a UsageError."""
    try:
        yield
    except RecursionError as error:
        names = ", ".join(os.path.relpath(path, stack.root) for path in paths)
        what = "its blocks are nested too deeply"
        raise UsageError(what, where=names, code="SK-ROUTES") from error


_WITH_FILES = ("caddy", "nginx", "traefik")
"""Kinds that read configuration files: `kind:FILE` is allowed in `routes`."""
_PROGRAMS = ("traefik", "caddy-docker-proxy", "nginx-proxy")
_BY_NAME = {name: name for name in _PROGRAMS} | {"labels": "traefik"}
"""Word in `routes` → the program that reads the compose file itself."""
_PATTERN = re.compile(r"[*?\[]")


def _groups(sources: tuple[str, ...], stack: Stack) -> Iterator[tuple[str, tuple[Path, ...]]]:
    by_kind: dict[str, list[Path]] = {}
    for source in sources:
        if source == "none":
            continue
        kind, paths = _located(source, stack)
        by_kind.setdefault(kind, []).extend(paths)
    yield from ((kind, tuple(dict.fromkeys(paths))) for kind, paths in by_kind.items())


def _located(source: str, stack: Stack) -> tuple[str, tuple[Path, ...]]:
    """The kind of a source, and its files: one, those that match a pattern, or none."""
    if source in _BY_NAME:
        return _BY_NAME[source], ()
    kind, colon, name = source.partition(":")
    if not (colon and kind in _WITH_FILES):
        kind, name = "", source
    path = stack.root / name
    kind = kind or _kind(source, path)
    if not is_missing(path):
        return kind, (path,)
    if _PATTERN.search(path.name):
        files = sorted(file for file in matching(path.parent, path.name) if is_file(file))
        if files:
            return kind, tuple(files)
        raise _wrong(f"no file matches {name}", "write `none` where nothing defines host names")
    programs = ", ".join(map("`{}`".format, _PROGRAMS))
    hint = did_you_mean(name, _beside(path, stack))
    hint = hint or f"name the front door's configuration, {programs}, or `none`"
    raise _wrong(f"no such file: {name}", hint)


def _wrong(what: str, hint: str) -> UsageError:
    return UsageError(what, where="stacktest.toml:stack.routes", hint=hint, code="SK-ROUTES")


def _beside(path: Path, stack: Stack) -> list[str]:
    """The files beside a missing `path`, relative to the stack's folder as in `routes`."""
    try:
        return [str(item.relative_to(stack.root)) for item in path.parent.iterdir()]
    except (OSError, ValueError):
        return []


def _kind(source: str, path: Path) -> str:
    if kind := kind_by_name(source):
        return kind
    if is_folder(path):
        raise _wrong(f"{source} is a folder", f"name its files: {source.rstrip('/')}/*.conf")
    raise _wrong(
        f"'{source}' is neither a Caddyfile nor an nginx configuration by its name",
        f"say which kind it is: {' or '.join(f'{kind}:{source}' for kind in _WITH_FILES)}",
    )
