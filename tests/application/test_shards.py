"""Shards that are joined say what one run would have said; a faulty set of them says nothing."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.properties import examples
from tests.support.sharded_run import (
    Machine,
    Scenario,
    merge,
    run_shards,
    run_whole,
    text_of,
    without_times,
)
from tests.support.stack_simulator import StackSimulator, in_memory

NAMES = ("app", "db", "web", "door")
RESULTS = ("passed", "failed", "skipped", "xfailed", "error", "known_false", "crashed")
nodeids = st.builds("suites/test_{}.py::test_{}".format, st.sampled_from(NAMES), st.integers(0, 2))


@dataclass(frozen=True)
class Shop:
    """A stack, and what came before the run."""

    tests: dict[str, int]
    shared: tuple[tuple[str, str], ...]
    needs: dict[str, str]
    down: dict[str, str]
    drifted: frozenset[str]
    before: tuple[dict[str, Any], ...]
    edits: frozenset[str] = field(default_factory=frozenset)

    def __call__(self, world: StackSimulator) -> None:
        for name in NAMES:
            needs = (self.needs[name],) if name in self.needs else ()
            world.add(name, tests=self.tests[name], depends_on=needs)
        for number, (first, second) in enumerate(self.shared):
            nodeid = f"suites/test_shared.py::test_{number}"
            for name in {first, second}:
                world.services[name].tests += (nodeid,)
        for results in self.before:
            world.run(**results)
            world.later(hours=2)
        for name in self.edits:
            world.services[name].edit("config", "before")
        for name in self.drifted:
            world.services[name].drift = ("env:X",)
        world.start_failures = dict(self.down)


few = st.frozensets(st.sampled_from(NAMES), max_size=1)
shops = st.builds(
    Shop,
    tests=st.fixed_dictionaries(
        {name: st.integers(0 if name == "web" else 1, 3) for name in NAMES}
    ),
    shared=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=2).map(
        tuple
    ),
    needs=st.fixed_dictionaries(
        {}, optional={"app": st.just("db"), "web": st.sampled_from(["app", "db"])}
    ),
    down=st.dictionaries(st.sampled_from(NAMES), st.just("x exited 3"), max_size=1) | st.just({}),
    drifted=few | st.just(frozenset()),
    before=st.lists(
        st.dictionaries(st.sampled_from(NAMES), st.sampled_from(RESULTS), max_size=2), max_size=2
    ).map(tuple),
    edits=few,
)
scenarios = st.builds(
    Scenario,
    prepare=shops,
    count=st.integers(1, 3),
    known_ms=st.dictionaries(nodeids, st.integers(0, 5000), max_size=8),
    results=st.dictionaries(nodeids, st.sampled_from(RESULTS), max_size=2) | st.just({}),
    flaky=st.frozensets(nodeids, max_size=1),
    edited=few,
    replaced=few,
    moved=st.frozensets(st.sampled_from(NAMES), max_size=2),
)


@examples(100)
@given(scenario=scenarios)
def test_joined_shards_say_what_one_run_says(scenario: Scenario) -> None:
    with ExitStack() as stack:
        whole = run_whole(stack, scenario)
        records = run_shards(stack, scenario)
        joined = Machine(stack.enter_context(in_memory()), scenario, "joined").world
        joined.later(days=1)
        merge(joined, [text_of(record) for record in records])
        assert without_times(joined.status) == without_times(whole.status)
