"""What Traefik is configured with: labels of every service, and the files of its file provider.

Labels and files say the same things; both become one nested mapping with keys in small letters,
since Traefik reads them in any case.
"""

import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stacktest.adapters.compose.yaml import parse_yaml
from stacktest.adapters.routes.mounts import files_behind, is_on_this_side, shown
from stacktest.core.model import Json, Service, Stack
from stacktest.core.unknown import Unknown

Section = Mapping[str, Json]
"""A nested mapping with keys in small letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """One place that configures Traefik: the labels of a service, or a file."""

    provider: str
    """`docker` or `file`, as it stands behind the @ of a name."""
    http: Section
    service: str = ""
    """Whose labels they are."""
    where: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)
    """Name of a router → where its rule stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Static:
    """Traefik's static configuration, flat: `entrypoints.web.address` → `:80`."""

    service: str = ""
    """The service that is Traefik; empty when it is not in this project."""
    values: Mapping[str, str] = field(default_factory=dict)

    def entrypoints(self) -> dict[str, int]:
        """Name of an entry point → its port."""
        ports: dict[str, int] = {}
        for key, value in self.values.items():
            name = re.fullmatch(r"entrypoints\.([^.]+)\.address", key)
            port = re.search(r":(\d{1,5})(?:/tcp)?$", value)
            if name and port:
                ports[name[1]] = int(port[1])
        return ports

    def has(self, prefix: str) -> bool:
        """Whether anything is configured below a key."""
        return any(key == prefix or key.startswith(f"{prefix}.") for key in self.values)


def read_static(stack: Stack) -> Static:
    """The static configuration from the command, the environment and the file of Traefik."""
    service = _traefik(stack)
    if service is None:
        return Static()
    values = dict(_of_file(service, stack))
    values |= {
        re.sub(r"^traefik_", "", name.lower()).replace("_", "."): value or ""
        for name, value in service.environment.items()
        if name.lower().startswith("traefik_")
    }
    values |= dict(_of_command(service))
    return Static(service=service.name, values=values)


def label_origins(stack: Stack) -> Iterator[Origin]:
    """The labels of every service that has any for Traefik."""
    for service in stack.services.values():
        nested: dict[str, Json] = {}
        lines: dict[str, str] = {}
        for label, value in service.labels.items():
            keys = label.lower().split(".")
            if keys[:2] == ["traefik", "http"]:
                _put(nested, keys[2:], value)
            if len(keys) == _ROUTER_KEYS and keys[2] == "routers" and keys[4] == "rule":
                lines[keys[3]] = f"services.{service.name}.labels.{label}"
        if nested:
            where = f"services.{service.name}.labels"
            yield Origin(
                provider="docker", http=nested, service=service.name, where=where, lines=lines
            )


def file_origins(
    stack: Stack, static: Static, named: tuple[Path, ...]
) -> Iterator[Origin | Unknown]:
    """The files that were named, and those of the file provider, or why one cannot be read."""
    placed = replace(stack, front_door=static.service) if static.service else stack
    for path in named:
        yield from _of_dynamic_file(path, stack)
    for key, pattern in (("directory", "*"), ("filename", "")):
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
            yield Unknown(f"{target}: Traefik's file provider reads it, and it is not on this side")
        for file in files:
            if file not in named:
                yield from _of_dynamic_file(file, stack)


def section(value: Json) -> Section:
    """The mapping, or an empty one where something else stands."""
    return value if isinstance(value, Mapping) else {}


# Private

_ROUTER_KEYS = 5
_STATIC_FILES = ("/etc/traefik/traefik", "/traefik", "/traefik/traefik")


def _traefik(stack: Stack) -> Service | None:
    door = stack.services.get(stack.front_door)
    if door and "traefik" in f"{door.image} {door.name}".lower():
        return door
    images = [s for s in stack.services.values() if re.search(r"(^|/)traefik(:|@|$)", s.image)]
    return images[0] if images else door


def _of_command(service: Service) -> Iterator[tuple[str, str]]:
    for word in service.command or ():
        key, equals, value = word.lstrip("-").partition("=")
        if word.startswith("--"):
            yield key.lower(), value.strip("'\"") if equals else "true"


def _of_file(service: Service, stack: Stack) -> Iterator[tuple[str, str]]:
    placed = replace(stack, front_door=service.name)
    options = dict(_of_command(service))
    stems = [f"{stem}{ending}" for stem in _STATIC_FILES for ending in (".yml", ".yaml", ".toml")]
    for target in (options.get("configfile", ""), *stems):
        for file in files_behind(placed, stack.root, target) if target.startswith("/") else ():
            document = _document(file, stack)
            if isinstance(document, Mapping):
                yield from _flat(document, "")
            return


def _of_dynamic_file(path: Path, stack: Stack) -> Iterator[Origin | Unknown]:
    document = _document(path, stack)
    if isinstance(document, Unknown):
        yield document
        return
    http = section(section(document).get("http"))
    file = shown(path, stack)
    routers = http.get("routers")
    names = list(routers) if isinstance(routers, Mapping) else []
    yield Origin(provider="file", http=http, where=file, lines=_lines(path, file, names))


def _document(path: Path, stack: Stack) -> Json | Unknown:
    file = shown(path, stack)
    try:
        text = path.read_bytes()
        if path.suffix == ".toml":
            return _lower(tomllib.loads(text.decode()))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not valid TOML"
        return Unknown(f"{file}: {reason}")
    document = parse_yaml(text, file)
    return document if isinstance(document, Unknown) else _lower(document)


def _lower(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {str(key).lower(): _lower(item) for key, item in value.items()}
    return [_lower(item) for item in value] if isinstance(value, list) else value


def _lines(path: Path, file: str, names: list[str]) -> dict[str, str]:
    text = path.read_text(encoding="utf-8", errors="replace").splitlines()
    places: dict[str, str] = {}
    for name in names:
        sign = re.compile(
            rf"(?i)^\s*[\"']?{re.escape(name)}[\"']?\s*:|routers\.\"?{re.escape(name)}\b"
        )
        number = next((n for n, line in enumerate(text, 1) if sign.search(line)), 1)
        places[name] = f"{file}:{number}"
    return places


def _put(nested: dict[str, Json], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        inner = nested.setdefault(key, {})
        if not isinstance(inner, dict):
            # `tls=true` beside `tls.certresolver=x`: the longer one says more.
            inner = nested[key] = {}
        nested = inner
    if keys and not isinstance(nested.get(keys[-1]), dict):
        nested[keys[-1]] = value


def _flat(value: Mapping[str, Json], prefix: str) -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        name = f"{prefix}{key}".lower()
        if isinstance(item, Mapping):
            yield name, "true"
            yield from _flat(item, f"{name}.")
        else:
            yield name, ",".join(map(str, item)) if isinstance(item, list) else _text(item)


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
