"""One container as the engine describes it, and the events that the engine reports.

`Container` comes from one list call for the whole stack, or from a full inspect; only the latter
knows `oom`, `restart_count`, `error`, `health_limit`, `health_log` and `started_at`: a list leaves
them empty.
"""

import dataclasses
from collections.abc import Mapping

from msgspec import Struct

from stacktest.core.model import Mount, Port


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """One container of a compose project as the engine describes it."""

    id: str
    name: str
    service: str
    project: str
    image_id: str
    image_ref: str
    """The image reference as the stack wrote it."""
    state: str
    """created, running, paused, restarting, removing, exited or dead."""
    health: str = ""
    """starting, healthy, unhealthy, or empty where the container has no health check."""
    exit_code: int | None = None
    """None until the container has ended."""
    oom: bool = False
    """The kernel killed one of its processes for memory; the engine does not report which."""
    restart_count: int = 0
    started_at: str = ""
    error: str = ""
    """The engine's message about why it could not start the container."""
    health_limit: float = 0.0
    """Seconds after which the engine calls a container unhealthy whose check never passes."""
    health_log: str = ""
    """Output and exit code of the last health probe."""
    networks: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Network name -> address; an empty address while the container does not run."""
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    one_off: bool = False
    """Made by `docker compose run`: not the service itself."""
    mounts: tuple[Mount, ...] = ()
    ports: tuple[Port, ...] = ()
    """Its published ports, those that the engine chose included; from a list call only."""

    @property
    def run_id(self) -> str:
        """The run that created it, or empty when stacktest did not."""
        return self.labels.get("stacktest.run", "")

    @property
    def is_temporary(self) -> bool:
        """Whether the run that created it takes it down at its end."""
        return bool(self.run_id) and "stacktest.keep" not in self.labels

    @property
    def is_running(self) -> bool:
        """True while its program runs."""
        return self.state == "running"


class EngineEvent(Struct, frozen=True, kw_only=True):
    """One event of the engine: what happened to which container of which service."""

    action: str
    """create, start, die, oom, health_status, destroy … as the engine calls it."""
    container: str
    service: str
    exit_code: int | None = None
    health: str = ""
    run_id: str = ""
    """The run that created the container, or empty when stacktest did not."""
    at: float | None = None
    """When it happened by the engine's clock, in Unix time."""
