"""The reaper acts when the pipe ends without a word, and only then, and only by the run's label."""

import http.server
import json
import os
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import stacktest
from stacktest.adapters import process
from stacktest.adapters.engine import reaper
from stacktest.adapters.engine.connection import Connection
from stacktest.adapters.engine.labels import RUN
from stacktest.errors import ToolMissingError
from tests.support.docker_command import wait_until
from tests.support.known import known

pytestmark = pytest.mark.processes


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    address: str
    here: list[dict[str, Any]]
    removed: list[str]
    queries: list[str]


class _Engine(http.server.BaseHTTPRequestHandler):
    """An engine with one container and one network, over a socket file."""

    server: _Server

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query).get("filters", [""])[0]
        here = self.server.here if json.loads(asked) == {"label": ["stacktest.run=r1"]} else []
        kind = urlsplit(self.path).path.split("/")[1]
        items = [each for each in here if each["kind"] == kind]
        self._answer({"Volumes": items} if kind == "volumes" else items)

    def do_DELETE(self) -> None:
        name = urlsplit(self.path).path.split("/")[2]
        here = self.server.here
        here[:] = [each for each in here if name not in (each.get("Id"), each.get("Name"))]
        self.server.removed.append(name)
        self._answer(None)

    def do_POST(self) -> None:
        self.server.queries.append(urlsplit(self.path).query)
        self.server.removed.append(" ".join(urlsplit(self.path).path.split("/")[2:]))
        self._answer(None)

    def _answer(self, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[_Server]:
    with _Server(str(tmp_path / "e.sock"), _Engine) as server:
        server.removed = []
        server.queries = []
        server.address = f"unix://{tmp_path / 'e.sock'}"
        server.here = [
            {
                "kind": "containers",
                "Id": "c1",
                "Name": "c1",
                "Names": ["/c1"],
                "State": "running",
            },
            {"kind": "networks", "Id": "n1", "Name": "n1", "Labels": {}},
        ]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_run_that_cleaned_up_itself_is_left_alone(engine: _Server) -> None:
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r1"})
    guard.disarm()
    guard.disarm()
    assert engine.removed == []
    with pytest.raises(ProcessLookupError):
        os.kill(guard.pid, 0)


def test_the_end_of_the_pipe_removes_containers_then_networks(engine: _Server) -> None:
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r1"})
    guard._child.pipe.close()
    os.waitpid(guard.pid, 0)
    assert engine.removed == ["c1", "n1"]


def test_what_the_run_had_woken_is_stopped_and_left_there(engine: _Server) -> None:
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r1"}, stop=["w1", "w2"])
    guard._child.pipe.close()
    os.waitpid(guard.pid, 0)
    assert engine.removed == ["c1", "n1", "w1 stop", "w2 stop"]


def test_what_the_run_had_paused_goes_on_first(engine: _Server) -> None:
    engine.here.append({"kind": "volumes", "Name": "v1", "Labels": {RUN: "r1"}})
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r1"}, paused=["p1", "p2"])
    guard._child.pipe.close()
    os.waitpid(guard.pid, 0)
    assert engine.removed == ["p1 unpause", "p2 unpause", "c1", "v1", "n1"]


def test_another_run_is_not_touched(engine: _Server) -> None:
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r2"})
    guard._child.pipe.close()
    os.waitpid(guard.pid, 0)
    assert engine.removed == []


PARENT = """
import os, sys, time
from stacktest.adapters.engine import reaper
from stacktest.adapters.engine.connection import Connection
guard = reaper.arm(Connection(address=sys.argv[1]), {"stacktest.run": "r1"})
if os.fork() == 0:
    print(os.getpid(), flush=True)
    time.sleep(60)  # a forked child that still holds the other end of the pipe
os.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_parent_is_noticed_although_a_child_holds_the_pipe(
    engine: _Server, number: signal.Signals
) -> None:
    argv = [sys.executable, "-c", PARENT, engine.address]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        child = int(known(parent.stdout).readline())
        try:
            parent.send_signal(number)
            wait_until(lambda: engine.removed == ["c1", "n1"], seconds=20)
        finally:
            os.kill(child, signal.SIGKILL)


@pytest.mark.case("hard/D2-module-in-folder-disarms-watchdog")
def test_a_module_in_the_working_folder_does_not_disarm_it(
    engine: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("email", "http", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not the standard library')\n")
    monkeypatch.chdir(tmp_path)
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r1"})
    guard._child.pipe.close()
    os.waitpid(guard.pid, 0)
    assert engine.removed == ["c1", "n1"]


def test_the_package_may_go_while_the_run_lasts(
    engine: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, loaded = tmp_path / "copy", tmp_path / "loaded"
    shutil.copytree(Path(stacktest.__file__).parent, copy / "stacktest")
    client = copy / "stacktest/adapters/engine/client.py"
    client.write_text(f"{client.read_text()}\nopen({str(loaded)!r}, 'x').close()\n")
    monkeypatch.setattr(process, "__file__", str(copy / "stacktest/adapters/process.py"))
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r1"})
    wait_until(loaded.exists, seconds=20)
    shutil.rmtree(copy)
    guard._child.pipe.close()
    os.waitpid(guard.pid, 0)
    assert engine.removed == ["c1", "n1"]


@pytest.mark.case("hard/D2-module-in-folder-disarms-watchdog")
def test_a_module_on_the_search_path_of_a_person_does_not_disarm_it(
    engine: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stacktest").mkdir()
    for name in ("email", "http", "json", "runpy", "stacktest/__init__"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not the standard library')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r1"})
    guard._child.pipe.close()
    os.waitpid(guard.pid, 0)
    assert engine.removed == ["c1", "n1"]


@pytest.mark.case("hard/D1-one-second-for-a-database")
def test_what_has_data_gets_its_own_time_dependants_first(engine: _Server) -> None:
    data = [{"Type": "volume", "Name": "data", "Destination": "/d", "RW": True}]
    engine.here[0] |= {"Mounts": data, "Labels": {"com.docker.compose.service": "db"}}
    app = {"kind": "containers", "Id": "a1", "Names": ["/a1"], "State": "running", "Mounts": data}
    engine.here.append(app | {"Labels": {"com.docker.compose.service": "app"}})
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r1"}, order=["db", "app"])
    guard._child.pipe.close()
    os.waitpid(guard.pid, 0)
    # No `t=`: the engine then waits as long as the container's own setting says.
    assert engine.removed == ["a1 stop", "a1", "c1 stop", "c1", "n1"]
    assert engine.queries == ["", ""]


def test_an_engine_that_restarts_is_waited_for(engine: _Server, tmp_path: Path) -> None:
    socket = tmp_path / "e.sock"
    socket.rename(tmp_path / "away")
    guard = reaper.arm(Connection(address=engine.address), {RUN: "r1"})
    guard._child.pipe.close()
    time.sleep(1.5)  # it has asked in vain by now, more than once
    assert engine.removed == []
    (tmp_path / "away").rename(socket)
    os.waitpid(guard.pid, 0)
    assert engine.removed == ["c1", "n1"]


def test_an_engine_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaper, "PATIENCE", 0.0)

    def silent() -> None:
        raise ToolMissingError("the container engine does not answer")

    with pytest.raises(ToolMissingError):
        reaper._outlast(silent)


CREATING = """
import subprocess, sys
from stacktest.adapters.engine import reaper
from stacktest.adapters.engine.connection import Connection
guard = reaper.arm(Connection(address=sys.argv[1]), {"stacktest.run": "r1"})
# It stands for a Compose that goes on creating: it lives until somebody writes to the fifo.
child = subprocess.Popen(["cat", sys.argv[2]], pass_fds=[guard.pipe])
print(guard.pid, flush=True)
child.wait()
"""


def test_a_compose_that_outlives_its_run_is_waited_for(engine: _Server, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    argv = [sys.executable, "-c", CREATING, engine.address, str(fifo)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        guard = int(known(parent.stdout).readline())
        parent.kill()
    wait_until(lambda: engine.removed == ["c1", "n1"], seconds=20)
    time.sleep(reaper.QUIET + 0.5)  # long enough for one that does not wait to have gone
    engine.here.append({"kind": "containers", "Id": "c2", "Names": ["/c2"], "State": "created"})
    wait_until(lambda: "c2" in engine.removed, seconds=20)
    fifo.write_text("created everything")
    wait_until(lambda: not Path(f"/proc/{guard}").exists() or _is_zombie(guard), seconds=20)


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
