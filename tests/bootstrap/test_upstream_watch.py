"""A start ends early only where nothing moves: ports, log and processor stay as they are."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stacktest.bootstrap.context import Project
from stacktest.bootstrap.upstream_watch import PAUSE, STEADY, UpstreamWatch
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import PersistentFailure
from stacktest.core.route import Route

ANSWER = "https://wiki.lan/ answers 502"
TABLE = "  sl  local_address rem_address   st\n"
ROW = "   0: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000\n"


def container(name: str, **changes: Any) -> Container:
    values = {
        "id": f"{name}-id",
        "name": f"p-{name}-1",
        "service": name,
        "project": "p",
        "image_id": "",
        "image_ref": "",
        "state": "running",
        "networks": {"p_default": "10.0.0.2"},
    }
    return Container(**{**values, **changes})


@dataclass
class FakeEngine:
    listed: list[Container] = field(default_factory=lambda: [container("door"), container("wiki")])
    ports: Sequence[int] = (8080,)
    written: str = ""
    cpu: float = 0.0
    looks: int = 0

    def containers(self, project: str) -> tuple[Container, ...]:
        return tuple(self.listed)

    def container(self, _id: str) -> Container | None:
        return next((item for item in self.listed if item.id == _id), None)

    def execute(self, _id: str, argv: Sequence[str]) -> tuple[int, str, str]:
        self.looks += 1
        return 0, TABLE + "".join(ROW.format(port=port) for port in self.ports), ""

    def logs(self, _id: str, *, tail: int, since: float) -> str:
        return self.written

    def stats(self, _id: str, *, twice: bool) -> dict[str, Any]:
        now = {"cpu_usage": {"total_usage": self.cpu}, "system_cpu_usage": 1, "online_cpus": 1}
        return {"cpu_stats": now, "precpu_stats": {"cpu_usage": {"total_usage": 0}}}


class Watched:
    """A watch whose clock a test moves."""

    def __init__(self, **settings: Any) -> None:
        self.engine, self.time = FakeEngine(), 0.0
        stack = Stack(
            name="p",
            root=Path("/p"),
            services={name: Service(name=name) for name in ("door", "wiki")},
            routes=(Route(host="wiki.lan", service="wiki", port=8081),),
            front_door="door",
        )
        project = SimpleNamespace(
            engine=self.engine,
            stack=stack,
            config=SimpleNamespace(services=settings),
            ledger=SimpleNamespace(recent=lambda _: ()),
        )
        self.watch = UpstreamWatch(
            cast(Project, project),
            clock=lambda: self.time,
            now=lambda: dt.datetime.fromtimestamp(self.time, dt.UTC),
        )

    def look(self) -> str | PersistentFailure:
        self.time += PAUSE
        return self.watch.judge("wiki", ANSWER)


def test_what_stays_as_it_is_is_refused_each_time_alike() -> None:
    watched = Watched()
    first = watched.look()
    assert isinstance(first, PersistentFailure)
    assert first.why == f"cannot be reached: {ANSWER}, it listens at 8080, its routes ask for 8081"
    assert first.patience == STEADY
    assert watched.look() == first


def test_between_two_looks_nobody_asks_the_container() -> None:
    watched = Watched()
    assert watched.look() == watched.watch.judge("wiki", ANSWER)
    assert watched.engine.looks == 1


@pytest.mark.parametrize(
    "change", [{"written": "migrating"}, {"cpu": 0.5}, {"ports": (8080, 9000)}], ids=str
)
def test_what_moves_begins_the_time_anew(change: dict[str, Any]) -> None:
    watched = Watched()
    first = watched.look()
    vars(watched.engine).update(change)
    second = watched.look()
    assert isinstance(second, PersistentFailure)
    assert second != first


@pytest.mark.parametrize(
    "change",
    [
        {"ports": ()},
        {"ports": (8080, 8081)},
        {"listed": [container("door"), container("wiki", health="starting")]},
        {"listed": [container("door"), container("wiki", state="restarting")]},
        {"listed": [container("door"), container("wiki"), container("wiki", id="second")]},
    ],
    ids=["listens nowhere", "listens", "has a health check", "restarts", "has replicas"],
)
def test_what_may_still_come_is_only_not_ready(change: dict[str, Any]) -> None:
    watched = Watched()
    vars(watched.engine).update(change)
    assert watched.look() == ANSWER


def test_a_time_that_somebody_gave_it_is_waited_for() -> None:
    watched = Watched(wiki=SimpleNamespace(timeout=300.0))
    assert watched.look() == ANSWER
    assert watched.engine.looks == 0
