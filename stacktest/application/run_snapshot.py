"""Stores the containers that a run began with, and the declared moves that changed them since.

The controller writes the snapshot, the process that moves a container adds the move, and all
processes of the run read both. A look counts for a test only at one of these containers.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, convert, field, to_builtins

from stacktest.adapters.atomic_write import write_file
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.runs.moves import Move
from stacktest.core.unknown import Unknown

FILE = "containers.json"
MOVES = "moves.jsonl"
Start = tuple[str, str]
"""A container's id, and its start time as the engine writes it."""


class RunSnapshot(Struct, frozen=True, kw_only=True):
    """The containers of a run, per service, and when the run saw them become healthy."""

    starts: Mapping[str, frozenset[Start]] = field(default_factory=dict)
    healthy_at: Mapping[str, float] = field(default_factory=dict)
    """Container id → Unix time."""

    def holds(self, service: str, start: Start) -> bool:
        """Whether the run began with this container, started at that moment."""
        return start in self.starts.get(service, frozenset())

    def healthy_since(self, service: str, start: Start) -> float | None:
        """When the run saw the container become healthy after that start; None: it did not."""
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
    """Write the snapshot for every process of the run."""
    document = {
        "starts": {name: sorted(starts) for name, starts in snapshot.starts.items()},
        "healthy_at": dict(snapshot.healthy_at),
    }
    write_file(folder / FILE, json.dumps(document))


def read_snapshot(folder: Path) -> RunSnapshot:
    """The snapshot that `write_snapshot` wrote, with the moves since; empty without a file."""
    if not (folder / FILE).is_file():
        return RunSnapshot()
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    starts = {
        name: {(str(container), str(started)) for container, started in rows}
        for name, rows in document["starts"].items()
    }
    for move in read_moves(folder):
        for name, refs in move.after.items():
            starts.setdefault(name, set()).update((ref.container, ref.started_at) for ref in refs)
    return RunSnapshot(
        starts={name: frozenset(rows) for name, rows in starts.items()},
        healthy_at=document["healthy_at"],
    )


def add_move(folder: Path, move: Move) -> None:
    """Add a declared move; a test that moves containers runs alone, so no other process writes."""
    moves = [*read_moves(folder), move]
    lines = "".join(f"{json.dumps(to_builtins(item))}\n" for item in moves)
    write_file(folder / MOVES, lines)


def read_moves(folder: Path) -> tuple[Move, ...]:
    """The declared moves of the run, in their order."""
    if not (folder / MOVES).is_file():
        return ()
    lines = (folder / MOVES).read_text(encoding="utf-8").splitlines()
    return tuple(convert(json.loads(line), Move) for line in lines)
