"""Divides tests among shards evenly: by whole services if possible, else by smaller groups.

A group of tests is split only if its shard would be too long otherwise:

| a group                                            | is split into                    |
|----------------------------------------------------|----------------------------------|
| services that tests name together, and their tests | services; of several, the first  |
| a service                                          | files                            |
| a file                                             | tests                            |

Equal tests and equal times give equal shards on every machine, in whatever order they come.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from statistics import median_low
from typing import NamedTuple

from msgspec import Struct

TOLERANCE = 0.05
"""By which share the longest shard may exceed the ideal time before groups are split."""
UNKNOWN_MS = 1000
"""Assumed duration of a test if no duration of any test is known."""


class Divisible(NamedTuple):
    """A test with the facts by which tests are grouped."""

    name: str
    path: str
    services: tuple[str, ...] = ()


class Group(Struct, frozen=True):
    """Tests that stay in one shard, sorted, and their total duration."""

    tests: tuple[Divisible, ...]
    ms: int


def divide(
    tests: Iterable[Divisible], known: Mapping[str, int], count: int
) -> tuple[frozenset[str], ...]:
    """The names of the tests of each of `count` shards; `known`: name → milliseconds."""
    ordered = sorted(tests)
    times = _times(ordered, known)
    groups = _grouped(ordered, _joined_services(ordered), times)
    most = _ideal(times, count) * (1 + TOLERANCE)
    while True:
        shards = _shared_out(groups, count)
        fullest = max(shards, key=_load)
        if _load(fullest) <= most and all(shards):
            break
        parts = _first_split(fullest, times) or (() if all(shards) else _first_split(groups, times))
        if not parts:
            break
        whole = frozenset(test.name for part in parts for test in part.tests)
        groups = [group for group in groups if group.tests[0].name not in whole]
        groups += parts
    return tuple(
        frozenset(test.name for group in shard for test in group.tests) for shard in shards
    )


# Private


def _times(tests: Sequence[Divisible], known: Mapping[str, int]) -> dict[str, int]:
    """A time for every test, never 0; an unknown one is the median of the known times."""
    values = [known[test.name] for test in tests if test.name in known]
    usual = median_low(values) if values else UNKNOWN_MS
    return {test.name: max(1, known.get(test.name, usual)) for test in tests}


def _ideal(times: Mapping[str, int], count: int) -> float:
    return max([sum(times.values()) / count, *times.values()])


def _load(groups: Iterable[Group]) -> int:
    return sum(group.ms for group in groups)


def _joined_services(tests: Iterable[Divisible]) -> Callable[[Divisible], Hashable]:
    """A key by which to group tests: services that tests name together, else the file."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for test in tests:
        for service in test.services[1:]:
            low, high = sorted((root(test.services[0]), root(service)))
            parent[high] = low
    return lambda test: ("", root(test.services[0])) if test.services else (test.path, "")


def _grouped(
    tests: Iterable[Divisible], key: Callable[[Divisible], Hashable], times: Mapping[str, int]
) -> list[Group]:
    members: dict[Hashable, list[Divisible]] = {}
    for test in tests:
        members.setdefault(key(test), []).append(test)
    return [
        Group(tests=tuple(group), ms=sum(times[test.name] for test in group))
        for group in members.values()
    ]


def _first_split(groups: Iterable[Group], times: Mapping[str, int]) -> list[Group]:
    """The parts of the longest group that can be split; empty if none can."""
    for group in sorted(groups, key=_longest_first):
        for key in _KEYS:
            parts = _grouped(group.tests, key, times)
            if len(parts) > 1:
                return parts
    return []


_KEYS: tuple[Callable[[Divisible], Hashable], ...] = (
    lambda test: min(test.services, default=""),
    lambda test: test.path,
    lambda test: test.name,
)


def _shared_out(groups: Iterable[Group], count: int) -> list[list[Group]]:
    """Gives the groups to shards, the longest first, each to the shard with the lowest load."""
    shards: list[list[Group]] = [[] for _ in range(count)]
    loads = [0] * count
    for group in sorted(groups, key=_longest_first):
        place = loads.index(min(loads))
        shards[place].append(group)
        loads[place] += group.ms
    return shards


def _longest_first(group: Group) -> tuple[int, Divisible]:
    return -group.ms, group.tests[0]
