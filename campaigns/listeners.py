"""Hostile messages to everything of stacktest that listens: `python -m campaigns.listeners`.

The DNS server (UDP and TCP), the proxy and the page server run in this process; each answer is
checked, and so is what the process holds afterwards. `--short` sends a thirtieth.
"""

import contextlib
import random
import resource
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from campaigns import hostile_messages as hostile
from campaigns.common import Options, Report, main
from stacktest.adapters.names import OWN_ANSWER, ConnectProxy, NameMap, NameServer
from stacktest.adapters.web_server import make_server

MESSAGES = {"DNS over UDP": 30_000, "DNS over TCP": 6_000, "proxy": 4_000, "page server": 4_000}
SHORT = 30
"""By what the short form divides."""
MOST_MEMORY = 40
"""Megabytes by which the process may grow meanwhile."""
PATIENCE = 5.0
IDLE = 0.5
"""Seconds for connections that carry nothing; stacktest's own are longer."""


@dataclass(kw_only=True)
class Listener:
    """One listener under test: how often it was asked, and what it answered."""

    name: str
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def note(self, answer: str, sent: bytes, fault: str = "") -> None:
        """Count an answer; a fault is kept with what was sent."""
        self.answers[answer] += 1
        if fault and len(self.faults) < 5:
            self.faults.append(f"{self.name}: {fault}: {sent[:200]!r}")


def run(options: Options) -> Report:
    """Every listener in turn."""
    numbers = options.random()
    counts = {name: n // (SHORT if options.short else 1) for name, n in MESSAGES.items()}
    noise = _Noise()
    memory, listeners = _megabytes(), []
    with noise.kept(), _upstream() as upstream:
        for name, ask in _asked(upstream).items():
            listener = Listener(name=name)
            ask(listener, counts[name], numbers)
            listeners.append(listener)
    growth = _megabytes() - memory
    faults = [fault for listener in listeners for fault in listener.faults]
    if noise.text:
        faults.append(f"written to the terminal: {noise.text[:500]}")
    if growth > MOST_MEMORY:
        faults.append(f"the process grew by {growth:.0f} MB")
    columns = ("listener", "messages", "answers", "faults")
    rows = [
        (
            listener.name,
            counts[listener.name],
            ", ".join(f"{number} {kind}" for kind, number in sorted(listener.answers.items())),
            len(listener.faults),
        )
        for listener in listeners
    ]
    rows.append(("all", sum(counts.values()), f"memory grew by {growth:.0f} MB", len(faults)))
    return Report(columns=columns, rows=rows, faults=faults)


# Private

Ask = Callable[[Listener, int, random.Random], None]


def _asked(upstream: int) -> dict[str, Ask]:
    return {
        "DNS over UDP": lambda *arguments: _ask_dns(*arguments, over_tcp=False),
        "DNS over TCP": lambda *arguments: _ask_dns(*arguments, over_tcp=True),
        "proxy": lambda *arguments: _ask_proxy(*arguments, upstream=upstream),
        "page server": _ask_pages,
    }


def _ask_dns(listener: Listener, count: int, numbers: random.Random, *, over_tcp: bool) -> None:
    names = NameMap(hosts=hostile.HOSTS, domain=hostile.DOMAIN)
    server = NameServer(names, patience=IDLE)
    address = server.start()
    try:
        for _ in range(count):
            sent = hostile.dns_message(numbers)
            reply = _by_tcp(address, sent) if over_tcp else _by_udp(address, sent, numbers)
            if reply is None:
                listener.note("none", sent)
            else:
                listener.note("replies", sent, hostile.dns_fault(sent, reply))
        alive = _by_udp(address, hostile.GOOD_QUESTION, numbers, patience=PATIENCE)
        if not alive or hostile.dns_fault(hostile.GOOD_QUESTION, alive):
            listener.note("dead", b"", "a good question has no answer afterwards")
    finally:
        server.stop()


def _by_udp(
    address: tuple[str, int], sent: bytes, numbers: random.Random, patience: float = 0.0
) -> bytes | None:
    """The reply to one datagram; a question that has one gets it before its own marker's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(patience or PATIENCE)
        client.connect(address)
        client.send(sent)
        if patience:
            return _received(client)
        # Datagrams are answered in their order: the marker's answer ends the waiting.
        marker = numbers.randbytes(2) + hostile.GOOD_QUESTION[2:]
        client.send(marker)
        first = _received(client)
        if first is None or (first[:2] == marker[:2] and sent[:2] != marker[:2]):
            return None
        _received(client)
        return first


def _received(client: socket.socket) -> bytes | None:
    with contextlib.suppress(TimeoutError):
        return client.recv(65536)
    return None


def _by_tcp(address: tuple[str, int], sent: bytes) -> bytes | None:
    with socket.create_connection(address, timeout=PATIENCE) as client:
        with contextlib.suppress(OSError):
            client.sendall(len(sent).to_bytes(2) + sent)
            client.shutdown(socket.SHUT_WR)
        reply = _read_all(client)
    return reply[2:] or None


def _ask_proxy(listener: Listener, count: int, numbers: random.Random, *, upstream: int) -> None:
    names = NameMap(hosts=hostile.HOSTS, domain=hostile.DOMAIN, doors={80: ("127.0.0.1", upstream)})
    proxy = ConnectProxy(names, patience=IDLE, idle=IDLE)
    address = ("127.0.0.1", int(proxy.start().rpartition(":")[2]))
    try:
        for _ in range(count):
            sent = hostile.proxy_request(numbers)
            _exchange(listener, address, sent, _proxy_fault)
        _exchange(listener, address, hostile.GOOD_REQUEST, _must_be_upstream)
        _linger(listener, address)
    finally:
        proxy.stop()


def _exchange(
    listener: Listener,
    address: tuple[str, int],
    sent: bytes,
    fault: Callable[[bytes, bytes], str],
) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as client:
        with contextlib.suppress(OSError):
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
        try:
            reply = _read_all(client)
        except TimeoutError:
            listener.note("endless", sent, "the connection does not end")
            return
    listener.note(_status(reply), sent, fault(sent, reply))


def _proxy_fault(sent: bytes, reply: bytes) -> str:
    """What is wrong with an answer of the proxy: a relay to elsewhere, above all."""
    if not reply:
        return ""
    if _status(reply) not in {"200", "400", "403", "502"}:
        return f"answered {reply[:60]!r}"
    if OWN_ANSWER.encode() in reply or b" 200 Connection established" in reply:
        foreign = b" 200 " in reply[:20] and not hostile.is_for_the_stack(sent)
        return "a tunnel to a foreign host" if foreign else ""
    return "" if UPSTREAM in reply else f"an answer from elsewhere: {reply[:60]!r}"


def _must_be_upstream(_: bytes, reply: bytes) -> str:
    return "" if UPSTREAM in reply else "a good request has no answer afterwards"


def _linger(listener: Listener, address: tuple[str, int]) -> None:
    """Connections that wait for nothing have ended before long, and the next one is served."""
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(address, timeout=PATIENCE))
            for _ in range(100)
        ]
        for number, client in enumerate(clients):
            client.sendall(hostile.UNFINISHED[number % len(hostile.UNFINISHED)])
        for client in clients:
            try:
                _read_all(client)
                listener.note("idle ended", b"")
            except TimeoutError:
                listener.note("endless", b"", "an idle connection does not end")


def _ask_pages(listener: Listener, count: int, numbers: random.Random) -> None:
    with tempfile.TemporaryDirectory(prefix="stacktest-pages-") as folder, _canary(folder):
        pages = {"/": lambda: "<h1>page</h1>", "/evidence/": lambda: "<ul></ul>"}
        with make_server(pages, {"/evidence/": Path(folder) / "evidence"}, 0) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            port = server.server_address[1]
            for _ in range(count):
                sent = hostile.page_request(numbers, port)
                _exchange(listener, ("127.0.0.1", port), sent, _page_fault)
            good = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
            _exchange(listener, ("127.0.0.1", port), good, _must_be_page)
            server.shutdown()
            thread.join(PATIENCE)


@contextlib.contextmanager
def _canary(folder: str) -> Iterator[None]:
    """Evidence, with secrets around it that must not be served."""
    root = Path(folder)
    (root / "evidence/r1").mkdir(parents=True)
    (root / "evidence/r1/app.log").write_text("a log\n", encoding="utf-8")
    (root / ".env").write_text(CANARY, encoding="utf-8")
    (root / "evidence/out").symlink_to(root / ".env")
    (root / "evidence/circle").symlink_to(root / "evidence/circle")
    yield


def _page_fault(sent: bytes, reply: bytes) -> str:
    status = _status(reply)
    if CANARY.encode() in reply:
        return "a file outside of the folders was served"
    if b"<script" in reply.lower():
        return "what was asked for is repeated as markup"
    if not reply:
        # A request that is not finished, or is no HTTP at all, has no answer.
        return "" if not hostile.is_whole(sent) else "no answer"
    if status not in {"200", "400", "403", "404", "414", "431", "501", "505"}:
        return f"answered {reply[:60]!r}"
    return "" if b"Content-Security-Policy: " in reply else "an answer without a policy"


def _must_be_page(_: bytes, reply: bytes) -> str:
    return "" if b"<h1>page</h1>" in reply else "a good request has no answer afterwards"


CANARY = "PASSWORD=canary-93b1"
UPSTREAM = b"X-Campaign: upstream"


def _status(reply: bytes) -> str:
    words = reply[:20].split(b" ")
    return words[1].decode("latin-1") if reply.startswith(b"HTTP/1.") and len(words) > 1 else "none"


def _read_all(client: socket.socket) -> bytes:
    """Everything until the end; a reset is an end."""
    parts: list[bytes] = []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            part = client.recv(65536)
        except TimeoutError:
            break
        except OSError:
            return b"".join(parts)
        if not part:
            return b"".join(parts)
        parts.append(part)
    raise TimeoutError


@contextlib.contextmanager
def _upstream() -> Iterator[int]:
    """The port of a server that answers whatever it is sent, and names itself."""
    reply = b"HTTP/1.1 200 OK\r\n" + UPSTREAM + b"\r\nContent-Length: 2\r\n\r\nok"

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(1)
                connection.recv(65536)
                connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _megabytes() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class _Noise:
    """What the listeners wrote to standard error: tracebacks, above all."""

    def __init__(self) -> None:
        self.text = ""

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Take the place of standard error meanwhile."""
        before, sys.stderr = sys.stderr, self
        try:
            yield
        finally:
            sys.stderr = before

    def write(self, text: str) -> int:
        """Keep what is written."""
        self.text += text[:2000]
        return len(text)

    def flush(self) -> None:
        """Nothing waits to be written."""


if __name__ == "__main__":
    raise SystemExit(main("listeners", run))
