"""Moves of containers, without any: what the end of a test starts again."""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.adapters.startup.moves import Mover
from stacktest.core.model import Service, Stack
from stacktest.core.readiness import parse_rule
from stacktest.errors import StacktestError


class StoppedEngine:
    """An engine whose one container has ended."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def containers(self, project: str) -> list[Any]:
        return [SimpleNamespace(id="c1", service="app", one_off=False, run_id="r", name=project)]

    def inspect(self, container: str) -> dict[str, Any]:
        state = {"Running": False, "StartedAt": "t", "ExitCode": 0}
        return {"Id": container, "Image": "i", "State": state}

    def start(self, container: str) -> str:
        self.started.append(container)
        return "no such image"


def settle(tmp_path: Any, ready: str) -> list[str]:
    """The containers that are started at the end of a test that moved `app`."""
    engine: Any = StoppedEngine()
    service = Service(name="app", definition={})
    mover = Mover(
        Stack(name="shop", root=tmp_path, services={"app": service}),
        SimpleNamespace(),
        engine,
        run_id="r",
        rules={"app": parse_rule(ready)},
        timeouts={},
        probe_image="",
        declare=lambda _: None,
    )
    mover._moved.add("app")
    # Whether it comes up is another question.
    with suppress(StacktestError):
        mover.settle()
    return list(engine.started)


@pytest.mark.parametrize(("ready", "started"), [("running", ["c1"]), ("exited(0)", [])])
def test_what_runs_once_is_not_run_again(tmp_path: Any, ready: str, started: list[str]) -> None:
    assert settle(tmp_path, ready) == started
