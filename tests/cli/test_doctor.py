"""`stacktest doctor`: each thing is fine, or comes with the fix; nothing hides anything else."""

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.socket import EngineSocket
from stacktest.application import doctor
from stacktest.bootstrap import context
from stacktest.bootstrap.context import Project
from stacktest.cli import cli
from stacktest.core.model import Port, Service, Stack
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def checked(name: str, **check: str) -> Service:
    stanza = {"healthcheck": {"test": ["CMD", "true"], **check}}
    return Service(name=name, has_healthcheck=bool(check), definition=stanza)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A stack of one quick service on a machine where everything is fine."""
    found = Project(tmp_path, {})
    services = {"web": checked("web", interval="2s")}
    vars(found)["stack"] = Stack(name="shop", root=tmp_path, services=services)
    monkeypatch.setattr(context, "find_project", lambda _: found)
    monkeypatch.setattr(context, "now", lambda: NOW)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(Engine, "version", lambda _: "28.2.2")
    monkeypatch.setattr(Compose, "version", lambda _: (2, 36, 0))
    monkeypatch.setattr(
        EngineSocket, "get", lambda *_: {"SystemTime": "2026-03-01T12:00:00.123456789Z"}
    )
    monkeypatch.setattr(
        "stacktest.adapters.git.repository.why_not", lambda _: Unknown("no repository")
    )
    return found


def said(code: int = 0) -> list[str]:
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == code, done.output
    return done.output.splitlines()


def test_the_whole_of_it(project: Project) -> None:
    assert said() == [
        "ok  engine   28.2.2",
        "ok  compose  2.36.0",
        "ok  clock    agrees with the engine's",
        "ok  browser  /usr/bin/chromium-headless-shell",
        "ok  certutil /usr/bin/certutil",
        "ok  stack    shop: 1 service, 0 routes",
        "ok  ca       none: the system's trust serves",
        "ok  names    no domain is configured",
        "ok  ports    no front door is configured",
        "ok  start    health checks begin within 5 s",
        "--  git      no repository",
        "             fix: keep the stack in a git repository: pages are compared by its history",
    ]


def test_no_engine_hides_nothing_else(project: Project, monkeypatch) -> None:
    def silent(*_: object) -> None:
        raise ToolMissingError("the engine does not answer", hint="start it")

    monkeypatch.setattr(Engine, "version", silent)
    monkeypatch.setattr(EngineSocket, "get", silent)
    lines = said(12)
    assert lines[:2] == ["--  engine   the engine does not answer", "             fix: start it"]
    assert "ok  compose  2.36.0" in lines
    assert "--  clock    the engine does not answer" in lines


@pytest.mark.parametrize("seconds", [-60, 60])
def test_two_clocks(project: Project, monkeypatch, seconds: int) -> None:
    monkeypatch.setattr(context, "now", lambda: NOW + dt.timedelta(seconds=seconds))
    assert "--  clock    the engine's clock is 60 s away from this one" in said()


@pytest.mark.parametrize(
    ("version", "late", "fix"),
    [
        (
            "28.2.2",
            "late 90 s, silent 30 s, longer 7 s",
            "give their healthcheck `start_period: 60s` and `start_interval: 2s`",
        ),
        (
            "20.10.24+dfsg1",
            "late 90 s, default 30 s, early 30 s, silent 30 s",
            "give their healthcheck a shorter `interval` (Engine 25 has `start_interval`)",
        ),
    ],
)
def test_checks_that_begin_late(
    project: Project, monkeypatch, version: str, late: str, fix: str
) -> None:
    monkeypatch.setattr(Engine, "version", lambda _: version)
    services = (
        checked("none"),
        checked("early", interval="30s", start_period="1m0s", start_interval="500ms"),
        checked("default", interval="", start_period="10s"),
        checked("late", interval="1m30s"),
        checked("longer", interval="1s", start_period="10s", start_interval="7s"),
        checked("silent", timeout="3s"),
    )
    found = {each.name: each for each in services}
    vars(project)["stack"] = Stack(name="shop", root=project.root, services=found)
    lines = said()
    at = lines.index(f"--  start    the engine first looks at their health after: {late}")
    assert lines[at + 1].strip() == f"fix: {fix}"


def test_a_port_that_somebody_else_has(project: Project, monkeypatch) -> None:
    door = Service(name="caddy", ports=(Port(target=443, published=9443),))
    stack = Stack(
        name="shop", root=project.root, services={"caddy": door}, front_door="caddy", domain=""
    )
    vars(project)["stack"] = stack
    monkeypatch.setattr(Engine, "containers", lambda *_: ())
    monkeypatch.setattr(doctor, "_is_taken", lambda *_: True)
    assert "--  ports    9443: taken by another program" in said(2)
