"""Reads a service's Dockerfile: the image of its final stage, and the files that it copies."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from stacktest.core.interpolation import interpolate
from stacktest.core.model import Service


class Stage(Struct, frozen=True, kw_only=True):
    """One `FROM` with the instructions after it."""

    image: str
    name: str
    copies: tuple[tuple[str, str], ...]
    """Paths in the build context, each with the path in the image."""


def base_image(service: Service) -> str:
    """The image on which the final stage of the service's build is based; empty if not known."""
    stages = _stages(service)
    stage = _last(stages, service)
    names = {item.name: item for item in stages if item.name}
    visited: set[str] = set()
    while stage and stage.image.lower() in names and stage.image.lower() not in visited:
        visited.add(stage.image.lower())
        stage = names[stage.image.lower()]
    return stage.image if stage else ""


def copied_files(service: Service) -> Iterator[tuple[Path, str]]:
    """Paths on this machine that the final stage copies, each with its path in the image."""
    stage = _last(_stages(service), service)
    if stage is None or service.build is None:
        return
    for source, target in stage.copies:
        path = Path(service.build.context, source)
        is_file = os.path.isfile(path)  # noqa: PTH113 - `Path.is_file` raises for some names
        name = target + path.name if target.endswith("/") and is_file else target
        yield path, name


# Private

_FROM = re.compile(r"FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_COPY = re.compile(r"(?:COPY|ADD)\s+(.+)", re.IGNORECASE)
_ARG = re.compile(r"ARG\s+(\w+)(?:=(\S+))?", re.IGNORECASE)


def _stages(service: Service) -> tuple[Stage, ...]:
    arguments = _arguments(service)
    stages: list[Stage] = []
    for line in _lines(_text(service)):
        if match := _FROM.match(line):
            image = interpolate(match[1], arguments.get)
            stages.append(Stage(image=image, name=(match[2] or "").lower(), copies=()))
        elif (match := _ARG.match(line)) and not stages:
            arguments.setdefault(match[1], (match[2] or "").strip("\"'"))
        elif (match := _COPY.match(line)) and stages:
            last = stages[-1]
            copies = (*last.copies, *_copies(match[1]))
            stages[-1] = Stage(image=last.image, name=last.name, copies=copies)
    return tuple(stages)


def _last(stages: tuple[Stage, ...], service: Service) -> Stage | None:
    target = service.build.target.lower() if service.build else ""
    if target:
        return next((stage for stage in stages if stage.name == target), None)
    return stages[-1] if stages else None


def _text(service: Service) -> str:
    build = service.build
    if build is None:
        return ""
    if build.inline:
        return str(service.definition.get("build", {}).get("dockerfile_inline", ""))
    try:
        return Path(build.context, build.dockerfile).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""


def _lines(text: str) -> Iterator[str]:
    """The instructions without comments; a backslash at a line's end joins it to the next line."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    return (line.strip() for line in joined.splitlines() if line.strip())


def _arguments(service: Service) -> dict[str, str]:
    definition = service.definition if isinstance(service.definition, dict) else {}
    build = definition.get("build")
    arguments = build.get("args") if isinstance(build, dict) else None
    values = arguments.items() if isinstance(arguments, dict) else ()
    return {str(name): str(value) for name, value in values if value is not None}


def _copies(words: str) -> Iterator[tuple[str, str]]:
    """The pairs of `COPY [--chown=…] SOURCE… TARGET`; none if copied `--from` another stage."""
    try:
        parts = shlex.split(words.strip("[]").replace('",', '" '))
    except ValueError:
        return
    if any(part.startswith("--from") for part in parts):
        return
    paths = [part for part in parts if not part.startswith("--")]
    for source in paths[:-1]:
        yield source, paths[-1]
