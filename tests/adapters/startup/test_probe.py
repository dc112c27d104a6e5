"""A probe makes one connection or one GET and wants exactly what the rule says."""

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from stacktest.adapters.network import Connector
from stacktest.adapters.network.connect import Connect, _DirectStream
from stacktest.adapters.startup import probe
from stacktest.core.changed_copy import replace
from stacktest.core.model import Port, Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import Kind, PersistentFailure, Rule, parse_rule
from stacktest.core.route import Route
from stacktest.errors import ToolMissingError

SEEN = Container(
    id="1", name="p-app-1", service="app", project="p", image_id="", image_ref="", state="running"
)


class Leading:
    """Connector that lead every container to one port of this host, straight or through another."""

    def __init__(self, port: int = 0, *, straight: bool = False) -> None:
        self._port, self._straight = port, straight

    def connector(self) -> Connector:
        """Itself, in place of one that asks an engine."""
        return cast(Connector, self)

    def addresses(self, container: str) -> tuple[str, ...]:
        # Nobody listens at the first one: it stands for IPv4, the other for IPv6.
        return ("127.0.0.3", "127.0.0.1") if self._straight else ()

    def to(self, container: str) -> Connect:
        return lambda _: _DirectStream("127.0.0.1", self._port)


NOBODY = Leading()


def ask(rule: str, service: Service, port: int, connector: Leading) -> str | PersistentFailure:
    """What a probe answers; `port` is the one that a rule without a port means."""
    expose = {"expose": [str(port)]}
    service = replace(service, definition=expose) if not service.ports else service
    stack = Stack(name="p", root=Path("/p"), services={service.name: service})
    return probe.ask(parse_rule(rule), stack, SEEN, connector.connector())


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.removeprefix("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def listening() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def service(listening: int) -> Service:
    return Service(name="app", ports=(Port(target=80, published=listening),))


@pytest.fixture
def closed() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield free.getsockname()[1]


ANSWERS = [
    ("http:/200", ""),
    ("http:/204 204", ""),
    ("http:/204", "GET /204: status (204) == 200"),
    ("http:/302", "GET /302: status (302) == 200"),
    ("tcp:80", ""),
]


@pytest.mark.parametrize(("rule", "answer"), ANSWERS)
def test_an_answer_is_the_one_wanted_or_says_what_it_was(
    service: Service, rule: str, answer: str
) -> None:
    (published,) = service.ports
    assert ask(rule, service, 80, Leading(published.published or 0)) == answer


@pytest.mark.parametrize(("rule", "answer"), ANSWERS)
def test_so_is_one_from_beside(listening: int, rule: str, answer: str) -> None:
    app = Service(name="app")
    assert ask(rule, app, 80, Leading(listening)) == answer


def test_a_container_that_this_host_reaches_is_asked_itself(listening: int) -> None:
    app, ways = Service(name="app"), Leading(straight=True)
    assert ask("http:/200", app, listening, ways) == ""


def test_a_closed_port_says_so(closed: int) -> None:
    service = Service(name="app", ports=(Port(target=80, published=closed),))
    assert f"127.0.0.1:{closed}" in str(ask("tcp:80", service, 80, NOBODY))
    assert "no answer from" in str(ask("http:/x", service, 80, NOBODY))


@pytest.mark.parametrize("rule", ["tcp:80", "http:/200"])
def test_a_port_that_is_closed_inside_says_so(closed: int, rule: str) -> None:
    said = ask(rule, Service(name="app"), 80, Leading(closed))
    assert str(said).startswith("nothing accepts a connection on the container:80 (")


class _Hosts(http.server.BaseHTTPRequestHandler):
    """Answers 200 to one host name, and 421 to every other."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Host"] == "cal.test" else 421)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_a_probe_names_the_host_by_which_people_call_the_service() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hosts) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        port = server.server_port
        routed = Stack(
            name="p",
            root=Path("/p"),
            services={"app": Service(name="app")},
            routes=(Route(host="cal.test", service="app", port=port),),
        )
        rule = parse_rule("http:/")
        assert probe.ask(rule, routed, SEEN, Leading(straight=True).connector()) == ""
        answer = probe.ask(
            rule, replace(routed, routes=()), SEEN, Leading(straight=True).connector()
        )
        # It is an answer that no waiting changes.
        assert isinstance(answer, PersistentFailure)
        assert (answer.patience, answer.hint) == (0, 'write it: ready = "http:8080/path"')
        refusal = ask(f"http:{port}/", Service(name="app"), port, Leading(straight=True))
        assert isinstance(refusal, PersistentFailure)
        assert refusal.code == "SK-NAMES"
        server.shutdown()


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_sign_in_is_an_answer_that_waiting_does_not_change(service: Service, status: int) -> None:
    answer = ask(f"http:/{status}", service, 80, NOBODY)
    assert isinstance(answer, PersistentFailure)
    assert answer.code == "SK-AUTH"
    assert f'ready = "http:/{status} {status}"' in answer.hint
    assert ask(f"http:/{status} {status}", service, 80, NOBODY) == ""


@pytest.mark.case("field/c24")
def test_a_connection_that_a_proxy_closes_at_once_is_no_listener() -> None:
    """The engine's port proxy accepts, finds nobody behind it, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def close_at_once() -> None:
            proxy.accept()[0].close()

        threading.Thread(target=close_at_once, daemon=True).start()
        port = proxy.getsockname()[1]
        app = Service(name="app", ports=(Port(target=80, published=port),))
        assert "closed at once" in str(ask("tcp:80", app, 80, NOBODY))


def test_a_connection_that_a_proxy_keeps_open_counts_where_the_port_is_open_inside(
    listening: int, closed: int
) -> None:
    """The engine's port proxy accepts, and dials a port that drops every packet."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        app = Service(name="app", ports=(Port(target=80, published=port),))
        refusal = ask("tcp:80", app, 80, Leading(closed))
        assert str(refusal).startswith("nothing accepts a connection on the container:80 (")
        assert ask("tcp:80", app, 80, Leading(listening)) == ""


def test_where_no_program_can_ask_beside_the_open_connection_counts() -> None:
    class Toolless(Leading):
        def to(self, container: str) -> Connect:
            raise ToolMissingError("no probe")

    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        app = Service(name="app", ports=(Port(target=80, published=port),))
        assert ask("tcp:80", app, 80, Toolless()) == ""


def test_one_of_several_ports_is_enough(listening: int, closed: int) -> None:
    rule = Rule(kind=Kind.LISTENING, ports=(closed, listening), derived=True)
    stack = Stack(name="p", root=Path("/p"), services={"app": Service(name="app")})
    assert probe.ask(rule, stack, SEEN, Leading(straight=True).connector()) == ""
    nobody = replace(rule, ports=(closed,))
    assert f":{closed}" in str(probe.ask(nobody, stack, SEEN, Leading(straight=True).connector()))
