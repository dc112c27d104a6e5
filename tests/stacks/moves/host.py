"""A program that answers by HTTP on port 8080, and writes a line for each request."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """`ok` under /health, 404 elsewhere."""

    def do_GET(self) -> None:
        """Answer."""
        is_health = self.path == "/health"
        body = b"ok\n" if is_health else b"no such path\n"
        self.send_response(200 if is_health else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
