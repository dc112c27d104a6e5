"""What the engine answers becomes containers; an engine that does not answer is named."""

import http.server
import json
import os
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import USUAL_SOCKET, Connection, find_connection
from stacktest.adapters.engine.socket import EngineSocket, Reply
from stacktest.core.model import Mount
from stacktest.core.observed_state import EngineEvent
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError
from tests.support.known import known

DATA = Path(__file__).parents[1] / "data"
EVENT = {
    "Action": "die",
    "Actor": {"ID": "a1", "Attributes": {"com.docker.compose.service": "app", "exitCode": "3"}},
}
HEALTH = {
    "Action": "health_status: unhealthy",
    "Actor": {"ID": "a1", "Attributes": {"com.docker.compose.service": "app"}},
}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    asked: list[str]


class _Recorded(http.server.BaseHTTPRequestHandler):
    """Answers from the recorded documents, over a socket file."""

    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path = self.path.split("?")[0]
        known = {
            "/_ping": "OK",
            "/version": {"Version": "20.10.24"},
            "/exec/e1/json": {"ExitCode": 3},
            "/containers/json": json.loads((DATA / "engine-containers.json").read_text()),
        }
        for name in ("web", "job", "never"):
            file = DATA / f"engine-inspect-{name}.json"
            known[f"/containers/{name}/json"] = json.loads(file.read_text())
        if path == "/events":
            body = b"".join(json.dumps(each).encode() + b"\n" for each in (EVENT, HEALTH))
        elif path in known:
            body = json.dumps(known[path]).encode()
        else:
            self.send_response(404)
            body = b'{"message": "no such thing"}'
        if path in known or path == "/events":
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: object) -> None: ...

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/containers/web/exec":
            assert asked["Cmd"] == ["sh", "-c", "…"]
            self._whole(201, b'{"Id": "e1"}')
        elif self.path == "/exec/e1/start":
            assert asked == {"Detach": False, "Tty": False}
            # Head and words leave at once, as they arrive at a client that was busy meanwhile.
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
            said = ((1, b"one\n"), (2, b"oh\n"), (1, b"two\n"))
            framed = b"".join(bytes((to, 0, 0, 0, 0, 0, 0, len(it))) + it for to, it in said)
            self.wfile.write(head + framed)
            self.close_connection = True
        else:
            self._whole(404, b'{"message": "no such thing"}')

    def _whole(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def asked() -> list[str]:
    """The paths that the engine is asked for."""
    return []


@pytest.fixture
def engine(tmp_path: Path, asked: list[str]) -> Iterator[Engine]:
    path = tmp_path / "e.sock"
    with _Server(str(path), _Recorded) as server:
        server.asked = asked
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield Engine(f"unix://{path}")
        server.shutdown()


def test_one_list_call_tells_state_health_and_exit_code(engine: Engine, asked: list[str]) -> None:
    found = {each.service: each for each in engine.containers("demo")}
    assert {name: (each.state, each.health, each.exit_code) for name, each in found.items()} == {
        "job": ("exited", "", 3),
        "never": ("created", "", None),
        "web": ("running", "healthy", None),
    }
    assert len(asked) == 1
    assert "com.docker.compose.project%3Ddemo" in asked[0]
    web = found["web"]
    assert (web.name, web.project, web.image_ref) == (
        "demo-web-1",
        "demo",
        "stacktest-base:bookworm",
    )
    assert web.networks.keys() == {"demo_default"}
    assert not web.one_off
    logs, scratch, name = (
        next(each for each in web.mounts if each.target == target)
        for target in ("/logs", "/scratch", "/x")
    )
    assert logs == Mount(kind="volume", source="demo_logs", target="/logs")
    assert len(scratch.source) == 64
    assert name == Mount(kind="bind", source="/etc/hostname", target="/x", read_only=True)


def test_an_inspect_tells_the_rest(engine: Engine) -> None:
    web, job, never = (known(engine.container(name)) for name in ("web", "job", "never"))
    assert (web.state, web.health, web.health_log) == ("running", "healthy", "exit 0")
    assert web.started_at.startswith("20")
    assert (job.state, job.exit_code, job.oom, job.restart_count) == ("exited", 3, False, 0)
    assert never.state == "created"
    assert 'exec: "nosuch": executable file not found' in never.error


def test_what_is_gone_is_none_and_what_is_unknown_says_why(engine: Engine) -> None:
    assert engine.container("lost") is None
    assert engine.image("lost:1") == Unknown("image lost:1: no such thing")


def test_events_are_happenings(engine: Engine) -> None:
    assert list(engine.events("demo")) == [
        EngineEvent(action="die", container="a1", service="app", exit_code=3),
        EngineEvent(action="health_status", container="a1", service="app", health="unhealthy"),
    ]


def test_what_a_command_says_is_kept_when_it_comes_with_the_head(engine: Engine) -> None:
    assert engine.execute("web", ["sh", "-c", "…"]) == (3, "one\ntwo\n", "oh\n")


def test_a_command_in_a_container_that_is_gone_is_refused(engine: Engine) -> None:
    with pytest.raises(ToolMissingError, match="no such thing"):
        engine.execute("gone", ["true"])


def test_an_engine_that_does_not_answer_is_a_tool_missing(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError) as caught:
        Engine(f"unix://{tmp_path}/none.sock").ping()
    assert caught.value.lines()[1:] == [
        f"  at: unix://{tmp_path}/none.sock",
        "  hint: start it there, or correct DOCKER_HOST or the docker context: docker context ls",
    ]


def test_where_the_engine_is(tmp_path: Path) -> None:
    usual = Connection(address=USUAL_SOCKET)
    assert find_connection({"DOCKER_HOST": "tcp://far:2375"}).address == "tcp://far:2375"
    assert find_connection({"DOCKER_CONFIG": str(tmp_path)}) == usual
    (tmp_path / "config.json").write_text('{"currentContext": "default"}')
    assert find_connection({"DOCKER_CONFIG": str(tmp_path)}) == usual


def test_certificates_belong_to_an_address_of_the_environment_only_with_tls(tmp_path: Path) -> None:
    """One rule for both clients: a forgotten DOCKER_CERT_PATH alone switches nothing on."""
    environ = {"DOCKER_CERT_PATH": "/certs", "DOCKER_CONFIG": str(tmp_path)}
    verify = environ | {"DOCKER_TLS_VERIFY": "1"}
    folders = {
        (host, tls): find_connection(env | {"DOCKER_HOST": host}).certificates
        for tls, env in (("plain", environ), ("verify", verify))
        for host in ("tcp://far:2376", "https://far", "unix:///s")
    }
    certificates = Path("/certs")
    assert folders == {
        ("tcp://far:2376", "plain"): None,
        ("https://far", "plain"): certificates,
        ("unix:///s", "plain"): None,
        ("tcp://far:2376", "verify"): certificates,
        ("https://far", "verify"): certificates,
        ("unix:///s", "verify"): None,
    }


@pytest.mark.processes
def test_a_docker_context_brings_its_own_certificates(tmp_path: Path) -> None:
    """`docker context create` stores them; DOCKER_CERT_PATH of the environment is another host's."""
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(ca)
    environ = os.environ | {"DOCKER_CONFIG": str(tmp_path / "config"), "DOCKER_CERT_PATH": "/x"}
    environ.pop("DOCKER_HOST", None)
    for name, host in (("far", f"host=tcp://far:2376,ca={ca}"), ("near", "host=unix:///near")):
        command = ["docker", "context", "create", name, "--docker", host]
        subprocess.run(command, env=environ, check=True, capture_output=True)

    near = find_connection(environ | {"DOCKER_CONTEXT": "near"})
    far = find_connection(environ | {"DOCKER_CONTEXT": "far"})

    assert near == Connection(address="unix:///near")
    assert far.address == "tcp://far:2376"
    assert far.certificates is not None
    assert (far.certificates / "ca.pem").read_text() == ca.read_text()


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    engine = Engine(Connection(address="tcp://127.0.0.1:9", certificates=tmp_path))
    with pytest.raises(ToolMissingError) as caught:
        engine.ping()
    assert caught.value.where == str(tmp_path)
    assert "DOCKER_CERT_PATH" in caught.value.hint


@pytest.mark.real_docker
def test_the_real_engine_answers() -> None:
    engine = Engine()
    engine.ping()
    assert engine.version()[0].isdigit()
    assert isinstance(engine.image("stacktest-base:bookworm"), dict)
    assert engine.containers("t-no-such-project") == ()


@pytest.mark.parametrize(
    ("server", "is_dated"),
    [
        ("Docker/20.10.24+dfsg1 (linux)", False),
        ("Docker/23.0.0 (linux)", True),
        ("Docker/28.1.1-rd (linux)", True),
        ("Docker/dev (linux)", False),
        ("Libpod/4.3.1 (linux)", True),
        ("nginx", False),
        ("", False),
    ],
)
def test_an_engine_that_dates_volumes_by_their_last_change_does_not_date_them(
    monkeypatch: pytest.MonkeyPatch, server: str, *, is_dated: bool
) -> None:
    body = json.dumps({"Volumes": [{"Name": "v", "CreatedAt": "2026-01-06T01:00:00Z"}]}).encode()
    reply = Reply(status=200, body=body, server=server)
    monkeypatch.setattr(EngineSocket, "call", lambda *_, **__: reply)
    (volume,) = Engine("unix:///run/e.sock").volumes({})
    assert volume["Name"] == "v"
    assert ("CreatedAt" in volume) is is_dated
