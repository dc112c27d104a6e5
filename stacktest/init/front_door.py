"""Finds the front door: the service that serves the stack's host names, and its configuration.

    Traefik             the labels `traefik.http.routers.…`, and its own files
    caddy-docker-proxy  the labels `caddy…`
    nginx-proxy         `VIRTUAL_HOST` in the services' environment
    Caddy               files mounted at, or copied to, /etc/caddy
    nginx               files mounted at, or copied to, /etc/nginx
    declarations alone  their host names; the front door is in another compose project
    other front doors   named with their place in the compose file; host names cannot be read

A program is recognised by its image, by the last FROM line of its Dockerfile, or by where its
configuration is mounted. A service that is not recognised is never taken for the front door.
"""

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from stacktest.core.bound_volumes import as_bind
from stacktest.core.changed_copy import replace
from stacktest.core.door_files import kind_by_name
from stacktest.core.model import Service, Stack
from stacktest.core.nginx_templates import template_folder, template_suffix
from stacktest.core.shared_network import network_mode
from stacktest.init.declared_names import UNREADABLE, declared_by_services, elsewhere, place_of
from stacktest.init.dockerfile import copied_files
from stacktest.init.private_ca import find_ca
from stacktest.init.programs import image_path, recognise

WEB = (443, 80)
_TUNNELS = {
    "cloudflared": "cloudflared",
    "tailscale": "Tailscale",
    "frpc": "frp",
    "newt": "Pangolin",
}


class FrontDoor(Struct, frozen=True, kw_only=True):
    """The front door, as far as it could be determined."""

    service: str = ""
    kind: str = ""
    """`caddy`, `nginx`, `traefik`, `caddy-docker-proxy`, `nginx-proxy` and so on, or empty."""
    sources: tuple[str, ...] = ()
    """Values for `routes` under [stack]."""
    ca: str = ""
    has_tls: bool = False
    unknown: tuple[str, ...] = ()
    """Facts that could not be determined, as sentences."""


def find_front_door(stack: Stack) -> FrontDoor:
    """The front door of a stack, from its compose model and the files that it mounts."""
    candidates = sorted(_candidates(stack), key=lambda candidate: candidate.rank)
    reachable = [candidate for candidate in candidates if _is_reachable(candidate.service)]
    if reachable:
        door = _described(reachable[0], stack)
        beside = (c for c in reachable[1:] if _published(c.service) & set(WEB))
        others = (_unread(candidate.service, candidate.kind, stack) for candidate in beside)
        return replace(door, unknown=(*door.unknown, *others))
    hidden = tuple(_unpublished(c, stack) for c in candidates if c.leads_elsewhere)
    tunnels = tuple(_tunnels(stack))
    if words := declared_by_services(stack):
        unknown = (*(hidden or map(elsewhere, words)), *tunnels)
        return FrontDoor(kind=words[0], sources=words, unknown=unknown)
    return FrontDoor(unknown=(*(hidden or (_nobody(stack),)), *tunnels))


# Private


class _Layout(Struct, frozen=True, kw_only=True):
    """Where a front door keeps its files in its container, and which words lead elsewhere."""

    main: tuple[str, ...]
    """Where its main file is, unless its command names another."""
    named: re.Pattern[str]
    """How its command names another."""
    home: str
    """The folder to which a relative name of the main file is relative."""
    folders: tuple[tuple[str, tuple[str, ...]], ...]
    """Folders of further files, and the patterns of their names."""
    passes: tuple[str, ...]
    """Words that pass requests to an upstream, or include files that may."""


_LAYOUTS = {
    "caddy": _Layout(
        main=("/etc/caddy/Caddyfile", "/etc/Caddyfile"),
        named=re.compile(r"\bcaddy\s.*?(?:--config|-c)[ =]['\"]?([^\s'\"]+)"),
        home="/srv",
        folders=(("/etc/caddy", ("Caddyfile", "*.caddy", "Caddyfile*")),),
        passes=("reverse_proxy", "php_fastcgi", "import "),
    ),
    "nginx": _Layout(
        main=(
            "/etc/nginx/nginx.conf",
            "/usr/local/openresty/nginx/conf/nginx.conf",
            "/opt/bitnami/nginx/conf/nginx.conf",
        ),
        named=re.compile(
            r"\b(?:nginx|openresty)\s(?:.*?\s)?-c ?['\"]?([^\s'\"]*/[^\s'\"]+|[^\s'\"]+\.conf)"
        ),
        home="/etc/nginx",
        folders=(
            ("/etc/nginx/conf.d", ("*.conf", "*.template")),
            ("/etc/nginx/http.d", ("*.conf",)),
            ("/etc/nginx/sites-enabled", ("*",)),
            ("/config/nginx/site-confs", ("*.conf",)),
            ("/config/nginx/proxy-confs", ("*.conf",)),
            ("/opt/bitnami/nginx/conf/server_blocks", ("*.conf",)),
        ),
        passes=("_pass ", "include "),
    ),
}
"""Kind of front door → its layout; the kinds that are read from files."""


class _Candidate(Struct, frozen=True, kw_only=True):
    service: Service
    kind: str
    files: tuple[Path, ...]
    leads_elsewhere: bool
    """Whether its files, or the services' labels, name an upstream."""

    @property
    def rank(self) -> tuple[bool, int, str]:
        """The sort key: proxies to others first, then by published port: 443, 80, any, none."""
        published = _published(self.service)
        places = (*(port in published for port in WEB), bool(published), True)
        return not self.leads_elsewhere, places.index(True), self.service.name


def _candidates(stack: Stack) -> Iterator[_Candidate]:
    words = declared_by_services(stack)
    for plain in stack.services.values():
        service = replace(plain, mounts=tuple(as_bind(stack, mount) for mount in plain.mounts))
        program = recognise(service)
        if program is None or not program.door:
            continue
        files = tuple(dict.fromkeys(_configuration(service, program.door)))
        files = _read_first(service, program.door, files)
        kind = _kind(program.door, files, words)
        if kind == "nginx" and not files:
            # The default of nginx's image serves files from a folder, and is not a proxy.
            continue
        leads = kind in words or any(_names_upstream(path, kind) for path in files)
        yield _Candidate(service=service, kind=kind, files=files, leads_elsewhere=leads)


def _kind(door: str, files: tuple[Path, ...], words: tuple[str, ...]) -> str:
    """The kind; nginx-proxy or caddy-docker-proxy if only the services declare host names."""
    by_words = {"nginx": "nginx-proxy", "caddy": "caddy-docker-proxy"}.get(door, "")
    return by_words if by_words in words and not files else door


def _read_first(service: Service, kind: str, files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The main file, which includes the others, and templates; all `files` without a main file."""
    main = tuple(_main_files(service, kind)) if files else ()
    suffix = template_suffix(service)
    targets = {path: target for path, target in _places(service) if target.endswith(suffix)}
    templates = [
        path
        for path in files
        if kind == "nginx" and (path.name.endswith(suffix) or path in targets)
    ]
    return tuple(dict.fromkeys((*main, *templates))) if main else files


def _described(candidate: _Candidate, stack: Stack) -> FrontDoor:
    service, unknown = candidate.service, list[str]()
    inside = [path for path in candidate.files if path.is_relative_to(stack.root)]
    sources = [_source(path.relative_to(stack.root), candidate.kind) for path in inside]
    if candidate.kind == "traefik":
        sources = ["traefik"]
    words = declared_by_services(stack)
    sources += [word for word in words if word not in sources]
    if not sources:
        unknown.append(_unread(service, candidate.kind, stack))
    has_tls = any(WEB[0] in (port.target, port.published) for port in service.ports)
    made = _made_ca(candidate)
    ca, signer = ("", "") if made or not has_tls else find_ca(stack)
    ca = made or ca
    if has_tls and not ca:
        by = f" (signed by {signer}, whose certificate is not in this folder)" if signer else ""
        unknown.append(
            f"whose certificates {service.name} shows{by}: name the private CA as `ca` in "
            "stacktest.toml, unless a public one signs them"
        )
    return FrontDoor(
        service=service.name,
        kind=candidate.kind,
        sources=tuple(sources),
        ca=ca,
        has_tls=has_tls,
        unknown=tuple(unknown),
    )


def _unread(service: Service, kind: str, stack: Stack) -> str:
    """The sentence on why a front door's host names are unknown, with its place."""
    place = place_of(stack, service.name)
    way_out = "write its file, or [stack.hosts], in stacktest.toml"
    if kind in UNREADABLE:
        way_out = f"{UNREADABLE[kind]}; write [stack.hosts] in stacktest.toml"
    return f"where {service.name} says which host name leads to which service: {way_out} ({place})"


def _nobody(stack: Stack) -> str:
    web = [
        name for name, service in sorted(stack.services.items()) if _published(service) & set(WEB)
    ]
    if not web:
        return "host names: no service is a known front door, and none publishes port 443 or 80"
    return (
        f"whether {' or '.join(web)}, which publishes port 443 or 80, leads host names to other "
        "services: if so, write `front_door` and `routes`, or [stack.hosts], in stacktest.toml "
        f"({', '.join(place_of(stack, name) for name in web)})"
    )


def _unpublished(candidate: _Candidate, stack: Stack) -> str:
    name = candidate.service.name
    return (
        f"how {name} is reached: it publishes no port, so its host names lead nowhere until it "
        f"does, or `nameserver` or `door` under [stack] says where ({place_of(stack, name)})"
    )


def _tunnels(stack: Stack) -> Iterator[str]:
    """Sentences on tunnels, which make host names reachable without publishing a port."""
    for name, service in sorted(stack.services.items()):
        program = _TUNNELS.get(image_path(service.image).rpartition("/")[2])
        if program:
            yield (
                f"which host names {name} leads to which service: stacktest does not read the "
                f"configuration of {program} ({place_of(stack, name)})"
            )


def _published(service: Service) -> set[int]:
    """Published TCP ports; the container's port where the engine chooses the published one."""
    return {port.published or port.target for port in service.ports if port.protocol == "tcp"}


def _is_reachable(service: Service) -> bool:
    return bool(service.ports) or network_mode(service) == "host"


def _configuration(service: Service, kind: str) -> Iterator[Path]:
    """Files on this machine that are mounted where the front door reads its configuration."""
    if kind not in _LAYOUTS:
        return
    yield from _main_files(service, kind)
    if _named_file(service, kind):
        return
    for path, target in _places(service):
        for folder, patterns in _folders(service, kind):
            yield from _in_folder(path, PurePosixPath(target), PurePosixPath(folder), patterns)


def _main_files(service: Service, kind: str) -> Iterator[Path]:
    """The front door's main configuration file, if it is on this machine."""
    named = _named_file(service, kind)
    names = (named,) if named else _LAYOUTS[kind].main
    if named.endswith(".json"):
        return  # Caddy's JSON format, which is not read.
    for path, target in _places(service):
        for name in names:
            if target == name:
                yield from [path] if _is_file(path) else []
            elif _is_folder(path) and PurePosixPath(name).is_relative_to(target):
                inner = path / PurePosixPath(name).relative_to(target)
                yield from [inner] if _is_file(inner) else []


def _named_file(service: Service, kind: str) -> str:
    """The main file that the front door's command names, if it is not a usual one; else empty."""
    definition = service.definition or {}
    entrypoint = definition.get("entrypoint") or ()
    words = " ".join((*entrypoint, *(service.command or ())))
    match = _LAYOUTS[kind].named.search(words)
    if match is None:
        return ""
    home = str(definition.get("working_dir") or _LAYOUTS[kind].home)
    name = posixpath.normpath(posixpath.join(home, match[1]))
    return "" if name in _LAYOUTS[kind].main else name


def _places(service: Service) -> Iterator[tuple[Path, str]]:
    """Paths of this machine that the container mounts or copies, each with the path there."""
    yield from ((Path(m.source), m.target) for m in service.mounts if m.kind == "bind")
    yield from ((Path(file.path), file.target) for file in service.files if file.path)
    yield from copied_files(service)


def _folders(service: Service, kind: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Folders in the container, and the patterns of configuration files in them."""
    if kind == "nginx":
        yield template_folder(service), (f"*{template_suffix(service)}",)
    yield from _LAYOUTS[kind].folders


def _in_folder(
    path: Path, target: PurePosixPath, folder: PurePosixPath, patterns: tuple[str, ...]
) -> Iterator[Path]:
    if _is_file(path):
        if target.is_relative_to(folder) and any(target.match(pattern) for pattern in patterns):
            yield path
        return
    if folder.is_relative_to(target):
        path = path / folder.relative_to(target)
    elif not target.is_relative_to(folder):
        return
    for pattern in patterns:
        files = sorted(file for file in path.glob(pattern) if _is_file(file))
        if files:
            yield from files
            return


def _is_file(path: Path) -> bool:
    """Whether the path is a file; never raises, even if a mount's name cannot exist."""
    return os.path.isfile(path)  # noqa: PTH113


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112


def _names_upstream(path: Path, kind: str) -> bool:
    """Whether the file passes requests to an upstream, or includes files that may."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(word in text for word in _LAYOUTS[kind].passes)


def _source(path: Path, kind: str) -> str:
    """The file as a value of `routes`, with a `kind:` prefix if its name does not show the kind."""
    name = path.as_posix()
    return name if kind_by_name(name) == kind else f"{kind}:{name}"


def _made_ca(candidate: _Candidate) -> str:
    """`SERVICE:PATH` of the CA that Caddy creates in its container, if its files ask for one."""
    if candidate.kind != "caddy" or not any(map(_makes_ca, candidate.files)):
        return ""
    home = candidate.service.environment.get("XDG_DATA_HOME") or "/data"
    return f"{candidate.service.name}:{home.rstrip('/')}/caddy/pki/authorities/local/root.crt"


def _makes_ca(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return any(words[:2] == ["tls", "internal"] or words[:1] == ["local_certs"] for words in lines)
