"""Traefik's static configuration: from its file, else its command, else its environment."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from stacktest.adapters.routes.mounts import files_behind
from stacktest.adapters.routes.traefik.document import Unread, document_of
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import Listener
from stacktest.errors import UsageError


class Static(Struct, frozen=True, kw_only=True):
    """The static configuration as flat keys: `entrypoints.web.address` → `:80`."""

    service: str = ""
    """The service that is Traefik; empty when it is not in this project."""
    image: str = ""
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

    def usual_entrypoints(self) -> tuple[str, ...]:
        """The default entry points, for a router that names none."""
        names = tuple(self.entrypoints())
        chosen = tuple(
            name for name in names if as_bool(self.values.get(f"entrypoints.{name}.asdefault", ""))
        )
        return chosen or tuple(name for name in names if name != _DASHBOARD)

    def published(
        self, listeners: tuple[Listener, ...] | None, stack: Stack
    ) -> tuple[Listener, ...] | None:
        """The listeners at ports that Traefik's container publishes; all if it publishes none."""
        service = stack.services.get(self.service)
        ports = {port.target for port in service.ports} if service else set()
        if listeners is None or not ports:
            return listeners
        return tuple(item for item in listeners if item.port in ports)

    def has(self, prefix: str) -> bool:
        """Whether anything is configured below a key."""
        return any(key == prefix or key.startswith(f"{prefix}.") for key in self.values)

    def redirects(self, entrypoint: str) -> bool:
        """Whether an entry point redirects every request to another entry point."""
        return self._redirection(entrypoint) is False

    def may_redirect(self, entrypoint: str) -> bool:
        """Whether an entry point redirects requests that no router of a higher priority takes."""
        return self._redirection(entrypoint) is True

    def own_paths(self) -> Iterator[tuple[str, int]]:
        """Paths that Traefik itself answers for every host name, each with the port."""
        ports = self.entrypoints()
        for kind, path in _OWN_PATHS.items():
            port = ports.get(self.values.get(f"{kind}.entrypoint", "").lower())
            if port and not as_bool(self.values.get(f"{kind}.manualrouting", "")):
                yield path, port
        for key, name in self.values.items():
            if _CHALLENGE.fullmatch(key) and (port := ports.get(name.lower())):
                yield "/.well-known/acme-challenge/", port

    @property
    def takes_stars(self) -> bool:
        """Whether `Host(`*.name`)` is surely a pattern: the image's version is 3.8 or later."""
        version = re.search(r":v?(\d{1,3})\.(\d{1,3})", self.image)
        return version is not None and (int(version[1]), int(version[2])) >= _WITH_STARS

    @property
    def reads_labels(self) -> bool:
        """Whether a provider that reads labels is on, as far as the providers are known."""
        return not self.has("providers") or any(self.has(f"providers.{p}") for p in _LABELLED)

    @property
    def is_of_a_swarm(self) -> bool:
        """Whether Traefik reads the labels of swarm services instead of those of containers."""
        mode = self.values.get("providers.docker.swarmmode", "")
        return self.has("providers.swarm") or as_bool(mode) is True

    def of_labels(self, option: str) -> str:
        """An option of the provider that reads labels; empty if not set."""
        values = (self.values.get(f"providers.{p}.{option}") for p in _LABELLED)
        return next((value for value in values if value), "")

    # Private

    def _redirection(self, entrypoint: str) -> bool | None:
        """Whether a redirection of the entry point has a priority; None without a redirection."""
        key = f"entrypoints.{entrypoint}.http.redirections"
        if not self.has(key):
            return None
        return whole_number(self.values.get(f"{key}.entrypoint.priority", "")) is not None


def as_bool(value: Json) -> bool | None:
    """A setting as Go parses booleans; None if it is neither true nor false."""
    return _BOOLEANS.get(str(value).lower())


def read_static(stack: Stack) -> Static:
    """The static configuration; Traefik reads only one of its possible sources."""
    service = _traefik(stack)
    if service is None:
        return Static()
    options = dict(_of_command(service))
    file = options.pop("configfile", "")
    values = dict(_of_file(service, stack, file)) or options or dict(_of_environment(service))
    return Static(service=service.name, image=service.image, values=values)


# Private

_DASHBOARD = "traefik"
"""The entry point of Traefik's own pages; it is not a default entry point of routers."""
_WITH_STARS = (3, 8)
_LABELLED = ("docker", "swarm")
_OWN_PATHS = {"ping": "/ping", "metrics.prometheus": "/metrics"}
_CHALLENGE = re.compile(r"certificatesresolvers\.[^.]+\.acme\.httpchallenge\.entrypoint")
_BOOLEANS = dict.fromkeys(("1", "t", "true"), True) | dict.fromkeys(("0", "f", "false"), False)
_STATIC_FILES = ("/etc/traefik/traefik", "/traefik")


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


def _of_environment(service: Service) -> Iterator[tuple[str, str]]:
    for name, value in service.environment.items():
        if name.lower().startswith("traefik_"):
            yield re.sub(r"^traefik_", "", name.lower()).replace("_", "."), value or ""


def _of_file(service: Service, stack: Stack, named: str) -> Iterator[tuple[str, str]]:
    placed = replace(stack, front_door=service.name)
    usual = [f"{stem}{ending}" for stem in _STATIC_FILES for ending in (".yml", ".yaml", ".toml")]
    for target in [named] if named else usual:
        for file in files_behind(placed, stack.root, target) if target.startswith("/") else ():
            document = document_of(file, stack)
            if isinstance(document, Unread):
                what = f"Traefik's configuration cannot be read: {document.reason}"
                raise UsageError(what, where=document.place, code="SK-ROUTES")
            if isinstance(document, Mapping):
                yield from _flat(document, "")
            return


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
