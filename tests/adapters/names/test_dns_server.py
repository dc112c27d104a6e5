from collections.abc import Callable, Iterator
from typing import Any

import dns.message
import dns.query
import dns.rcode
import pytest

from stacktest.adapters.names import NameMap, NameServer, dns_server
from stacktest.errors import UsageError

NAMES = NameMap(
    hosts=("grafana.stack.local", "*.apps.stack.local", "out.test"), domain="stack.local"
)


@pytest.fixture(scope="module", params=["127.0.0.1", "fd00::1"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int, str]]:
    running = NameServer(NAMES, answer_with=request.param)
    yield (*running.start(), request.param)
    running.stop()


@pytest.mark.parametrize("ask", [dns.query.udp, dns.query.tcp])
@pytest.mark.parametrize(
    ("name", "rcode", "known"),
    [
        ("grafana.stack.local", dns.rcode.NOERROR, True),
        ("GRAFANA.Stack.Local", dns.rcode.NOERROR, True),
        ("stack.local", dns.rcode.NOERROR, True),
        ("x.apps.stack.local", dns.rcode.NOERROR, True),
        ("out.test", dns.rcode.NOERROR, True),
        ("nothing.stack.local", dns.rcode.NXDOMAIN, False),
        ("example.com", dns.rcode.REFUSED, False),
    ],
)
@pytest.mark.parametrize("kind", ["A", "AAAA", "TXT"])
def test_questions(  # noqa: PLR0917
    ask: Callable[..., Any],
    name: str,
    rcode: int,
    known: bool,
    kind: str,
    server: tuple[str, int, str],
) -> None:
    host, port, address = server
    answer = ask(dns.message.make_query(name, kind), host, port=port, timeout=2)
    assert answer.rcode() == rcode
    right_kind = kind == ("AAAA" if ":" in address else "A")
    assert [str(r) for rrset in answer.answer for r in rrset] == (
        [address] if known and right_kind else []
    )


def test_noise_is_not_answered(server: tuple[str, int, str]) -> None:
    import socket

    host, port, _ = server
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.1)
        client.sendto(b"noise", (host, port))
        with pytest.raises(TimeoutError):
            client.recv(100)


def test_a_taken_port_is_a_usage_error(server: tuple[str, int, str]) -> None:
    host, port, _ = server
    second = NameServer(NAMES)
    with pytest.raises(UsageError, match=f"cannot listen on {host}:{port}"):
        second.start(host, port)


@pytest.mark.parametrize("ask", [dns.query.udp, dns.query.tcp])
@pytest.mark.parametrize("class_", ["CH", "HS", "ANY", "NONE"])
def test_another_class_is_refused(
    ask: Callable[..., Any], class_: str, server: tuple[str, int, str]
) -> None:
    """`version.bind CH TXT` and its like: only the Internet's class has these names."""
    host, port, _ = server
    question = dns.message.make_query("grafana.stack.local", "A", class_)
    answer = ask(question, host, port=port, timeout=2)
    assert (answer.rcode(), answer.answer) == (dns.rcode.REFUSED, [])


@pytest.mark.parametrize("sent", [b"", b"\x00", b"\x00\x20half"])
def test_a_connection_without_a_question_ends(sent: bytes) -> None:
    import socket

    running = NameServer(NAMES, patience=0.2)
    with socket.create_connection(running.start(), timeout=5) as client:
        client.sendall(sent)
        assert client.recv(100) == b""
    running.stop()


def test_connections_beyond_the_limit_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(dns_server, "MOST", 1)
    running = NameServer(NAMES)
    address = running.start()
    with (
        socket.create_connection(address, timeout=5) as first,
        socket.create_connection(address, timeout=5) as second,
    ):
        assert second.recv(100) == b""
        question = dns.message.make_query("stack.local", "A")
        dns.query.send_tcp(first, question)
        assert dns.query.receive_tcp(first)[0].rcode() == dns.rcode.NOERROR
    running.stop()
