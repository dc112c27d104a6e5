"""Finds the front door: the service that publishes the stack's host names, and where they stand.

Traefik, or labels `traefik.http.routers.…`     the labels
Caddy                                           its Caddyfile, through its mounts
nginx                                           its configuration, through its mounts
anything else that publishes 443 or 80          named, but its host names cannot be read
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stacktest.core.model import Service, Stack
from stacktest.init.programs import recognise

WEB = (443, 80)
_FILES = {"caddy": ("Caddyfile", "*.caddy", "Caddyfile*"), "nginx": ("nginx.conf", "*.conf")}
_CA_NAMES = ("ca.crt", "ca.pem", "rootCA.pem", "root.crt", "root_ca.crt", "ca-cert.pem")
_CA_FOLDERS = (".", "certs", "cert", "ssl", "tls", "pki", "caddy/pki/authorities/local")


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontDoor:
    """The front door as far as it could be told."""

    service: str = ""
    kind: str = ""
    """`caddy`, `nginx`, `traefik`, or empty."""
    sources: tuple[str, ...] = ()
    """Values for `routes` under [stack]."""
    ca: str = ""
    has_tls: bool = False
    unknown: tuple[str, ...] = ()
    """What could not be told, in sentences."""


def find_front_door(stack: Stack) -> FrontDoor:
    """The front door of a stack, from its compose model and the files that it mounts."""
    service = _publishes(stack)
    if service is None:
        return FrontDoor(unknown=("no service publishes port 443 or 80: host names are not known",))
    program = recognise(service)
    kind = "traefik" if _has_labels(stack) else program.door if program else ""
    sources = ("traefik",) if kind == "traefik" else tuple(_sources(stack, service, kind))
    has_tls = any(port.target == WEB[0] for port in service.ports)
    ca = _ca(stack.root) if has_tls else ""
    unknown = []
    if not sources:
        unknown.append(
            f"where {service.name} says which host name leads to which service: "
            "write its file, or [stack.hosts], in stacktest.toml"
        )
    if has_tls and not ca:
        unknown.append(
            f"whose certificates {service.name} shows: name the private CA as `ca` in "
            "stacktest.toml, unless a public one signs them"
        )
    return FrontDoor(
        service=service.name,
        kind=kind,
        sources=sources,
        ca=ca,
        has_tls=has_tls,
        unknown=tuple(unknown),
    )


# Private


def _publishes(stack: Stack) -> Service | None:
    """A known front door first, then whoever publishes 443, then 80."""
    services = sorted(stack.services.values(), key=lambda one: one.name)
    published = [one for one in services if {p.target for p in one.ports} & set(WEB)]
    known = [one for one in published if (found := recognise(one)) and found.door]
    ordered = [*known, *sorted(published, key=lambda one: WEB[0] not in _targets(one))]
    return ordered[0] if ordered else None


def _targets(service: Service) -> set[int]:
    return {port.target for port in service.ports}


def _has_labels(stack: Stack) -> bool:
    return any(
        label.startswith("traefik.http.routers.") and label.endswith(".rule")
        for service in stack.services.values()
        for label in service.labels
    )


def _sources(stack: Stack, service: Service, kind: str) -> Iterator[str]:
    seen: set[str] = set()
    for mount in service.mounts:
        path = Path(mount.source)
        if mount.kind != "bind" or not path.is_relative_to(stack.root):
            continue
        for found in _configuration(path, kind):
            name = found.relative_to(stack.root).as_posix()
            if name not in seen:
                seen.add(name)
                yield name


def _configuration(path: Path, kind: str) -> list[Path]:
    """The file itself, or the first files of that kind in a mounted folder."""
    patterns = _FILES.get(kind, ())
    if path.is_file():
        return [path] if any(path.match(pattern) for pattern in patterns) else []
    for pattern in patterns:
        found = sorted(path.glob(pattern)) or sorted(path.glob(f"*/{pattern}"))
        if found:
            return found
    return []


def _ca(root: Path) -> str:
    for folder in _CA_FOLDERS:
        for name in _CA_NAMES:
            if (root / folder / name).is_file():
                return (Path(folder) / name).as_posix()
    return ""
