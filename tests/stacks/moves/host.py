"""A program that answers by HTTP on port 8080, and says what it was configured with."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LIMIT = Path("/etc/limit")


def answer(path: str) -> str:
    """The body for a path; empty for one that is not there."""
    if path == "/health":
        return "ok\n"
    if path == "/limit":
        return (
            f"{os.environ.get('LIMIT', 'none')} {LIMIT.read_text() if LIMIT.exists() else 'none'}\n"
        )
    return ""


class Handler(BaseHTTPRequestHandler):
    """Plain text under /health and /limit, 404 elsewhere."""

    def do_GET(self) -> None:
        """Answer."""
        body = answer(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
