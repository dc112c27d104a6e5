"""A small HTTP server on this machine that writes down what it is asked, for tests of senders."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Listener:
    """What was asked, as `METHOD /path` with headers and body, and what is answered."""

    url: str = ""
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Beginning of a path → status and body; others are answered with 200."""
    hold: threading.Event | None = None
    """No answer before this is set."""

    @property
    def lines(self) -> list[str]:
        return [line for line, _, _ in self.asked]


@contextmanager
def listening(context: Any = None) -> Iterator[Listener]:
    """A server on a free port of 127.0.0.1; with a TLS context it speaks HTTPS."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            listener.asked.append((f"{self.command} {self.path}", dict(self.headers), body))
            if listener.hold:
                listener.hold.wait(30)
            found = [a for p, a in listener.answers.items() if self.path.startswith(p)]
            status, text = found[0] if found else (200, "")
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = handle_one  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            """Say nothing in the output of tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if context is None else "https"
    listener.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        if listener.hold:
            listener.hold.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
