"""Finds the lines of configuration that a diagnosis names: of routes and of compose keys."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from stacktest.adapters.compose.command_line import typed_path
from stacktest.adapters.compose.files import shown_path
from stacktest.adapters.compose.yaml import key_lines
from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import SourceLine
from stacktest.core.diagnosis.upstream import host_of
from stacktest.core.model import Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import Route


def route_lines(stack: Stack, folder: Path) -> dict[str, SourceLine]:
    """Place of a route → the line with its upstream, which may be another line of the file."""
    newest = cache(_newest)
    return {
        route.where: replace(line, written=newest((stack.root / route.where).parent))
        for route in stack.routes
        if route.upstream and (line := _line_of(stack, route, folder)) is not None
    }


def compose_lines(stack: Stack, folder: Path, services: Iterable[str]) -> dict[str, SourceLine]:
    """`services.NAME.KEY`, `networks.KEY`, `volumes.KEY` → its line, in the last file with it."""
    names = set(services)
    lines: dict[str, SourceLine] = {}
    for name in stack.compose_files:
        path = Path(name)
        text, written = _read(path), _written(path)
        for key, number in key_lines(text.encode()).items() if text else ():
            if _is_named(key.split("."), names):
                line = _source_line(stack, path, number, text.splitlines(), folder)
                lines[key] = replace(line, written=written)
    return lines


# Private

_SHARED = frozenset({"networks", "volumes"})


def _is_named(parts: list[str], services: set[str]) -> bool:
    if parts[0] == "services":
        return len(parts) > 2 and parts[1] in services  # noqa: PLR2004
    return parts[0] in _SHARED and len(parts) == 2  # noqa: PLR2004


def _line_of(stack: Stack, route: Route, folder: Path) -> SourceLine | None:
    file, _, digits = route.where.rpartition(":")
    number, path = whole_number(digits), stack.root / file
    rows = _read(path).splitlines() if number else []
    if not number or number > len(rows):
        return None
    if host_of(route.upstream) not in rows[number - 1]:
        number = next(_naming(rows, route), number)
    return _source_line(stack, path, number, rows, folder)


def _naming(rows: list[str], route: Route) -> Iterator[int]:
    """The line with host and port of the upstream, if there is only one in the file."""
    written = f"{host_of(route.upstream)}:{route.port}"
    numbers = [number for number, row in enumerate(rows, start=1) if written in row]
    yield from numbers if len(numbers) == 1 else ()


def _source_line(
    stack: Stack, path: Path, number: int, rows: list[str], folder: Path
) -> SourceLine:
    return SourceLine(
        where=f"{shown_path(path, stack.root)}:{number}",
        path=typed_path(folder, path),
        number=number,
        text=rows[number - 1],
    )


def _newest(folder: Path) -> datetime | None:
    """Time of the last change of any file of the folder, since files may include one another."""
    try:
        times = [_written(Path(item.path)) for item in os.scandir(folder) if item.is_file()]
    except OSError:
        return None
    return max((time for time in times if time), default=None)


def _written(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
