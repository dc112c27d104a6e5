"""The listeners in the short form of their campaign, and the campaign's own eyes."""

import dns.message
import dns.rrset
import pytest

from campaigns import hostile_messages as hostile
from campaigns import listeners
from campaigns.common import Options


@pytest.mark.case("hard/B2-page-server-tracebacks")
def test_nothing_that_listens_falls_for_a_hostile_message() -> None:
    report = listeners.run(Options(short=True))
    assert report.faults == []
    names = [row[0] for row in report.rows]
    assert names == ["DNS over UDP", "DNS over TCP", "proxy", "page server", "all"]
    for name, _, answers, _ in report.rows[:2]:
        assert "replies" in str(answers), name


def test_the_long_form_sends_more_than_forty_thousand() -> None:
    assert sum(listeners.MESSAGES.values()) >= 40_000


def reply(
    name: str = "app.stack.local", kind: str = "A", value: str = "127.0.0.1", class_: str = "IN"
) -> bytes:
    question = dns.message.from_wire(hostile.GOOD_QUESTION)
    answer = dns.message.make_response(question)
    answer.answer.append(dns.rrset.from_text(f"{name}.", 1, class_, kind, value))
    wire: bytes = answer.to_wire()
    return wire


@pytest.mark.parametrize(
    ("wire", "fault"),
    [
        (reply(), ""),
        (reply(value="10.0.0.1"), "another address"),
        (reply(name="example.com"), "a record for a foreign name"),
        (reply(kind="TXT", value="x"), "a record of another class or type"),
        (b"\xff" + reply()[1:], "not a reply to what was asked"),
        (hostile.GOOD_QUESTION, "not a reply to what was asked"),
        (reply()[:20], "a reply that cannot be read"),
    ],
    ids=["right", "address", "name", "type", "id", "question", "cut"],
)
def test_a_wrong_reply_is_noticed(wire: bytes, fault: str) -> None:
    assert hostile.dns_fault(hostile.GOOD_QUESTION, wire).startswith(fault)
    assert bool(hostile.dns_fault(hostile.GOOD_QUESTION, wire)) == bool(fault)


@pytest.mark.parametrize(
    ("sent", "answer", "fault"),
    [
        (
            b"GET http://example.com/ HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\nelse",
            "an answer fr",
        ),
        (
            b"CONNECT example.com:80 HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 200 Connection established\r\n\r\n",
            "a tunnel to a foreign host",
        ),
        (
            b"CONNECT app.stack.local:80 HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 200 Connection established\r\n\r\n",
            "",
        ),
        (b"x", b"HTTP/1.1 500 x\r\n\r\n", "answered"),
    ],
)
def test_an_open_relay_is_noticed(sent: bytes, answer: bytes, fault: str) -> None:
    assert listeners._proxy_fault(sent, answer).startswith(fault)
    assert bool(listeners._proxy_fault(sent, answer)) == bool(fault)


@pytest.mark.parametrize(
    ("sent", "answer", "fault"),
    [
        (b"x", b"HTTP/1.0 200 OK\r\n\r\n" + listeners.CANARY.encode(), "a file outside"),
        (b"x", b"HTTP/1.0 400 x\r\n\r\n<script>", "what was asked for is repeated"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"", "no answer"),
        (b"GET / HTTP", b"", ""),
        (b"x", b"HTTP/1.0 200 OK\r\n\r\nok", "an answer without a policy"),
    ],
)
def test_a_wrong_page_is_noticed(sent: bytes, answer: bytes, fault: str) -> None:
    assert listeners._page_fault(sent, answer).startswith(fault)
    assert bool(listeners._page_fault(sent, answer)) == bool(fault)


def test_what_is_written_to_the_terminal_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    def loud(*_: object) -> None:
        sys.stderr.write("Traceback (most recent call last):\n")

    monkeypatch.setattr(listeners, "_ask_pages", loud)
    monkeypatch.setattr(listeners, "MESSAGES", dict.fromkeys(listeners.MESSAGES, 30))
    report = listeners.run(Options(short=True))
    assert report.faults == ["written to the terminal: Traceback (most recent call last):\n"]
