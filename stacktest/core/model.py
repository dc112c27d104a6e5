"""The stack as its files declare it: services, routes, profiles and phases.

Everything is read once by an adapter and frozen. Values of environment variables are kept out of
`repr`, so that no traceback or log can show them.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from stacktest.core.json_data import Json
from stacktest.core.phase import Phase
from stacktest.core.route import Route


class Port(Struct, frozen=True, kw_only=True):
    """A published port: `published` is None when the engine chooses it."""

    target: int
    published: int | None = None
    host_ip: str = ""
    protocol: str = "tcp"


class Mount(Struct, frozen=True, kw_only=True):
    """One mount of a service; `source` is a path for a bind, a name for a volume, else empty."""

    kind: str
    source: str
    target: str
    read_only: bool = False


class Dependency(Struct, frozen=True, kw_only=True):
    """A `depends_on` entry, or a declared `uses` (condition `uses`)."""

    service: str
    condition: str = "service_started"
    required: bool = True


class FileRef(Struct, frozen=True, kw_only=True):
    """A file that Compose mounts for a service: an entry of `configs:` or `secrets:`."""

    name: str
    path: str
    """Absolute path, or empty for `content:`/`environment:`/external entries."""
    secret: bool
    target: str = ""
    """The file's path in the container."""


class Build(Struct, frozen=True, kw_only=True):
    """A `build:` section: absolute `context`, `dockerfile` relative to it, argument *names*."""

    context: str
    dockerfile: str = "Dockerfile"
    target: str = ""
    arguments: tuple[str, ...] = ()
    inline: bool = False
    contexts: Mapping[str, str] = field(default_factory=dict)
    """`additional_contexts`: name → absolute path, or an address."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One entry under `services:`, resolved by Compose, with every profile switched on."""

    name: str
    image: str = ""
    profiles: tuple[str, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    uses: tuple[str, ...] = ()
    """Dependencies that only `stacktest.toml` declares."""
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    files: tuple[FileRef, ...] = ()
    networks: tuple[str, ...] = ()
    build: Build | None = None
    has_healthcheck: bool = False
    restart: str = ""
    command: tuple[str, ...] | None = None
    container_name: str = ""
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    environment: Mapping[str, str | None] = dataclasses.field(default_factory=dict, repr=False)
    unreadable: str = ""
    """Why Compose refuses to read the service, which is in a profile that is off; else empty."""
    definition: Json = dataclasses.field(default=None, repr=False)
    """The whole resolved service definition, as `docker compose config --format json` prints it."""

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Names of direct dependencies, declared in compose or by `uses`, sorted, each once."""
        return tuple(sorted({d.service for d in self.depends_on} | set(self.uses)))

    @property
    def stand_in(self) -> str:
        """Why this service is a stand-in for the real program, or empty."""
        return self.labels.get("stacktest.stand-in", "")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """The compose project as a whole, with every profile, and what `stacktest.toml` adds."""

    name: str
    """Compose project name."""
    root: Path
    """The stack's folder: every relative path in records starts here."""
    services: Mapping[str, Service]
    routes: tuple[Route, ...] = ()
    phases: tuple[Phase, ...] = ()
    domain: str = ""
    front_door: str = ""
    definitions: Mapping[str, Json] = dataclasses.field(default_factory=dict, repr=False)
    """Resolved top-level `networks`, `volumes`, `configs` and `secrets`."""
    compose_files: tuple[str, ...] = ()
    """Absolute paths of the files that Compose is given, in its order, without those included."""
    project_directory: str = ""
    """Absolute folder where relative paths in compose files start."""
    unset_variables: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """Variables that the compose files name and nothing sets -> the keys that they leave blank."""
    path_variables: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """Values of the variables in paths of compose files that are included or extended."""
    naming_variables: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """Variables of the `.env` that names the compose files: Compose takes them for its own."""
    context: str = ""
    """The docker context of the configuration; commands that people type need it, too."""
    compose_options: tuple[str, ...] = ()
    """Options that `docker compose` needs in the person's working folder to select this project."""
    far_folder: str = ""
    """Its folder, if `stacktest` does not find the stack from the working folder; else empty."""
    enabled_profiles: tuple[str, ...] = ()
    """The profiles that `COMPOSE_PROFILES` switches on; `*` stands for all of them."""
    secrets: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    """Values that are declared to be secret and that the compose model does not hold itself."""
    denies_egress: bool = False
    """Whether its networks reach only its own containers."""
    own_commands: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Verb of Compose → what a person types instead, where Compose does not run the services."""
    network_names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Names that services have on their networks beside those that Compose gives → the service."""
    copy: str = ""
    """Name of a copy of the stack; empty for the stack itself."""
    given_images: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Service of a copy → the image that a person gave it in place of its own."""

    def is_enabled(self, service: str) -> bool:
        """Whether Compose starts the service without being given its name or a profile."""
        profiles = self.services[service].profiles
        return not profiles or bool({*profiles, "*"} & set(self.enabled_profiles))

    def default_services(self) -> tuple[str, ...]:
        """Services that a plain `up` starts: those that Compose would start, or all if none."""
        names = sorted(self.services)
        return tuple(name for name in names if self.is_enabled(name)) or tuple(names)

    def routes_of(self, service: str) -> tuple[Route, ...]:
        """Routes that lead to `service`, without guards; the default route comes first."""
        return tuple(r for r in self.routes if r.service == service and not r.is_guard)

    def named_routes_of(self, service: str) -> tuple[Route, ...]:
        """Routes of the service whose host is one exact name, so that it can be requested."""
        return tuple(route for route in self.routes_of(service) if route.is_exact)

    def route(self, host: str) -> Route | None:
        """The route that answers for a host name by default, or None."""
        return next((route for route in self.routes if route.host == host), None)

    @property
    def unread_routes(self) -> tuple[str, ...]:
        """`file:line: reason` of each file of a front door that could not be read."""
        return tuple(f"{r.where}: {r.unknown}" for r in self.routes if r.is_unread)

    def guards_of(self, host: str) -> tuple[str, ...]:
        """Services that the front door asks before it answers for a host, such as a sign-in."""
        routes = (route for route in self.routes if route.host == host and route.is_guard)
        names = {r.service for r in routes if r.service and r.service in self.services}
        return tuple(sorted(names))
