"""Stands for Vikunja: its information page on port 3456, and 404 elsewhere."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """One page."""

    def do_GET(self) -> None:
        """Answer."""
        is_known = self.path == "/api/v1/info"
        document = {"version": "0.24.1"} if is_known else {"message": "not found"}
        body = json.dumps(document).encode()
        self.send_response(200 if is_known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("0.0.0.0", 3456), Handler).serve_forever()
