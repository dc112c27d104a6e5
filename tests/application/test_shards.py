"""Shards that are joined say what one run would have said; a faulty set of them says nothing."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.states import State
from stacktest.core.shards.record import ShardRecord
from stacktest.core.shards.shard import Shard
from stacktest.errors import EvidenceError
from tests.support.properties import examples
from tests.support.sharded_run import (
    Machine,
    Scenario,
    files_of,
    merge,
    run_shards,
    run_whole,
    text_of,
    without_times,
)
from tests.support.stack_simulator import StackSimulator, hexed, in_memory

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

    def __call__(self, world: StackSimulator, remembers: bool) -> None:
        for name in NAMES:
            needs = (self.needs[name],) if name in self.needs else ()
            world.add(name, tests=self.tests[name], depends_on=needs)
        for number, (first, second) in enumerate(self.shared):
            nodeid = f"suites/test_shared.py::test_{number}"
            for name in {first, second}:
                world.services[name].tests += (nodeid,)
        for results in self.before:
            if remembers:
                world.run(**results)
            world.later(hours=2)
        for name in self.edits:
            world.services[name].edit("config", "before")
        for name in self.drifted:
            world.services[name].drift = ("env:X",)
        world.start_failures = dict(self.down)


GREEN = Shop(
    tests={"app": 2, "db": 1, "web": 1, "door": 3},
    shared=(("app", "db"),),
    needs={"app": "db"},
    down={},
    drifted=frozenset(),
    before=(),
)
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
    selected=st.none() | st.frozensets(nodeids, min_size=3),
)


@examples(20)
@given(scenario=scenarios)
def test_joined_shards_say_what_one_run_says(scenario: Scenario) -> None:
    with ExitStack() as stack:
        whole = run_whole(stack, scenario)
        records = run_shards(stack, scenario)
        joined = Machine(stack.enter_context(in_memory()), scenario, "joined").world
        joined.later(days=1)
        merge(joined, [text_of(record) for record in records])
        assert without_times(joined.status) == without_times(whole.status)


# Faults


def changed(record: ShardRecord, **changes: Any) -> ShardRecord:
    return replace(record, **changes)


def another_run(record: ShardRecord, **changes: Any) -> ShardRecord:
    return replace(record, run=replace(record.run, **changes))


def another_fingerprint(record: ShardRecord) -> ShardRecord:
    seen = record.before["app"]
    parts = {**seen.fingerprint.parts, "config": hexed("another")}
    other = replace(seen, fingerprint=replace(seen.fingerprint, parts=parts))
    return replace(record, before={**record.before, "app": other})


def another_inventory(record: ShardRecord) -> ShardRecord:
    tests = record.inventory.tests
    return replace(record, inventory=replace(record.inventory, tests=(*tests, tests[0])))


def without_a_test(record: ShardRecord) -> ShardRecord:
    return replace(record, outcomes=record.outcomes[1:])


def with_other_code(record: ShardRecord) -> ShardRecord:
    return replace(record, code=tuple(replace(item, after="0" * 16) for item in record.code))


FAULTS: dict[str, tuple[str, str, Callable[[ShardRecord], ShardRecord]]] = {
    "of another division": (
        "foreign",
        "",
        lambda r: changed(r, shard=Shard(index=1, count=9)),
    ),
    "of another stack": ("foreign", "", lambda r: changed(r, stack="bakery")),
    "on another engine": ("foreign", "", lambda r: another_run(r, stack="shop@engine-2")),
    "by another stacktest": ("foreign", "", lambda r: another_run(r, versions={"stacktest": "9"})),
    "with another key": ("foreign", "", lambda r: changed(r, key_id="k2")),
    "with other services": ("foreign", "", lambda r: changed(r, before={}, after={})),
    "of another commit": ("stale", "", lambda r: another_run(r, git_commit="f" * 40)),
    "of another run of CI": ("stale", "", lambda r: changed(r, group="ci-0")),
    "with another inventory": ("stale", "", another_inventory),
    "with another selection": ("stale", "", lambda r: changed(r, order=r.order[1:])),
    "by other times": ("stale", "", lambda r: changed(r, times="other")),
    "with another service": ("contradicting", "", another_fingerprint),
    "with other test code": ("contradicting", "", with_other_code),
    "without a test": ("missing", "suites/", without_a_test),
}
"""What may be wrong with one record → the kind of the fault, what it names, and how it comes."""


def spoiled(records: list[ShardRecord], fault: str, data: Any) -> tuple[str, str, list[str]]:
    """The kind of a fault, what its message names, and the records with it."""
    place = data.draw(st.integers(0, len(records) - 1))
    texts, record = [text_of(item) for item in records], records[place]
    if fault == "missing":
        del texts[place]
        return fault, f"shard {record.shard}", texts
    if fault == "doubled":
        return fault, f"shard {record.shard}", [*texts, texts[place]]
    if fault == "ran twice":
        other = records[place - 1]
        texts[place] = text_of(changed(record, outcomes=(*record.outcomes, other.outcomes[0])))
        return "doubled", other.outcomes[0].nodeid, texts
    if fault == "torn":
        texts[place] = texts[place][: data.draw(st.integers(0, len(texts[place]) - 1))]
        return fault, f"{place}-of-", texts
    if fault == "changed":
        document = json.loads(texts[place])
        spots = list(fields(document))
        holder, key = data.draw(st.sampled_from(spots))
        was = holder[key]
        holder[key] = data.draw(st.sampled_from([None, [], {}, -1, "", "x", True, "passed"]))
        assume(holder[key] != was)
        texts[place] = json.dumps(document)
        return "torn", f"{place}-of-", texts
    kind, names, spoil = FAULTS[fault]
    texts[place] = text_of(spoil(record))
    return kind, names, texts


def fields(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document, as what holds it and its key there."""
    places = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(places):
        yield value, key
        if isinstance(inner, dict | list):
            yield from fields(inner)


SPOILED = ("missing", "doubled", "ran twice", "torn", "changed", *FAULTS)


@cache
def green_records(count: int) -> list[ShardRecord]:
    """The records of shards that have no fault."""
    with ExitStack() as stack:
        return run_shards(stack, Scenario(prepare=GREEN, count=count))


@pytest.fixture(scope="module")
def unproved() -> Iterator[StackSimulator]:
    """A machine whose gate is closed, since nothing was tested there."""
    with in_memory() as world:
        yield Machine(world, Scenario(prepare=GREEN), "joined").world


@examples(200)
@given(count=st.integers(2, 4), fault=st.sampled_from(SPOILED), data=st.data())
def test_a_fault_is_named_and_opens_no_gate(
    unproved: StackSimulator, count: int, fault: str, data: Any
) -> None:
    kind, names, texts = spoiled(green_records(count), fault, data)
    before = files_of(unproved.root)
    with pytest.raises(EvidenceError) as raised:
        merge(unproved, texts)
    lines = raised.value.what.splitlines()
    assert any(line.startswith(kind) and names in line for line in lines), lines
    assert files_of(unproved.root) == before
    assert not unproved.gate(look=False).open


def test_without_a_fault_the_same_records_open_it() -> None:
    with ExitStack() as stack:
        scenario = Scenario(prepare=GREEN, count=3)
        records = run_shards(stack, scenario)
        joined = Machine(stack.enter_context(in_memory()), scenario, "joined").world
        assert not joined.gate().open
        joined.later(days=1)
        assert not merge(joined, [text_of(record) for record in records]).has_failed
        assert joined.gate(look=False).open


def test_records_older_than_what_is_known_are_stale() -> None:
    """A failure since then stays one."""
    with ExitStack() as stack:
        scenario = Scenario(prepare=GREEN)
        records = run_shards(stack, scenario)
        joined = Machine(stack.enter_context(in_memory()), scenario, "joined").world
        joined.later(hours=2)
        joined.run(app="failed")
        with pytest.raises(EvidenceError, match=r"stale shard 1/2: run .* of app is newer"):
            merge(joined, [text_of(record) for record in records])
        assert joined.state("app") is State.FAILING


def test_shards_are_joined_once() -> None:
    with ExitStack() as stack:
        scenario = Scenario(prepare=GREEN)
        texts = [text_of(record) for record in run_shards(stack, scenario)]
        joined = Machine(stack.enter_context(in_memory()), scenario, "joined").world
        joined.later(days=1)
        merge(joined, texts)
        with pytest.raises(EvidenceError, match="these shards were joined already"):
            merge(joined, texts)


def test_the_container_of_another_shard_is_no_container_of_this_one() -> None:
    """A service that was not there while it was tested earns nothing, wherever else it ran."""
    with ExitStack() as stack:
        scenario = Scenario(prepare=GREEN)
        records = run_shards(stack, scenario)
        tested = [{name for o in r.outcomes for name in o.services} for r in records]
        place = next(place for place, names in enumerate(tested) if "db" in names)
        bare = replace(records[place].before["db"], containers=())
        texts = [text_of(record) for record in records]
        texts[place] = text_of(
            replace(records[place], before={**records[place].before, "db": bare})
        )
        joined = Machine(stack.enter_context(in_memory()), scenario, "joined").world
        joined.later(days=1)
        summary = merge(joined, texts)
        assert summary.refused["db"] == "its container was replaced or restarted during its tests"
        assert "door" in summary.credited


def test_tests_may_run_in_another_order_on_each_machine() -> None:
    with ExitStack() as stack:
        scenario = Scenario(prepare=GREEN)
        first, second = run_shards(stack, scenario)
        joined = Machine(stack.enter_context(in_memory()), scenario, "joined").world
        joined.later(days=1)
        shuffled = replace(second, order=tuple(reversed(second.order)))
        assert set(merge(joined, [text_of(first), text_of(shuffled)]).credited) == set(NAMES)
