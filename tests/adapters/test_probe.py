"""A probe makes one connection or one GET and wants exactly what the rule says."""

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from stacktest.adapters import probe
from stacktest.core.model import Port, Service
from stacktest.core.observed import Container
from stacktest.core.readiness import parse_rule

SEEN = Container(
    id="1", name="p-app-1", service="app", project="p", image_id="", image_ref="", state="running"
)


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.removeprefix("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def service() -> Iterator[Service]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield Service(name="app", ports=(Port(target=80, published=server.server_port),))
        server.shutdown()


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("http:/200", ""),
        ("http:/204 204", ""),
        ("http:/204", "GET /204: status (204) == 200"),
        ("http:/302", "GET /302: status (302) == 200"),
        ("tcp:80", ""),
    ],
)
def test_an_answer_is_the_one_wanted_or_says_what_it_was(service, rule, answer) -> None:
    assert probe.ask(parse_rule(rule), service, 80, SEEN) == answer


def test_a_closed_port_says_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = Service(name="app", ports=(Port(target=80, published=port),))
    assert f"127.0.0.1:{port}" in probe.ask(parse_rule("tcp:80"), service, 80, SEEN)
    assert "no answer from" in probe.ask(parse_rule("http:/x"), service, 80, SEEN)


def test_a_port_that_nobody_can_reach_says_so() -> None:
    answer = probe.ask(parse_rule("tcp:80"), Service(name="app"), 80, SEEN)
    assert answer == "port 80 is neither published nor on a network"
