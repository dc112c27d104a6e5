"""One run twice: as a whole on one simulated machine, and divided over several and joined again."""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stacktest.application.run import StackSession
from stacktest.application.shards import Division, conclude, shard_record
from stacktest.bootstrap.shards import join_shards
from stacktest.core.changed_copy import replace
from stacktest.core.collected_test import Collection
from stacktest.core.records.common import ContainerRef
from stacktest.core.records.documents import LastRun
from stacktest.core.runs.moves import Move
from stacktest.core.runs.summary import RunSummary
from stacktest.core.runs.verdict import Inventory, Outcome, Required, Result, RunFacts
from stacktest.core.shards.division import Divisible, divide
from stacktest.core.shards.faults import Checkout
from stacktest.core.shards.record import ShardRecord
from stacktest.core.shards.shard import Shard
from stacktest.errors import StackNotReadyError
from tests.support.stack_simulator import (
    NoLock,
    StackSimulator,
    collected,
    hexed,
    in_memory,
    path_of,
)

Prepare = Callable[[StackSimulator, bool], None]
"""Adds services to a machine; True: it also remembers the runs that came before."""
TIMES = ("last_change", "last_test_pass", "spoke_updated")


@dataclass
class Scenario:
    """What a run is to be: the stack, what came before, and what happens in it."""

    prepare: Prepare
    count: int = 2
    known_ms: Mapping[str, int] = field(default_factory=dict)
    results: Mapping[str, Result] = field(default_factory=dict)
    """Test → its result, where it does not pass."""
    flaky: frozenset[str] = frozenset()
    edited: frozenset[str] = frozenset()
    """Services that change while their tests run."""
    replaced: frozenset[str] = frozenset()
    """Services whose container is replaced while their tests run, and nobody declares it."""
    moved: frozenset[str] = frozenset()
    """The same, declared."""
    selected: frozenset[str] | None = None
    """Tests that other options left; None: all."""


class Machine:
    """A simulated machine that runs some of the tests of a scenario."""

    def __init__(
        self, world: StackSimulator, scenario: Scenario, name: str, *, remembers: bool = True
    ) -> None:
        self.world, self.scenario, self.name = world, scenario, name
        scenario.prepare(world, remembers)
        world.later(hours=1)

    @property
    def whole(self) -> Inventory:
        return self.world.inventory()

    @property
    def offered(self) -> tuple[Required, ...]:
        chosen = self.scenario.selected
        return tuple(t for t in self.whole.required if chosen is None or t.nodeid in chosen)

    def run(self, names: Iterable[str] | None = None) -> tuple[StackSession, RunSummary, Any]:
        """The tests of these names; all that are selected without."""
        world, wanted = self.world, None if names is None else frozenset(names)
        tests = tuple(
            t
            for t in collected(replace(self.whole, required=self.offered))
            if wanted is None or t.nodeid in wanted
        )
        session = StackSession(world.ports(), f"run-{self.name}")
        plan = session.plan(tests)
        for service in world.services.values():
            ref = ContainerRef(
                container=f"{service.name}-{self.name}", image="sha256:a", started_at="t1"
            )
            service.containers = (ref,) if service.name in plan.services else ()
        with suppress(StackNotReadyError):
            session.start(plan, tests)
        outcomes = tuple(self._outcome(test.nodeid) for test in tests)
        moves = self._meanwhile({name for test in tests for name in test.services})
        world.later(minutes=1)
        left = {t.nodeid for t in self.whole.required} - {t.nodeid for t in self.offered}
        # Every other one was not even collected.
        facts = RunFacts(
            deselected=frozenset(sorted(left)[::2]),
            selection="-m some" if self.scenario.selected else "",
        )
        summary = session.finish(collected(self.whole), outcomes, facts, moves=moves)
        session.stop()
        return session, summary, moves

    def shard(self, shard: Shard, names: Iterable[str]) -> ShardRecord:
        session, summary, moves = self.run(names)
        assert session.trace is not None
        division = Division(
            shard=shard,
            group="ci-1",
            times=hexed("times"),
            selected=collected(replace(self.whole, required=self.offered)),
            selection=summary.facts.selection,
        )
        whole = Collection(tests=collected(self.whole))
        return shard_record(division, session.trace, summary, whole, moves)

    def _outcome(self, nodeid: str) -> Outcome:
        result = self.scenario.results.get(nodeid, "passed")
        is_flaky = nodeid in self.scenario.flaky and result == "passed"
        return self.world.outcome(nodeid, result, flaky=is_flaky)

    def _meanwhile(self, tested: set[str]) -> tuple[Move, ...]:
        moves = []
        for name in sorted(tested):
            service = self.world.services[name]
            before = service.containers
            if name in self.scenario.edited:
                service.edit("config", "meanwhile")
            if name in self.scenario.replaced | self.scenario.moved and before:
                assert isinstance(before, tuple)
                service.containers = (replace(before[0], started_at="t2"),)
            if name in self.scenario.moved and name not in self.scenario.replaced and before:
                moves.append(
                    Move(
                        service=name,
                        kind="restart",
                        before={name: before},  # type: ignore[dict-item]
                        after={name: service.containers},  # type: ignore[dict-item]
                        seconds=0.5,
                    )
                )
        return tuple(moves)


def run_whole(stack: ExitStack, scenario: Scenario) -> StackSimulator:
    """The ledger of the machine on which all tests ran."""
    machine = Machine(stack.enter_context(in_memory()), scenario, "whole")
    machine.run()
    return machine.world


def run_shards(stack: ExitStack, scenario: Scenario) -> list[ShardRecord]:
    """The records of all shards, each run on a machine of its own."""
    records = []
    for index in range(1, scenario.count + 1):
        machine = Machine(
            stack.enter_context(in_memory()), scenario, f"shard{index}", remembers=False
        )
        tests = [Divisible(t.nodeid, path_of(t.nodeid), t.services) for t in machine.offered]
        names = divide(tests, scenario.known_ms, scenario.count)[index - 1]
        records.append(machine.shard(Shard(index=index, count=scenario.count), names))
    return records


def merge(world: StackSimulator, texts: Sequence[str]) -> RunSummary:
    """`stacktest merge` on one more machine, which has run none of the tests."""
    folder = world.root / "shards"
    shutil.rmtree(folder, ignore_errors=True)
    for number, text in enumerate(texts):
        place = folder / f"job{number}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}-of-{len(texts)}.json").write_text(text)
    run = join_shards([folder], checkout_of(world))
    return conclude(run, world.real_judge(), world.ledger, NoLock(), lambda: world.now)


def checkout_of(world: StackSimulator) -> Checkout:
    """What that machine knows."""
    runs = {name: world.ledger.read(name).last_run for name in world.services}
    return Checkout(
        stack="shop",
        services=frozenset(world.services),
        commit=None,
        repo={},
        last_runs={name: run for name, run in runs.items() if isinstance(run, LastRun)},
    )


def text_of(record: ShardRecord) -> str:
    """The record as its file holds it."""
    return json.dumps(record.to_dict())


def without_times(status: Mapping[str, Any]) -> str:
    """`status.json`, the times aside: whether there is one still counts."""
    return json.dumps(
        {
            name: {key: bool(v) if key in TIMES else v for key, v in entry.items()}
            for name, entry in status.items()
        },
        indent=2,
    )


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of the evidence."""
    places = (path for top in ("docs", "data") for path in (folder / top).rglob("*"))
    return {str(path): path.read_bytes() for path in places if path.is_file()}
