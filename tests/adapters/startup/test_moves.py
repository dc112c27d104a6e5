"""Moves of containers, without any: what the end of a test starts again."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.adapters.startup.moves import Mover
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.readiness import parse_rule
from stacktest.core.records.common import ContainerRef
from stacktest.core.runs.moves import Move, explains
from stacktest.errors import StacktestError, UsageError
from stacktest.pytest_plugin.fixtures.lifecycle import Lifecycle


class FakeEngine:
    """One container per service; none that is started goes on running."""

    def __init__(self, *services: str, is_running: bool = False) -> None:
        self.services = services
        self.started: list[str] = []
        self.running = set(services) if is_running else set[str]()

    def containers(self, project: str) -> list[Any]:
        return [
            SimpleNamespace(id=name, service=name, one_off=False, run_id="r", name=project)
            for name in self.services
        ]

    def inspect(self, container: str) -> dict[str, Any]:
        is_running = container in self.running
        state = {"Running": is_running, "StartedAt": "t", "ExitCode": 0}
        return {"Id": container, "Image": "i", "State": state, "Config": {}}

    def networks(self, _: Any) -> list[Any]:
        return []

    def start(self, container: str) -> str:
        self.started.append(container)
        return "no such image"

    def stop(self, container: str, grace: float | None = None) -> None:
        self.running.discard(container)


def mover(
    tmp_path: Path,
    engine: Any,
    *,
    ready: str = "running",
    needs: Mapping[str, str] | None = None,
    deployment: Any = None,
) -> tuple[Mover, list[Move]]:
    """What moves the engine's containers, and the moves that it declares."""
    depends_on = {name: (Dependency(service=need),) for name, need in (needs or {}).items()}
    services = {
        name: Service(name=name, definition={}, depends_on=depends_on.get(name, ()))
        for name in engine.services
    }
    declared: list[Move] = []
    made = Mover(
        Stack(name="shop", root=tmp_path, services=services),
        deployment,
        engine,
        run_id="r",
        rules={name: parse_rule(ready) for name in services},
        timeouts={},
        probe_image="",
        declare=declared.append,
    )
    return made, declared


@pytest.mark.parametrize(("ready", "started"), [("running", ["app"]), ("exited(0)", [])])
def test_what_runs_once_is_not_run_again(tmp_path: Path, ready: str, started: list[str]) -> None:
    engine = FakeEngine("app", is_running=True)
    moves, _ = mover(tmp_path, engine, ready=ready)
    moves.stop("app")
    # Whether it comes up is another question.
    with suppress(StacktestError):
        moves.settle()
    assert engine.started == started


def test_one_that_does_not_start_keeps_no_other_down(tmp_path: Path) -> None:
    engine = FakeEngine("app", "db", is_running=True)
    moves, _ = mover(tmp_path, engine)
    moves.stop("app")
    moves.stop("db")
    with pytest.raises(StacktestError, match="cannot be started"):
        moves.settle()
    assert sorted(engine.started) == ["app", "db"]


def test_what_others_need_is_started_again_first(tmp_path: Path) -> None:
    engine = FakeEngine("app", "store", is_running=True)
    moves, _ = mover(tmp_path, engine, needs={"app": "store"})
    moves.stop("app")
    moves.stop("store")
    with pytest.raises(StacktestError, match="cannot be started"):
        moves.settle()
    assert engine.started == ["store", "app"]


RUNNING = (ContainerRef(container="app", image="i", started_at="t"),)


def test_a_declared_stop_is_one_to_nothing_that_runs(tmp_path: Path) -> None:
    moves, declared = mover(tmp_path, FakeEngine("app", is_running=True))
    moves.stop("app")
    assert explains(declared, "app", RUNNING, ())


def test_a_stop_that_nobody_declared_is_a_gap(tmp_path: Path) -> None:
    engine = FakeEngine("app", is_running=True)
    moves, declared = mover(tmp_path, engine)
    engine.running.clear()
    moves.stop("app")
    assert not any(explains(declared, "app", RUNNING, last) for last in (RUNNING, ()))


def test_what_runs_once_counts_although_it_has_ended(tmp_path: Path) -> None:
    moves, declared = mover(tmp_path, FakeEngine("app"), ready="exited(0)")
    moves.stop("app")
    assert explains(declared, "app", RUNNING, RUNNING)


class Replaced:
    """Compose, with what it laid over the definition of each container that it created."""

    def __init__(self) -> None:
        self.environments: list[Any] = []

    def recreate(self, services: list[str], override: Any) -> Any:
        (service,) = services
        self.environments.append(override["services"][service].get("environment"))
        return SimpleNamespace(code=0)


def test_a_variant_that_a_test_left_open_is_ended_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = Replaced()
    moves, _ = mover(tmp_path, FakeEngine("app", is_running=True), deployment=deployment)
    left_open = moves.variant("app", {"environment": {"A": "b"}})
    monkeypatch.setattr(moves, "_wait", lambda *_: None)
    left_open.__enter__()
    moves.settle()
    assert deployment.environments == [{"A": "b"}, None]
    left_open.__exit__(None, None, None)
    assert deployment.environments == [{"A": "b"}, None]


def test_a_variant_of_a_variant_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = Replaced()
    moves, _ = mover(tmp_path, FakeEngine("app", is_running=True), deployment=deployment)
    monkeypatch.setattr(moves, "_wait", lambda *_: None)
    with moves.variant("app", {}), pytest.raises(UsageError, match="a variant already"):
        moves.variant("app", {}).__enter__()


def test_threads_move_one_container_after_the_other(tmp_path: Path) -> None:
    both = Barrier(2)
    overlaps: list[str] = []

    class SlowEngine(FakeEngine):
        def stop(self, container: str, grace: float | None = None) -> None:
            with suppress(BrokenBarrierError):
                both.wait(timeout=0.2)
                overlaps.append(container)
            super().stop(container, grace)

    moves, declared = mover(tmp_path, SlowEngine("app", "db", is_running=True))
    threads = [
        Thread(target=Lifecycle(moves, name, lambda: None, ended=Event()).stop)
        for name in ("app", "db")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == []
    assert len(declared) == 2


def test_nothing_is_moved_after_the_end_of_a_test(tmp_path: Path) -> None:
    moves, declared = mover(tmp_path, FakeEngine("app", is_running=True))
    ended = Event()
    app = Lifecycle(moves, "app", lambda: None, ended=ended)
    ended.set()
    with pytest.raises(UsageError, match="app is moved after the end of the test"):
        app.stop()
    assert declared == []
