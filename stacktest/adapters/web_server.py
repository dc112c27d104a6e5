"""Serves the status page, the evidence and Playwright's trace viewer to this machine only.

    /                    the page
    /evidence/           the list of failed tests' files
    /evidence/RUN/…      one of these files
    /trace/…             the trace viewer of the installed Playwright

Nothing else is served: no other file of the project, and no target of a link outside of these
folders. A request with another Host is refused: otherwise a web page that the person has open could
read this server by resolving its own name to 127.0.0.1 (DNS rebinding). Files of a failed test are
untrusted: a browser shows them without running scripts or loading anything.
"""

import contextlib
import mimetypes
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from io import BufferedIOBase
from pathlib import Path
from typing import Any, BinaryIO, ClassVar
from urllib.parse import unquote, urlsplit

from stacktest.errors import StacktestError, ToolMissingError, UsageError

ADDRESS = "127.0.0.1"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
_NOBODY_ELSE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
INERT = (
    "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Policy of evidence and of error responses: no scripts, nothing loaded from other hosts."""
PAGE = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    + _NOBODY_ELSE
)
"""Policy of the status page, which loads nothing and itself restricts its inline script."""
LIST = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " + _NOBODY_ELSE
"""Policy of the other pages, which have no script."""
VIEWER = (
    "default-src 'self' blob: data:; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""Policy of Playwright's trace viewer: its own scripts, and no other machine."""
PATIENCE = 20.0
"""Seconds that a connection may send nothing."""
MOST = 64
"""Connections that may be open at once; more are closed."""
CHUNK = 65536
"""Largest number of bytes per write."""
_TEXTS = frozenset({".log", ".txt", ".json", ".ndjson", ".yml", ".md"})


def viewer_folder() -> Path:
    """The folder of Playwright's trace viewer; ToolMissingError if this version has none."""
    spec = find_spec("playwright")
    base = Path(spec.origin).parent if spec and spec.origin else Path()
    folder = base / "driver/package/lib/vite/traceViewer"
    if not (folder / "index.html").is_file():
        raise ToolMissingError(
            "this Playwright has no trace viewer where one is expected",
            where=str(folder),
            hint="open a trace with: playwright show-trace FILE",
        )
    return folder


def make_server(
    pages: Mapping[str, Callable[[], str]], folders: Mapping[str, Path], port: int
) -> ThreadingHTTPServer:
    """A server of these pages by path, and of the files below these folders by prefix.

    Port 0 uses any free port; UsageError if the port is in use.
    """
    handler = type(
        "Handler",
        (_Handler,),
        {"pages": pages, "folders": {key: path.resolve() for key, path in folders.items()}},
    )
    try:
        return _Server((ADDRESS, port), handler)
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise UsageError(f"port {port}: {reason}", where="--port", hint="try --port 0") from None


# Private


class _Server(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], handler: type["_Handler"]) -> None:
        super().__init__(address, handler)
        self._places = threading.BoundedSemaphore(MOST)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for the connection; close it if there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer in the connection's thread, and release its place at the end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, except if the browser has ended the connection."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    pages: ClassVar[Mapping[str, Callable[[], str]]]
    folders: ClassVar[Mapping[str, Path]]
    timeout = PATIENCE

    def handle(self) -> None:
        """Answer one request, which has to arrive completely within `PATIENCE` seconds."""
        self._deadline = threading.Timer(PATIENCE, self._give_up)
        self._deadline.daemon = True
        self._deadline.start()
        try:
            super().handle()
        finally:
            self._deadline.cancel()

    def do_GET(self) -> None:
        """Send a page or a file, or the reason why there is none."""
        self._deadline.cancel()
        path = _path(self.path)
        if not self._is_for_us():
            self._send(403, TEXT, b"this server answers to 127.0.0.1 and localhost only\n")
        elif path in self.pages:
            self._send_page(path)
        elif (file := self._file(path)) is not None:
            self._send_file(file)
        else:
            self._send(404, TEXT, b"not here\n")

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Log nothing: the person uses the terminal."""

    def send_error(self, code: int, *_: Any, **__: Any) -> None:
        """Send an error of the library as plain text: its own page would echo the request."""
        self.close_connection = True
        words = self.responses.get(HTTPStatus(code), ("refused", ""))[0]
        self._send(code, TEXT, f"{words.lower()}\n".encode())

    def _give_up(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _is_for_us(self) -> bool:
        port = self.connection.getsockname()[1]
        return self.headers.get("Host", "") in (f"{ADDRESS}:{port}", f"localhost:{port}")

    def _file(self, path: str) -> Path | None:
        for prefix, folder in self.folders.items():
            if path.startswith(prefix) and "\0" not in path:
                return _file_below(folder, path.removeprefix(prefix).lstrip("/"))
        return None

    def _send_page(self, path: str) -> None:
        try:
            text = self.pages[path]()
        except (StacktestError, OSError) as error:
            # The files that the page is made from may have been damaged or removed meanwhile.
            self._send(500, TEXT, f"{error}\n".encode())
            return
        self._send(200, HTML, text.encode(), PAGE if path == "/" else LIST)

    def _send_file(self, file: Path) -> None:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        policy = VIEWER if self.path.startswith("/trace/") else INERT
        text = TEXT if file.suffix in _TEXTS else kind
        try:
            stream = file.open("rb")
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            self._send(404, TEXT, f"cannot be read: {reason}\n".encode())
            return
        with stream:
            size = os.fstat(stream.fileno()).st_size
            self._head(200, text, size, policy)
            if self.command == "GET":
                # A log may grow while it is read: no more than was announced.
                _copy(stream, self.wfile, size)

    def _send(self, status: int, kind: str, body: bytes, policy: str = INERT) -> None:
        self._head(status, kind, len(body), policy)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, kind: str, size: int, policy: str) -> None:
        # An unreadable version counts as HTTP/0.9, whose responses would have no headers.
        self.request_version = self.protocol_version
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()


def _path(target: str) -> str:
    """The path of a request; empty for a target that is not a URL."""
    try:
        return unquote(urlsplit(target).path)
    except ValueError:
        return ""


def _file_below(folder: Path, name: str) -> Path | None:
    """The file of this name; None if it is outside of the folder or its name is invalid."""
    try:
        file = (folder / name).resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None
    except (OSError, RuntimeError, ValueError):
        # The name is too long, has invalid characters, or its links form a cycle.
        return None


def _copy(stream: BinaryIO, target: BufferedIOBase, size: int) -> None:
    while size > 0 and (data := stream.read(min(size, CHUNK))):
        target.write(data)
        size -= len(data)
