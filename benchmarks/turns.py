"""Measuring in turns, so that a machine that is busy with something else slows every way alike."""

import statistics
import time
from collections.abc import Callable, Mapping


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def medians(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median per way of what it answers; another one goes first in each round."""
    seen: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            seen[name].append(ways[name]())
    return {name: statistics.median(values) for name, values in seen.items()}
