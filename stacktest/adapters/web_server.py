"""Serves the status page and the evidence to this machine only, traces in Playwright's own viewer.

    /                    the page
    /evidence/           the list of what failed tests left
    /evidence/RUN/…      one of those files
    /trace/…             the trace viewer out of the installed Playwright

Nothing else is served: no other file of the project, and nothing that a link leads to outside of
those folders. A request that names another host is refused, or any web page that the person has
open could read this one by giving its own name our address.
"""

import mimetypes
import shutil
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from stacktest.errors import ToolMissingError, UsageError

ADDRESS = "127.0.0.1"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
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
        return ThreadingHTTPServer((ADDRESS, port), handler)
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise UsageError(f"port {port}: {reason}", where="--port", hint="try --port 0") from None


# Private


class _Handler(BaseHTTPRequestHandler):
    pages: ClassVar[Mapping[str, Callable[[], str]]]
    folders: ClassVar[Mapping[str, Path]]

    def do_GET(self) -> None:
        """A page, a file, or why there is none."""
        path = unquote(urlsplit(self.path).path)
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
                file = (folder / path.removeprefix(prefix).lstrip("/")).resolve()
                return file if file.is_relative_to(folder) and file.is_file() else None
        return None

    def _send_file(self, file: Path) -> None:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self._head(200, TEXT if file.suffix in _TEXTS else kind, file.stat().st_size)
        if self.command == "GET":
            with file.open("rb") as stream:
                shutil.copyfileobj(stream, self.wfile)

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self._head(status, kind, len(body))
        if self.command == "GET":
            self.wfile.write(body)

    def _head(self, status: int, kind: str, size: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
