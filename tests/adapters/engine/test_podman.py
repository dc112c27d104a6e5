"""What Podman leaves out of its list, or says anew each time, is asked for in its own words."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import Connection
from stacktest.adapters.engine.socket import EngineSocket, Reply

DATA = Path(__file__).parents[1] / "data"
ROWS = json.loads((DATA / "engine-containers.json").read_text())
WEB = json.loads((DATA / "engine-inspect-web.json").read_text())


def listed_without_health(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "Status": row["Status"].partition(" (")[0]}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that the engine was asked for; it signs as the test says by `server`."""
    paths: list[str] = []
    web = next(row for row in ROWS if row["State"] == "running")
    answers: dict[str, Any] = {
        "/containers/json": [listed_without_health(row) for row in ROWS],
        f"/containers/{web['Id']}/json": {**WEB, "Id": web["Id"]},
        "/info": {"ID": "new each time", "Name": "box", "DockerRootDir": "/srv"},
        "/v4.0.0/libpod/info": {"host": {"cgroupManager": "cgroupfs"}},
    }

    def call(_: EngineSocket, method: str, path: str, *args: Any, **more: Any) -> Reply:
        paths.append(path)
        body = json.dumps(answers[path]).encode()
        return Reply(status=200, body=body, server="Libpod/4.3.1 (linux)")

    monkeypatch.setattr(EngineSocket, "call", call)
    return paths


def test_health_of_running_containers_is_asked_one_by_one(asked: list[str]) -> None:
    containers = Engine(Connection(address="unix:///run/podman.sock")).containers("demo")
    health = {container.service: container.health for container in containers}
    assert health == {"job": "", "never": "", "web": "healthy"}
    assert len(asked) == 2


def test_its_identity_does_not_change(asked: list[str]) -> None:
    facts = Engine(Connection(address="unix:///run/podman.sock")).facts()
    assert facts.identity == "podman box /srv"
    assert not facts.runs_health_checks
    assert asked == ["/info", "/v4.0.0/libpod/info"]
