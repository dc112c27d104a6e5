"""Tests are divided evenly, by whole services where that is even enough, and alike everywhere."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.core.shards.division import Divisible, divide
from tests.support.properties import examples

names = st.sampled_from("abcdefgh")
tests = st.lists(
    st.builds(
        lambda file, number, services: Divisible(
            f"test_{file}.py::test_{number}", f"test_{file}.py", tuple(services)
        ),
        names,
        st.integers(0, 9),
        st.lists(names, max_size=3, unique=True),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda test: test.name,
)
REFERENCE = json.loads((Path(__file__).parent / "reference_durations.json").read_text())


@examples(150)
@given(tests=tests, data=st.data())
def test_each_test_is_in_one_shard_and_no_shard_is_empty(
    tests: list[Divisible], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(tests)))
    known = data.draw(
        st.dictionaries(st.sampled_from([test.name for test in tests]), st.integers(0, 90_000))
    )
    shards = divide(tests, known, count)
    assert sorted(name for shard in shards for name in shard) == sorted(t.name for t in tests)
    assert all(shards)
    shuffled = random.Random(1).sample(tests, len(tests))
    assert divide(shuffled, dict(reversed(known.items())), count) == shards


def test_a_service_stays_together_where_that_is_even() -> None:
    tests = [
        Divisible(f"test_{name}.py::test_{n}", f"test_{name}.py", (name,))
        for name in "abcd"
        for n in range(3)
    ]
    for shard in divide(tests, {}, 2):
        services = {name[5] for name in shard}
        assert len(shard) == 3 * len(services) == 6


def test_services_that_a_test_names_together_stay_together() -> None:
    tests = [Divisible(f"test_{s}.py::test_it", f"test_{s}.py", (s,)) for s in "abcd"]
    both = Divisible("test_both.py::test_it", "test_both.py", ("a", "d"))
    known = {both.name: 0, "test_b.py::test_it": 2000, "test_c.py::test_it": 1}
    first, second = divide([*tests, both], known, 2)
    together = {both.name, "test_a.py::test_it", "test_d.py::test_it"}
    assert together <= first or together <= second


def test_a_service_that_is_too_long_is_split_by_files_before_tests() -> None:
    tests = [
        Divisible(f"test_{file}.py::test_{n}", f"test_{file}.py", ("a",))
        for file in "xy"
        for n in range(2)
    ]
    assert {frozenset(name[5] for name in shard) for shard in divide(tests, {}, 2)} == {
        frozenset("x"),
        frozenset("y"),
    }
    assert [len(shard) for shard in divide(tests, {}, 4)] == [1] * 4


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 16])
def test_the_reference_stack_is_divided_within_a_tenth_of_the_ideal(count: int) -> None:
    """By the times of a run of it; the ideal is the mean, or the longest test where that is more."""
    tests = [Divisible(t["name"], t["path"], tuple(t["services"])) for t in REFERENCE]
    known = {test["name"]: test["ms"] for test in REFERENCE}
    ideal = max(sum(known.values()) / count, *known.values())
    loads = [sum(known[name] for name in shard) for shard in divide(tests, known, count)]
    assert max(loads) <= 1.1 * ideal
