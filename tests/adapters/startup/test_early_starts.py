"""A container starts while others are created, and only when all its networks are connected."""

from collections.abc import Iterator
from threading import Event
from typing import Any, cast

import pytest

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.early_starts import EarlyStarts
from stacktest.adapters.startup.start_queue import StartQueue
from stacktest.core.observed_state import EngineEvent
from stacktest.core.unknown import Unknown

WAIT = 10
"""Seconds after which an awaited start is missing."""


class FakeEngine:
    """Answers each look at a container with the next document, the last one for ever."""

    def __init__(self, *documents: Any) -> None:
        self.documents = list(documents)
        self.looked = Event()

    def inspect(self, container: str) -> Any:
        document = self.documents.pop(0) if len(self.documents) > 1 else self.documents[0]
        if len(self.documents) == 1:
            self.looked.set()
        return document


def connected(*networks: str) -> dict[str, Any]:
    return {"NetworkSettings": {"Networks": {name: {} for name in networks}}}


class Early:
    """Early starts of the run `own`; `started` are the containers whose start was requested."""

    def __init__(self, engine: FakeEngine) -> None:
        self.started: list[str] = []
        self.has_started = Event()
        self.queue = StartQueue({})
        self.starts = EarlyStarts(cast(EnginePort, engine), self.queue, self._start)

    def _start(self, container: str) -> None:
        self.started.append(container)
        self.has_started.set()

    def create(self, service: str, run_id: str = "own") -> None:
        container = f"id-{service}"
        event = EngineEvent(action="create", container=container, service=service, run_id=run_id)
        self.starts.take(event)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(connected("front"))


@pytest.fixture
def early(engine: FakeEngine) -> Iterator[Early]:
    starts = Early(engine)
    yield starts
    starts.starts.end()
    starts.queue.close()


def test_a_container_of_one_network_starts_without_a_look(early: Early, engine: FakeEngine) -> None:
    early.starts.begin({"db": 1}, "own")
    early.create("db")
    assert early.has_started.wait(WAIT)
    assert not engine.looked.is_set()
    assert early.starts.end() == {"id-db"}


@pytest.mark.parametrize(("service", "run_id"), [("app", "own"), ("db", "other")])
def test_other_services_and_other_runs_are_left_alone(
    early: Early, service: str, run_id: str
) -> None:
    early.starts.begin({"db": 1}, "own")
    early.create(service, run_id)
    early.queue.close()
    assert early.started == []
    assert early.starts.end() == frozenset()


def test_a_container_of_two_networks_starts_when_both_are_connected() -> None:
    engine = FakeEngine(
        Unknown("no answer"), connected(), connected("front"), connected("front", "back")
    )
    early = Early(engine)
    early.starts.begin({"db": 2}, "own")
    early.create("db")
    assert early.has_started.wait(WAIT)
    assert engine.documents == [connected("front", "back")]
    assert early.starts.end() == {"id-db"}
    early.queue.close()


def test_what_is_not_connected_when_creating_ends_is_left_to_the_loop(
    early: Early, engine: FakeEngine
) -> None:
    early.starts.begin({"db": 2}, "own")
    early.create("db")
    assert engine.looked.wait(WAIT)
    assert early.starts.end() == frozenset()
    early.queue.close()
    assert early.started == []


def test_after_the_end_no_start_is_requested(early: Early) -> None:
    early.starts.begin({"db": 1}, "own")
    early.starts.end()
    early.create("db")
    early.queue.close()
    assert early.started == []
