"""The facts that a diagnosis is made of: what engine, files, logs and answers show.

An adapter gathers them once something has failed. What it could not learn is None or empty, and no
diagnosis follows from that. Texts are without secrets.
"""

import dataclasses
import re
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from stacktest.core.model import Port, Stack


class MountFacts(Struct, frozen=True, kw_only=True):
    """One folder or file of this machine in a container."""

    source: str
    """As a person types it where they stand; of a volume, its name."""
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
    """Its id; empty: it has none."""
    is_temporary: bool = False
    """Whether the run takes it down at its end."""
    state: str = ""
    exit_code: int | None = None
    oom: bool = False
    error: str = ""
    """Why the engine could not start it, in its words."""
    health: str = ""
    health_log: str = ""
    first_check: float | None = None
    """Seconds after its start at which the engine first looks at its health; None: not known."""
    restarts: int = 0
    started: datetime | None = None
    log: tuple[str, ...] = ()
    """Its last lines; of a test, those of its window."""
    open_ports: frozenset[int] | None = None
    """TCP ports where something listens for others; None: not known."""
    local_ports: frozenset[int] = frozenset()
    """Those where something listens for the container itself alone."""
    networks: Mapping[str, str] = field(default_factory=dict)
    """Name of a network → the container's address in it."""
    network_container: str = ""
    """The id of the container whose network it runs in, where that is another one's."""
    user: str = ""
    """`uid:gid` of its program; empty: not known."""
    memory: int = 0
    """The bytes that it may use; 0: no limit."""
    read_only_root: bool = False
    edited: tuple[str, ...] = ()
    """Variables that have another value in the container than in its definition."""
    mounts: tuple[MountFacts, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether its program runs."""
        return self.state == "running"


class Certificate(Struct, frozen=True, kw_only=True):
    """What the front door shows for a host name."""

    host: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    issuer: str = ""
    why: str = ""
    """Why it is not trusted, in OpenSSL's words; empty: it is."""
    file: str = ""
    """The mounted file that it is from, as a person types it; empty: not known."""
    file_not_after: datetime | None = None
    """The end of what that file holds now."""


class HostPort(Struct, frozen=True, kw_only=True):
    """A port of this machine."""

    number: int
    protocol: str = ""
    """tcp or udp; empty: not known."""

    def is_of(self, port: Port) -> bool:
        """Whether it is where a container's port is published."""
        return port.published == self.number and self.protocol in {"", port.protocol}


class PortHolder(Struct, frozen=True, kw_only=True):
    """What listens at a port of this machine, and the command that ends it."""

    name: str
    """`nginx (pid 812, nginx.service)`, `the container web-1`."""
    command: str = ""
    service: str = ""
    """The service of this stack that it is a container of."""


class SourceLine(Struct, frozen=True, kw_only=True):
    """A line of a configuration file."""

    where: str
    """`file:line`, as messages show it."""
    path: str
    """The file as a person types it where they stand."""
    number: int
    text: str
    written: datetime | None = None
    """When a file of its folder was last written; None: not known."""


class Answered(Struct, frozen=True, kw_only=True):
    """One answer that a test received."""

    status: int
    url: str
    body: str = ""
    """The beginning of what a refused request was answered."""


class Failure(Struct, frozen=True, kw_only=True):
    """What failed: a test, or the start of a service."""

    services: tuple[str, ...]
    """The services that it is about."""
    text: str = ""
    """What the test said."""
    answers: tuple[Answered, ...] = ()
    is_start: bool = False
    refusal: str = ""
    """What Compose wrote that could not create them."""
    ports: tuple[int, ...] = ()
    """The ports of which one should have been listened at."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All that is known when something has failed."""

    stack: Stack = dataclasses.field(repr=False)
    now: datetime
    services: Mapping[str, ServiceFacts] = dataclasses.field(default_factory=dict)
    certificates: Mapping[str, Certificate] = dataclasses.field(default_factory=dict)
    """Host name → what was shown for it."""
    holders: Mapping[HostPort, PortHolder] = dataclasses.field(default_factory=dict)
    """Port of this machine → who has it."""
    lines: Mapping[str, SourceLine] = dataclasses.field(default_factory=dict)
    """`file:line` of a route, `services.NAME.KEY`, or `networks.KEY`, → the line."""
    passed_routes: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """Service → host name → where it led when the service last passed."""

    def concerned(self, failure: Failure) -> tuple[ServiceFacts, ...]:
        """The services that a failure is about; of a test also what they depend on, nearest first.

        A service that is not up for another one is told about by itself when a stack starts.
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
        """The line of a mount in a service definition that has the text."""
        below = f"services.{service}.volumes."
        lines = (line for key, line in self.lines.items() if key.startswith(below))
        return next((line for line in lines if text in line.text), None)


def all_needs(stack: Stack, name: str) -> tuple[str, ...]:
    """What a service depends on, directly or not, nearest first."""
    needs: dict[str, None] = {}
    queue = [name]
    while queue:
        service = stack.services.get(queue.pop(0))
        new = [other for other in (service.dependencies if service else ()) if other not in needs]
        needs |= dict.fromkeys(new)
        queue += new
    return tuple(needs)
