"""The order in which starts are requested, and how many at the same time."""

from collections.abc import Callable, Mapping
from threading import Event, Lock

import pytest

from stacktest.adapters.startup.start_queue import AT_ONCE, BEHIND, StartQueue

WAIT = 10
"""Seconds after which an awaited start is missing."""


class Starts:
    """Starts that take until they are let go; `begun` are those that were called, in order."""

    def __init__(self, chains: Mapping[str, float]) -> None:
        self.queue = StartQueue(chains)
        self.begun: list[str] = []
        self.gates: dict[str, Event] = {}
        self._lock = Lock()
        self._changed = Event()

    def submit(self, *names: str) -> None:
        for name in names:
            self.gates[name] = Event()
            self.queue.submit(name, self._start(name))

    def _start(self, name: str) -> Callable[[], None]:
        def start() -> None:
            with self._lock:
                self.begun.append(name)
                self._changed.set()
            assert self.gates[name].wait(WAIT)

        return start

    def await_begun(self, count: int) -> list[str]:
        """The first starts, in order, once there are so many."""
        while len(self.begun) < count:
            self._changed.clear()
            if len(self.begun) < count:
                assert self._changed.wait(WAIT), f"only {self.begun} began"
        return self.begun[:]

    def let_go(self, *names: str) -> None:
        for name in names:
            self.gates[name].set()

    def close(self) -> None:
        self.let_go(*self.gates)
        self.queue.close()


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number:02}" for number in range(count)]


def test_equal_chains_start_all_at_once() -> None:
    services = names("app", AT_ONCE)
    starts = Starts(dict.fromkeys(services, 5.0))
    starts.submit(*services)
    assert sorted(starts.await_begun(AT_ONCE)) == services
    starts.close()


def test_short_chains_start_a_few_at_a_time_and_the_longest_of_them_first() -> None:
    short = names("short", BEHIND)
    chains = {**dict.fromkeys(short, 1.0), "least": 2.0, "more": 3.0, "long": 15.0}
    starts = Starts(chains)
    starts.submit(*short)
    starts.await_begun(BEHIND)
    starts.submit("least", "more")
    assert starts.begun == short
    starts.let_go("short00")
    assert starts.await_begun(BEHIND + 1)[-1] == "more"
    starts.let_go("short01")
    assert starts.await_begun(BEHIND + 2)[-1] == "least"
    starts.close()


def test_a_long_chain_waits_for_no_short_one() -> None:
    short = names("short", BEHIND + 3)
    starts = Starts({**dict.fromkeys(short, 1.0), "long": 15.0, "half": 7.5})
    starts.submit(*short)
    starts.await_begun(BEHIND)
    starts.submit("long", "half")
    assert sorted(starts.await_begun(BEHIND + 2)[BEHIND:]) == ["half", "long"]
    starts.close()


def test_a_service_without_a_chain_starts_too() -> None:
    starts = Starts({})
    starts.submit("app")
    assert starts.await_begun(1) == ["app"]
    starts.close()


@pytest.mark.parametrize("chain", [1.0, 15.0])
def test_a_closed_queue_requests_no_start(chain: float) -> None:
    starts = Starts({"late": chain, "long": 15.0})
    starts.queue.close()
    starts.submit("late")
    assert starts.begun == []


def test_closing_waits_for_what_began_and_drops_the_rest() -> None:
    short = names("short", BEHIND + 2)
    starts = Starts({**dict.fromkeys(short, 1.0), "long": 15.0})
    starts.submit(*short)
    starts.await_begun(BEHIND)
    starts.close()
    assert set(short[:BEHIND]) <= set(starts.begun)
    assert starts.gates[short[0]].is_set()


def test_a_start_that_raises_gives_its_place_to_the_next() -> None:
    short = names("short", BEHIND + 1)
    starts = Starts({**dict.fromkeys(short, 1.0), "long": 15.0})

    def fail() -> None:
        raise OSError

    for name in short[:BEHIND]:
        starts.queue.submit(name, fail)
    starts.submit(short[-1])
    assert starts.await_begun(1) == [short[-1]]
    starts.close()
