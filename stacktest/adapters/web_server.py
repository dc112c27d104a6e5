"""Serves the status page and the evidence to this machine only, traces in Playwright's own viewer.

    /                    the page
    /evidence/           the list of what failed tests left
    /evidence/RUN/…      one of those files
    /trace/…             the trace viewer out of the installed Playwright

Nothing else is served: no other file of the project, and nothing that a link leads to outside of
those folders. A request that names another host is refused, or any web page that the person has
open could read this one by giving its own name our address. What a failed test left is foreign
text: a browser shows it without running scripts or loading anything.
"""

import mimetypes
import shutil
import sys
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from stacktest.errors import ToolMissingError, UsageError

ADDRESS = "127.0.0.1"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
INERT = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
"""Policy of evidence: nothing in it runs, and nothing is loaded from elsewhere."""
VIEWER = (
    "default-src 'self' blob: data:; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"
)
"""Policy of Playwright's trace viewer: its own scripts, and no other machine."""
_TEXTS = frozenset({".log", ".txt", ".json", ".ndjson", ".yml", ".md"})


def viewer_folder() -> Path:
    """Where Playwright keeps its trace viewer; a ToolMissingError when this one has none."""
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

    Port 0 takes a free one; a port that is taken is a UsageError.
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
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that gives up a download is not an error of this server."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    pages: ClassVar[Mapping[str, Callable[[], str]]]
    folders: ClassVar[Mapping[str, Path]]

    def do_GET(self) -> None:
        """A page, a file, or why there is none."""
        path = _path(self.path)
        if not self._is_for_us():
            self._send(403, TEXT, b"this server answers to 127.0.0.1 and localhost only\n")
        elif path in self.pages:
            self._send(200, HTML, self.pages[path]().encode())
        elif (file := self._file(path)) is not None:
            self._send_file(file)
        else:
            self._send(404, TEXT, b"not here\n")

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """The terminal belongs to the person."""

    def _is_for_us(self) -> bool:
        port = self.connection.getsockname()[1]
        return self.headers.get("Host", "") in (f"{ADDRESS}:{port}", f"localhost:{port}")

    def _file(self, path: str) -> Path | None:
        for prefix, folder in self.folders.items():
            if path.startswith(prefix) and "\0" not in path:
                return _file_below(folder, path.removeprefix(prefix).lstrip("/"))
        return None

    def _send_file(self, file: Path) -> None:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        policy = VIEWER if self.path.startswith("/trace/") else INERT
        text = TEXT if file.suffix in _TEXTS else kind
        self._head(200, text, file.stat().st_size, policy)
        if self.command == "GET":
            with file.open("rb") as stream:
                shutil.copyfileobj(stream, self.wfile)

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self._head(status, kind, len(body))
        if self.command == "GET":
            self.wfile.write(body)

    def _head(self, status: int, kind: str, size: int, policy: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()


def _path(target: str) -> str:
    """The path of a request; empty for a target that is not a URL."""
    try:
        return unquote(urlsplit(target).path)
    except ValueError:
        return ""


def _file_below(folder: Path, name: str) -> Path | None:
    """The file of this name, unless it lies outside of the folder or has a name too long for it."""
    try:
        file = (folder / name).resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None
    except OSError:
        return None
