"""Which containers a run began with: written by the controller, read by whoever runs tests.

Looking at a container counts for a test only where that container is one of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stacktest.adapters.atomic_write import write_file
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.unknown import Unknown

FILE = "containers.json"
Start = tuple[str, str]
"""A container's id, and when its program was started, in the engine's words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSnapshot:
    """The containers of a run, per service, and when the run saw them become healthy."""

    starts: Mapping[str, frozenset[Start]] = field(default_factory=dict)
    healthy_at: Mapping[str, float] = field(default_factory=dict)
    """Container id → Unix time."""

    def holds(self, service: str, start: Start) -> bool:
        """Whether the run began with this container, started at that moment."""
        return start in self.starts.get(service, frozenset())

    def healthy_since(self, service: str, start: Start) -> float | None:
        """When the run saw it become healthy after that start; None: it did not see it."""
        return self.healthy_at.get(start[0]) if self.holds(service, start) else None


def snapshot_of(
    observations: Mapping[str, ServiceObservation], healthy_at: Mapping[str, float]
) -> RunSnapshot:
    """The snapshot of a stack that is up."""
    return RunSnapshot(
        starts={
            name: frozenset((ref.container, ref.started_at) for ref in observation.containers)
            for name, observation in observations.items()
            if not isinstance(observation.containers, Unknown)
        },
        healthy_at=healthy_at,
    )


def write_snapshot(folder: Path, snapshot: RunSnapshot) -> None:
    """Write it down for every process of the run."""
    document = {
        "starts": {name: sorted(starts) for name, starts in snapshot.starts.items()},
        "healthy_at": dict(snapshot.healthy_at),
    }
    write_file(folder / FILE, json.dumps(document))


def read_snapshot(folder: Path) -> RunSnapshot:
    """What `write_snapshot` wrote; empty where nothing was written."""
    if not (folder / FILE).is_file():
        return RunSnapshot()
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return RunSnapshot(
        starts={
            name: frozenset((str(container), str(started)) for container, started in starts)
            for name, starts in document["starts"].items()
        },
        healthy_at=document["healthy_at"],
    )
