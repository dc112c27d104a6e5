import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import Connection
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.names import inner_http_client
from stacktest.adapters.network import (
    Connector,
    ContainerPorts,
    ProbeContainers,
    ServiceAccess,
)
from stacktest.adapters.network.connect import Stream, is_attached
from stacktest.adapters.network.port_forward import PortForward
from stacktest.adapters.network.probe_container import ProbeContainer
from stacktest.adapters.network.reachability import _meaning, network_name, reach
from stacktest.adapters.startup import probe
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import parse_rule
from stacktest.core.unknown import Unknown
from stacktest.errors import StackNotReadyError, StacktestError, ToolMissingError, UsageError
from tests.support.known import known


class Echo:
    """A stream that answers each line with itself in capitals, or never."""

    def __init__(self, *, silent: bool = False) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._silent = silent
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with self._theirs:
            while data := self._theirs.recv(4096):
                if not self._silent:
                    self._theirs.sendall(data.upper())

    def recv(self) -> bytes:
        return self._ours.recv(4096)

    def send(self, data: bytes) -> None:
        self._ours.sendall(data)

    def end(self) -> None:
        self._ours.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)
        self._ours.close()


def test_a_forward_tells_of_every_answer() -> None:
    told: list[int] = []
    tap = PortForward(lambda port: Echo(), 1, lambda: told.append(1))
    for _ in range(2):
        with socket.create_connection(tap.address, timeout=5) as client:
            for word in (b"one", b"two"):
                client.sendall(word)
                assert client.recv(10) == word.upper()
    tap.close()
    tap.close()
    assert told == [1, 1, 1, 1]


def test_a_connection_without_an_answer_is_no_contact() -> None:
    told: list[int] = []
    tap = PortForward(lambda port: Echo(silent=True), 1, lambda: told.append(1))
    with socket.create_connection(tap.address, timeout=5) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(10) == b""
    tap.close()
    assert told == []


def test_a_tap_closes_what_is_open() -> None:
    tap = PortForward(lambda port: Echo(), 1, lambda: None)
    with socket.create_connection(tap.address, timeout=5) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"X"
        tap.close()
        assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(tap.address, timeout=5)


def test_nobody_listening_any_more_ends_the_connection() -> None:
    def refuse(port: int) -> Stream:
        raise ConnectionRefusedError

    tap = PortForward(refuse, 1, lambda: pytest.fail("no answer came"))
    with socket.create_connection(tap.address, timeout=5) as client:
        assert client.recv(1) == b""
    tap.close()


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (0, "Connection to ldap 389 port [tcp/*] succeeded!", "open"),
        (
            1,
            "nc: connect to caddy (172.18.0.2) port 80 (tcp) failed: Connection refused",
            "refused",
        ),
        (1, "bash: connect: Connection refused", "refused"),
        (1, "nc: connect to x port 1 (tcp) timed out: Operation now in progress", "timeout"),
        (124, "", "timeout"),
        (1, "bash: connect: No route to host", "timeout"),
    ],
)
def test_what_the_probe_says_means_one_thing(code: int, said: str, expected: str) -> None:
    assert _meaning(code, said, "x") == expected


@pytest.mark.parametrize(
    ("code", "said"), [(1, ""), (127, "nc: not found"), (126, "permission denied")]
)
def test_what_the_probe_cannot_tell_is_an_error(code: int, said: str) -> None:
    with pytest.raises(StacktestError, match="cannot tell whether"):
        _meaning(code, said, "x")


def test_networks_have_the_engines_names(tmp_path: Path) -> None:
    networks = {"front": {"name": "p_front"}, "own": {"name": "shared"}, "bare": None}
    model = Stack(name="p", root=tmp_path, services={}, definitions={"networks": networks})
    assert [network_name(model, each) for each in networks] == ["p_front", "shared", "p_bare"]
    with pytest.raises(UsageError, match="'back' is not a network") as caught:
        network_name(model, "back")
    assert "bare, front, own" in caught.value.hint


def test_only_a_network_of_this_host_is_attached() -> None:
    here = {"IPAddress": "127.0.0.9", "IPPrefixLen": 8}
    assert is_attached(here, "lo")
    assert not is_attached(here, "br-0123456789ab"), "the same numbers at another engine"
    assert not is_attached({"IPAddress": "203.0.113.7", "IPPrefixLen": 24}, "lo")
    assert not is_attached({"IPAddress": "", "IPPrefixLen": 0}, "lo")


@pytest.mark.parametrize(
    ("is_own", "host", "asked"),
    [
        (True, "db", "db"),
        (False, "db", "db.shop_front"),
        (False, "example.org", "example.org"),
        (False, "10.0.0.2", "10.0.0.2"),
    ],
)
def test_a_borrowed_container_asks_the_network_alone(is_own: bool, host: str, asked: str) -> None:
    """It may be on other networks, by which it reaches what this one does not."""
    probe = ProbeContainer(container="c", tool="nc", is_own=is_own)
    probes = SimpleNamespace(on=lambda network: probe)
    commands: list[list[str]] = []

    def execute(_: str, command: list[str]) -> tuple[int, str, str]:
        commands.append(command)
        return 0, "", ""

    engine = cast(EnginePort, SimpleNamespace(execute=execute))
    model = Stack(name="shop", root=Path(), services={}, definitions={"networks": {"front": {}}})
    found = reach(model, engine, cast(ProbeContainers, probes), network="front", host=host, port=80)
    assert found == "open"
    assert [command[-1 if "getent" in command else -2] for command in commands] == [asked, asked]


NO_PROBES = cast(ProbeContainers, None)
NO_CONNECTOR = cast(Connector, None)
"""These tests ask for neither."""


class RecordedEngine:
    """An engine that answers from a table."""

    def __init__(self, address: str, documents: Mapping[str, object]) -> None:
        self.connection = Connection(address=address)
        self._documents = documents

    def port(self) -> EnginePort:
        """Itself: what nobody asks for is not recorded."""
        return cast(EnginePort, self)

    def inspect(self, container: str) -> object:
        return self._documents.get(container, Unknown("no such container"))

    def network(self, network: str) -> object:
        return self._documents.get(network, Unknown("no such network"))

    def info(self) -> object:
        return self._documents["info"]


def living(mode: str, **networks: str) -> dict[str, object]:
    endpoints = {
        name: {"IPAddress": address, "IPPrefixLen": 8, "NetworkID": name}
        for name, address in networks.items()
    }
    return {"HostConfig": {"NetworkMode": mode}, "NetworkSettings": {"Networks": endpoints}}


ROOTLESS = {"SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}
USUAL = {"SecurityOptions": ["name=seccomp,profile=default"]}
LOOPBACK = {"Id": "0123456789abcdef", "Options": {"com.docker.network.bridge.name": "lo"}}
ELSEWHERE = {"Id": "0123456789abcdef", "Options": None}


@pytest.mark.parametrize(
    ("mode", "socket_at", "info", "network", "expected"),
    [
        ("own", "unix:///s", USUAL, LOOPBACK, "127.0.0.9"),
        ("container:other", "unix:///s", USUAL, LOOPBACK, "127.0.0.9"),
        # The numbers are in use here, the network is not: it belongs to another engine.
        ("own", "unix:///s", ROOTLESS, ELSEWHERE, None),
        # Each engine has a bridge of that name.
        ("own", "tcp://far:2375", USUAL, LOOPBACK, None),
        ("host", "unix:///s", USUAL, LOOPBACK, "127.0.0.1"),
        ("host", "unix:///s", ROOTLESS, LOOPBACK, None),
        ("host", "tcp://far:2375", USUAL, LOOPBACK, None),
    ],
)
def test_where_this_host_reaches_a_container(
    mode: str,
    socket_at: str,
    info: dict[str, list[str]],
    network: dict[str, Any],
    expected: str | None,
) -> None:
    documents = {
        "c": living(mode, own="127.0.0.9"),
        "other": living("own", own="127.0.0.9"),
        "own": network,
        "info": info,
    }
    ways = Connector(RecordedEngine(socket_at, documents).port(), NO_PROBES)
    assert ways.addresses("c") == ((expected,) if expected else ())


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (
            {"IPAddress": "127.0.0.9", "IPPrefixLen": 8, "GlobalIPv6Address": "::2"},
            ("127.0.0.9", "::2"),
        ),
        ({"GlobalIPv6Address": "::1", "GlobalIPv6PrefixLen": 128}, ("::1",)),
    ],
)
def test_a_container_may_have_an_address_of_ipv6(
    addresses: dict[str, object], expected: tuple[str, ...]
) -> None:
    found = {
        "HostConfig": {"NetworkMode": "own"},
        "NetworkSettings": {"Networks": {"own": {**addresses, "NetworkID": "own"}}},
    }
    documents = {"c": found, "own": LOOPBACK, "info": USUAL}
    ways = Connector(RecordedEngine("unix:///s", documents).port(), NO_PROBES)
    assert ways.addresses("c") == expected


@pytest.mark.parametrize(
    "found",
    [
        living("host", host=""),
        living("none", none=""),
        # It has just ended, and its network is gone.
        living("gone", gone=""),
    ],
)
def test_where_no_network_leads_nobody_is_asked(found: dict[str, Any]) -> None:
    documents = {"c": found, "info": ROOTLESS}
    ways = Connector(RecordedEngine("unix:///s", documents).port(), NO_PROBES)
    stack = Stack(name="p", root=Path("/p"), services={"app": Service(name="app")})
    said = probe.ask(parse_rule("tcp:80"), stack, container("running"), ways)
    assert said == (
        "nothing accepts a connection on the container:80 "
        "(port 80: no network leads to the container)"
    )


class NoEngine:
    """An engine with these containers, in which no program is found."""

    def __init__(self, *containers: Container) -> None:
        self._containers = containers

    def port(self) -> EnginePort:
        """Itself: what nobody asks for is not simulated."""
        return cast(EnginePort, self)

    def containers(self, project: str = "") -> tuple[Container, ...]:
        return self._containers

    def execute(self, container: str, argv: list[str]) -> tuple[int, str, str]:
        return 1, "", ""


def container(state: str, **more: Any) -> Container:
    return Container(
        id="c",
        name="c",
        service="app",
        project="p",
        image_id="i",
        image_ref="i",
        state=state,
        **more,
    )


def test_a_service_that_does_not_run_is_named(tmp_path: Path) -> None:
    model = Stack(name="p", root=tmp_path, services={"app": Service(name="app")})
    engine = NoEngine(container("exited"), container("running", one_off=True))
    app = ServiceAccess(
        model,
        engine.port(),
        NO_CONNECTOR,
        "app",
        on_answer=lambda _port: None,
        client=inner_http_client,
    )
    with pytest.raises(StackNotReadyError, match=r"has no running container \(it has: exited\)"):
        app.run("true")
    assert repr(app) == "ServiceAccess('app')"


class Exits:
    """An engine whose commands end with one code."""

    def port(self) -> EnginePort:
        """Itself: what nobody asks for is not simulated."""
        return cast(EnginePort, self)

    def __init__(self, code: int) -> None:
        self.code = code
        self.calls: list[tuple[object, ...]] = []

    def containers(self, project: str = "") -> tuple[Container, ...]:
        return (container("running"),)

    def execute(
        self,
        _: str,
        argv: tuple[str, ...],
        *,
        user: str = "",
        env: dict[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> tuple[int, str, str]:
        self.calls.append((argv, user, env, stdin))
        return self.code, "", ""


def access(tmp_path: Path, engine: EnginePort, answers: list[int]) -> ServiceAccess:
    model = Stack(name="p", root=tmp_path, services={"app": Service(name="app")})
    return ServiceAccess(
        model,
        engine,
        NO_CONNECTOR,
        "app",
        on_answer=lambda _port: answers.append(1),
        client=inner_http_client,
    )


@pytest.mark.case("field/c21")
@pytest.mark.parametrize("code", [0, 1, 2, 124, 128, 130, 255])
def test_a_command_that_ran_is_an_answer_whatever_it_says(tmp_path: Path, code: int) -> None:
    answers: list[int] = []
    assert access(tmp_path, Exits(code).port(), answers).run("touch", "/x").code == code
    assert answers == [1]


@pytest.mark.parametrize("code", [125, 126, 127, 137])
def test_a_command_that_did_not_run_or_was_killed_is_no_answer(tmp_path: Path, code: int) -> None:
    answers: list[int] = []
    assert access(tmp_path, Exits(code).port(), answers).run("nothing").code == code
    assert answers == []


def test_a_command_runs_as_whom_with_what_it_was_told(tmp_path: Path) -> None:
    engine = Exits(0)
    app = access(tmp_path, engine.port(), [])
    app.run("cat", user="daemon", input="text", env={"A": "b"})
    app.run("cat", input=b"bytes")
    assert engine.calls == [
        (("cat",), "daemon", {"A": "b"}, b"text"),
        (("cat",), "", None, b"bytes"),
    ]


def test_no_place_to_stand_says_what_to_configure(tmp_path: Path) -> None:
    model = Stack(name="p", root=tmp_path, services={})
    engine = NoEngine(container("running", networks={"p_front": "10.0.0.2"}))
    with pytest.raises(ToolMissingError, match="probe_image"):
        ProbeContainers(model, engine.port(), image="", labels={}).on("p_front")


# With a real engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="module")
def project(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """redis on an internal network, another on a second network: made and removed here."""
    name = f"t-net-{tmp_path_factory.getbasetemp().name.replace('pytest-', '')}"
    client = engine.connection.sdk()
    labels = {"com.docker.compose.project": name, "stacktest.run": name}
    networks = {}
    made: list[str] = []
    try:
        for key in ("front", "back"):
            full = f"{name}_{key}"
            networks[key] = client.create_network(full, labels=labels, internal=key == "back")["Id"]
        for service, key in (("store", "back"), ("other", "front")):
            endpoint: Any = client.create_endpoint_config(aliases=[service])
            endpoints: Any = {f"{name}_{key}": endpoint}
            config = client.create_networking_config(endpoints)
            made.append(
                client.create_container(
                    "stacktest/redis:7.0",
                    command=[
                        "--bind",
                        "0.0.0.0",
                        "--protected-mode",
                        "no",
                        "--save",
                        "",
                    ],
                    labels={**labels, "com.docker.compose.service": service},
                    networking_config=config,
                    host_config=client.create_host_config(network_mode=f"{name}_{key}", init=True),
                )["Id"]
            )
            client.start(made[-1])
        definitions = {"networks": {key: {"name": f"{name}_{key}"} for key in networks}}
        services = {each: Service(name=each) for each in ("store", "other")}
        yield Stack(
            name=name,
            root=tmp_path_factory.getbasetemp(),
            services=services,
            definitions=definitions,
        )
    finally:
        for each in made:
            client.remove_container(each, force=True, v=True)
        for each in networks.values():
            client.remove_network(each)
        client.close()


@pytest.fixture(scope="module", params=["stacktest/probe:1", "no-such-image:0"])
def footings(
    project: Stack, engine: Engine, request: pytest.FixtureRequest
) -> Iterator[ProbeContainers]:
    found = ProbeContainers(
        project, engine, image=request.param, labels={"stacktest.run": project.name}
    )
    yield found
    found.close()
    left = engine.containers(labels={"stacktest.probe": f"{project.name}_back"})
    assert left == ()


@pytest.fixture
def store(
    project: Stack, engine: Engine, footings: ProbeContainers
) -> Iterator[tuple[ServiceAccess, list[str]]]:
    told: list[str] = []
    found = ServiceAccess(
        project,
        engine,
        Connector(engine, footings),
        "store",
        on_answer=lambda _port: told.append("store"),
        client=inner_http_client,
    )
    yield found, told
    found.close()


def ping(address: tuple[str, int]) -> bytes:
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(b"PING\r\n")
        return client.recv(100)


@pytest.mark.real_docker
def test_a_port_of_an_internal_network_is_reached_straight(
    store: tuple[ServiceAccess, list[str]],
) -> None:
    inside, told = store
    assert ping(inside.address(6379)) == b"+PONG\r\n"
    with inside.connect(6379) as client:
        client.sendall(b"PING\r\n")
        assert client.recv(100) == b"+PONG\r\n"
    assert told == ["store", "store"]


@pytest.mark.real_docker
def test_nobody_listens_is_refused_at_once(store: tuple[ServiceAccess, list[str]]) -> None:
    inside, told = store
    with pytest.raises(ConnectionRefusedError, match="store:6380"):
        inside.address(6380)
    assert told == []


@pytest.mark.real_docker
def test_commands_run_in_the_services_own_container(store: tuple[ServiceAccess, list[str]]) -> None:
    inside, told = store
    said = inside.run("redis-cli", "ping")
    assert (said.code, said.out) == (0, "PONG\n")
    assert inside.run("sh", "-c", "echo no >&2; exit 3").err == "no\n"
    assert told == ["store", "store"]
    assert inside.run("no-such-program").code in {126, 127}
    assert told == ["store", "store"]


@pytest.mark.real_docker
def test_commands_are_given_input_a_user_and_variables(
    store: tuple[ServiceAccess, list[str]],
) -> None:
    inside, _ = store
    assert inside.run("cat", input="one\ntwo\n").out == "one\ntwo\n"
    assert inside.run("wc", "-c", input=b"x" * 3_000_000).out.strip() == "3000000"
    assert len(inside.run("cat", input=b"x" * 3_000_000).out) == 3_000_000
    assert inside.run("true", input="nobody reads this").code == 0
    assert inside.run("cat", input="").out == ""
    assert inside.run("id", "-u", user="65534").out == "65534\n"
    assert inside.run("sh", "-c", "echo $A", env={"A": "b c"}).out == "b c\n"


@pytest.mark.real_docker
def test_what_a_container_has_sent_grows_with_an_answer(
    store: tuple[ServiceAccess, list[str]], project: Stack, engine: Engine
) -> None:
    inside, _ = store
    before = engine.sent_bytes(inside.container().id)
    assert ping(inside.address(6379)) == b"+PONG\r\n"
    after = engine.sent_bytes(inside.container().id)
    assert before is not None
    assert after is not None
    assert after > before
    assert engine.sent_bytes("no-such-container") is None


@pytest.mark.real_docker
def test_a_host_that_is_not_attached_goes_beside(
    store: tuple[ServiceAccess, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stacktest.adapters.network.connect.is_attached", lambda *_: False)
    inside, told = store
    assert ping(inside.address(6379)) == b"+PONG\r\n"
    assert told == ["store"]
    with pytest.raises(ConnectionRefusedError):
        inside.address(6380)


@pytest.mark.real_docker
@pytest.mark.parametrize("is_near", [True, False])
def test_a_port_has_an_address_whether_or_not_this_host_is_attached(
    project: Stack, engine: Engine, monkeypatch: pytest.MonkeyPatch, is_near: bool
) -> None:
    if not is_near:
        monkeypatch.setattr("stacktest.adapters.network.connect.is_attached", lambda *_: False)
    ((container, own),) = (
        (item.id, address)
        for item in engine.containers(project.name)
        if item.service == "store"
        for address in item.networks.values()
    )
    ports = ContainerPorts(project, engine)
    address = ports.address(container, 6379)
    assert (address == (own, 6379)) is is_near
    assert ping(address) == b"+PONG\r\n"
    assert ports.address(container, 6379) == address
    ports.close()
    with pytest.raises(ConnectionRefusedError):
        ports.address("0" * 64, 6379)


@pytest.mark.real_docker
@pytest.mark.parametrize(
    ("network", "service", "port", "expected"),
    [
        ("back", "store", 6379, "open"),
        ("back", "store", 6380, "refused"),
        ("front", "store", 6379, "unresolved"),
        ("front", "other", 6379, "open"),
    ],
)
def test_reaches(  # noqa: PLR0917
    project: Stack,
    engine: Engine,
    footings: ProbeContainers,
    network: str,
    service: str,
    port: int,
    expected: str,
) -> None:
    assert reach(project, engine, footings, network=network, host=service, port=port) == expected


@pytest.mark.real_docker
def test_an_address_where_nobody_is(
    project: Stack, engine: Engine, footings: ProbeContainers
) -> None:
    taken = engine.containers(project.name)[0].networks
    ((network, address),) = taken.items()
    free = address.rpartition(".")[0] + ".199"
    key = network.rpartition("_")[2]
    assert reach(project, engine, footings, network=key, host=free, port=1) == "timeout"


@pytest.mark.real_docker
def test_an_own_probe_may_do_nothing_and_is_marked(project: Stack, engine: Engine) -> None:
    found = ProbeContainers(
        project, engine, image="stacktest/probe:1", labels={"stacktest.run": "r"}
    )
    try:
        footing = found.on(f"{project.name}_front")
        assert found.on(f"{project.name}_front") is footing
        assert isinstance(footing, ProbeContainer)
        assert footing.is_own
        raw = engine.socket.get(f"/containers/{footing.container}/json")
        assert raw["HostConfig"]["CapDrop"] == ["ALL"]
        assert raw["HostConfig"]["AutoRemove"] is True
        assert raw["Config"]["Labels"]["stacktest.run"] == "r"
    finally:
        found.close()


HOLDING = """
import sys
from pathlib import Path
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import Connection
from stacktest.adapters.network import ProbeContainers
from stacktest.core.model import Stack
stack = Stack(name=sys.argv[1], root=Path("."), services={})
labels = {"stacktest.run": "killed", "stacktest.holder": sys.argv[1]}
ProbeContainers(stack, Engine(), image="stacktest/probe:1", labels=labels).on(sys.argv[1] + "_front")
print("standing", flush=True)
sys.stdin.read()
"""


@pytest.mark.real_docker
def test_a_probe_does_not_survive_the_process_that_stands_on_it(
    project: Stack, engine: Engine
) -> None:
    argv = [sys.executable, "-c", HOLDING, project.name]
    mine = {"stacktest.holder": project.name}
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as child:
        assert known(child.stdout).readline() == "standing\n"
        assert len(engine.containers(labels=mine)) == 1
        child.kill()
    begun = time.monotonic()
    while engine.containers(labels=mine):
        assert time.monotonic() - begun < 5, "the probe is still there"
        time.sleep(0.05)
