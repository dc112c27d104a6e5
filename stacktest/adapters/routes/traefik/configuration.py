"""The configuration from Traefik's providers: labels of every service, and the provider's files.

Both have the same structure and become a nested mapping with keys in lower case, since Traefik
ignores their case.
"""

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from stacktest.adapters.routes.mounts import files_behind, is_on_this_side, shown
from stacktest.adapters.routes.traefik.document import document_of, router_lines
from stacktest.adapters.routes.traefik.static import Static
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.unknown import Unknown

DOCKER, FILE = "docker", "file"
"""The providers, as written after the @ of a name."""
Section = Mapping[str, Json]
"""A nested mapping with keys in lower case."""


class Origin(Struct, frozen=True, kw_only=True):
    """One place that configures Traefik: the labels of a service, or a file."""

    provider: str
    """`docker` or `file`."""
    http: Section
    tcp: Section = field(default_factory=dict)
    service: str = ""
    """The service that has the labels; empty for a file."""
    labels: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)
    """`http.NAME` or `tcp.NAME` of a router → the place of its rule."""

    def place(self, kind: str, name: str) -> str:
        """The place of a router's rule; the place of the whole origin if it has no rule."""
        return self.lines.get(f"{kind}.{name}", self.where)


def label_origins(stack: Stack, static: Static) -> Iterator[Origin | Unknown]:
    """The labels of every service, even without Traefik labels; or why a label is not read."""
    for service in stack.services.values():
        nested: dict[str, Json] = {}
        lines: dict[str, str] = {}
        labels, place = _labels(service, static)
        for label, value in labels.items():
            keys = label.lower().split(".")
            if keys[0] == "traefik" and keys[-2:] == ["frontend", "rule"]:
                yield Unknown(f"{place}.{label}: a rule for Traefik 1, which is not read")
            if keys[0] == "traefik" and keys[1:2] in (["http"], ["tcp"]):
                _put(nested, keys[1:], value)
            if len(keys) == _ROUTER_KEYS and keys[2] == "routers" and keys[4] == "rule":
                lines[f"{keys[1]}.{keys[3]}"] = f"{place}.{label}"
        yield Origin(
            provider=DOCKER,
            http=section(nested.get("http")),
            tcp=section(nested.get("tcp")),
            service=service.name,
            labels=labels,
            where=place,
            lines=lines,
        )


def file_origins(
    stack: Stack, static: Static, named: tuple[Path, ...]
) -> Iterator[Origin | Unknown]:
    """The named files and those of the file provider; or why a file cannot be read."""
    placed = replace(stack, front_door=static.service) if static.service else stack
    for path in named:
        yield from _of_dynamic_file(path, placed)
    for key, pattern in (("directory", "**/*"), ("filename", "")):
        target = static.values.get(f"providers.file.{key}", "")
        if not target:
            continue
        files = [
            file
            for file in files_behind(
                placed, stack.root, posixpath.join(target, pattern).rstrip("/")
            )
            if file.suffix in {".yml", ".yaml", ".toml"}
        ]
        if not files and not is_on_this_side(placed, target):
            yield Unknown(f"{target}: Traefik's file provider reads it, and no mount shows it")
        for file in files:
            if file not in named:
                yield from _of_dynamic_file(file, placed)


def split_name(name: str, provider: str) -> tuple[str, str]:
    """A name in lower case, and its provider: the part after an @ (`swarm` counts as `docker`)."""
    plain, _, other = name.lower().partition("@")
    return plain, DOCKER if other == "swarm" else other or provider


def section(value: Json) -> Section:
    """The value if it is a mapping, else an empty mapping."""
    return value if isinstance(value, Mapping) else {}


# Private

_ROUTER_KEYS = 5


def _labels(service: Service, static: Static) -> tuple[Mapping[str, str], str]:
    """The labels that Traefik reads, and their key: in a swarm those below `deploy`."""
    if not static.is_of_a_swarm:
        return service.labels, f"services.{service.name}.labels"
    labels = section(section(section(service.definition).get("deploy")).get("labels"))
    texts = {name: str(value) for name, value in labels.items()}
    return texts, f"services.{service.name}.deploy.labels"


def _of_dynamic_file(path: Path, stack: Stack) -> Iterator[Origin | Unknown]:
    document = document_of(path, stack)
    if isinstance(document, Unknown):
        yield document
        return
    http, tcp = (section(section(document).get(kind)) for kind in ("http", "tcp"))
    file = shown(path, stack)
    routers = [
        (kind, name)
        for kind, part in (("http", http), ("tcp", tcp))
        for name in section(part.get("routers"))
    ]
    lines = router_lines(path, file, routers)
    yield Origin(provider=FILE, http=http, tcp=tcp, where=file, lines=lines)


def _put(nested: dict[str, Json], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        inner = nested.setdefault(key, {})
        if not isinstance(inner, dict):
            # `tls=true` beside `tls.certresolver=x`: the longer key is more specific.
            inner = nested[key] = {}
        nested = inner
    if keys and not isinstance(nested.get(keys[-1]), dict):
        nested[keys[-1]] = value
