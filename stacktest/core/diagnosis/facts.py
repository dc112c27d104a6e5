"""The input of a diagnosis: facts from the engine, files, logs and answers.

An adapter collects them after a failure. A fact that it could not get is None or empty, and no
diagnosis is based on it. Texts contain no secrets.
"""

import dataclasses
import re
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from stacktest.core.model import Port, Stack
from stacktest.core.plan import all_needs


class MountFacts(Struct, frozen=True, kw_only=True):
    """One folder or file of this machine in a container."""

    source: str
    """The path as typed in the person's working folder; for a volume, its name."""
    target: str
    kind: str = ""
    """file, folder or volume; empty: not known."""
    is_empty: bool = False
    is_tracked: bool = False
    """Whether git has a file at the place of the source."""
    is_read_only: bool = False
    owner: str = ""
    """`uid:gid` of the source."""


class ServiceFacts(Struct, frozen=True, kw_only=True):
    """One service's container as the engine shows it."""

    name: str
    container: str = ""
    """The container's id; empty: there is none."""
    is_temporary: bool = False
    """Whether the run removes it at its end."""
    state: str = ""
    exit_code: int | None = None
    oom: bool = False
    error: str = ""
    """The engine's message about why it could not start the container."""
    health: str = ""
    health_log: str = ""
    first_check: float | None = None
    """Seconds from its start until the engine's first health check; None: not known."""
    restarts: int = 0
    started: datetime | None = None
    log: tuple[str, ...] = ()
    """The last lines of its log; after a failed test, those from the time of the test."""
    open_ports: frozenset[int] | None = None
    """TCP ports that accept connections from other containers; None: not known."""
    local_ports: frozenset[int] = frozenset()
    """TCP ports that only accept connections from within the container."""
    networks: Mapping[str, str] = field(default_factory=dict)
    """Name of a network → the container's address in it."""
    network_container: str = ""
    """The id of the other container whose network it uses; empty: it has its own."""
    user: str = ""
    """`uid:gid` that its program runs as; empty: not known."""
    memory: int = 0
    """Its memory limit in bytes; 0: no limit."""
    read_only_root: bool = False
    edited: tuple[str, ...] = ()
    """Variables whose value in the container differs from the service definition."""
    mounts: tuple[MountFacts, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether its program runs."""
        return self.state == "running"


class Certificate(Struct, frozen=True, kw_only=True):
    """The certificate that the front door presents for a host name."""

    host: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    issuer: str = ""
    why: str = ""
    """OpenSSL's reason why it is not trusted; empty: it is trusted."""
    file: str = ""
    """The mounted file that it comes from, as typed in the working folder; empty: not known."""
    file_not_after: datetime | None = None
    """When the certificate that the file contains now expires."""


class HostPort(Struct, frozen=True, kw_only=True):
    """A port of this machine."""

    number: int
    protocol: str = ""
    """tcp or udp; empty: not known."""

    def is_of(self, port: Port) -> bool:
        """Whether a container's port is published at it."""
        return port.published == self.number and self.protocol in {"", port.protocol}


class PortHolder(Struct, frozen=True, kw_only=True):
    """The program that listens at a port of this machine, and the command that stops it."""

    name: str
    """`nginx (pid 812, nginx.service)`, `the container web-1`."""
    command: str = ""
    service: str = ""
    """The service of this stack whose container it is; empty: none."""


class SourceLine(Struct, frozen=True, kw_only=True):
    """A line of a configuration file."""

    where: str
    """`file:line`, as messages show it."""
    path: str
    """The file as typed in the person's working folder."""
    number: int
    text: str
    written: datetime | None = None
    """When a file in its folder was last modified; None: not known."""


class Answered(Struct, frozen=True, kw_only=True):
    """One answer that a test received."""

    status: int
    url: str
    body: str = ""
    """The beginning of the answer's body, for a refused request."""


class Failure(Struct, frozen=True, kw_only=True):
    """What failed: a test, or the start of a service."""

    services: tuple[str, ...]
    """The services that the failure is about."""
    text: str = ""
    """The message of the failed test."""
    answers: tuple[Answered, ...] = ()
    is_start: bool = False
    refusal: str = ""
    """Compose's error output when it could not create the services."""
    ports: tuple[int, ...] = ()
    """Ports of which at least one should have accepted connections."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All facts that were collected after a failure."""

    stack: Stack = dataclasses.field(repr=False)
    now: datetime
    services: Mapping[str, ServiceFacts] = dataclasses.field(default_factory=dict)
    certificates: Mapping[str, Certificate] = dataclasses.field(default_factory=dict)
    """Host name → the certificate that the front door presents for it."""
    holders: Mapping[HostPort, PortHolder] = dataclasses.field(default_factory=dict)
    """Port of this machine → the program that listens there."""
    lines: Mapping[str, SourceLine] = dataclasses.field(default_factory=dict)
    """`file:line` of a route, `services.NAME.KEY`, or `networks.KEY`, → the line."""
    passed_routes: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """Service → host name → where it led when the service last passed."""

    def concerned(self, failure: Failure) -> tuple[ServiceFacts, ...]:
        """The services of a failure; for a test also their dependencies, nearest first.

        At a start dependencies are left out: a dependency that is not up is reported by itself.
        """
        names = failure.services
        order = dict.fromkeys(names)
        for name in () if failure.is_start else names:
            order |= dict.fromkeys(all_needs(self.stack, name))
        return tuple(self.services[name] for name in order if name in self.services)

    def line(self, service: str, key: str) -> SourceLine | None:
        """The line of a key of a service definition."""
        return self.lines.get(f"services.{service}.{key}")

    def written_line(self, where: str) -> SourceLine | None:
        """The line of a route; in a list, the entry of the label or variable."""
        line = self.lines.get(where)
        place = re.fullmatch(r"(services\..+?\.(?:labels|environment))\.(.+)", where)
        if line is not None or place is None:
            return line
        entry = re.compile(rf"[-\"'\s]{re.escape(place[2])}\s*=")
        lines = (line for key, line in self.lines.items() if key.startswith(f"{place[1]}."))
        return next((line for line in lines if entry.search(line.text)), None)

    def mount_line(self, service: str, text: str) -> SourceLine | None:
        """The line of a service's `volumes` that contains the text."""
        below = f"services.{service}.volumes."
        lines = (line for key, line in self.lines.items() if key.startswith(below))
        return next((line for line in lines if text in line.text), None)
