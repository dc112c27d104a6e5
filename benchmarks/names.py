"""What names and trust cost: a fresh HTTPS request by name against one straight to the address.

    python -m benchmarks.names [ROUNDS]

The ways take turns within each round, so that a busy machine slows them alike; what counts is the
ratio of the medians. A server of this process answers: no stack, no engine, no browser.
"""

import http.server
import shutil
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import trustme

from benchmarks.turns import medians, timed
from stacktest.adapters.browser.chromium_trust import browser_home
from stacktest.adapters.names import ConnectProxy, NameMap, http_client
from stacktest.adapters.tls import client_context
from stacktest.adapters.tls.ca import _shared

HOST = "app.stack.local"
TARGET = 1.1


class Answer(http.server.BaseHTTPRequestHandler):
    """Says hello, and nothing on the terminal."""

    protocol_version = "HTTP/1.1"
    # Head and body leave at once: else the kernel's delay of 40 ms would hide every difference.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


def serve(ca: trustme.CA) -> http.server.ThreadingHTTPServer:
    """A TLS server with a certificate for the name and for the address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(HOST, "127.0.0.1").configure_cert(context)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def milliseconds(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median per way, each asked once before."""
    for way in ways.values():
        way()
    return medians({name: partial(ask, way) for name, way in ways.items()}, rounds)


def ask(way: Callable[[], object]) -> float:
    return timed(way) * 1000


def main() -> int:
    """Print the medians and the ratios; 1 when a name costs more than a tenth."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    folder = Path(tempfile.mkdtemp(prefix="bench-names-"))
    ca = trustme.CA()
    ca_file = folder / "ca.crt"
    ca.cert_pem.write_to_path(str(ca_file))
    server = serve(ca)
    port = server.server_address[1]
    context = client_context(ca_file)
    names = NameMap(hosts=(HOST,), domain="stack.local", doors={443: ("127.0.0.1", port)})
    proxy = ConnectProxy(names)
    proxy_url = proxy.start()

    def straight() -> str:
        with httpx.Client(verify=context, trust_env=False) as client:
            return client.get(f"https://127.0.0.1:{port}/").text

    def by_name() -> str:
        with http_client(names, context) as client:
            return client.get(f"https://{HOST}/").text

    def by_proxy() -> str:
        with httpx.Client(verify=context, trust_env=False, proxy=proxy_url) as client:
            return client.get(f"https://{HOST}/").text

    def fresh_context() -> object:
        _shared.cache_clear()
        return client_context(ca_file)

    def fresh_trust() -> object:
        shutil.rmtree(folder / "cache", ignore_errors=True)
        shutil.rmtree(folder / "home", ignore_errors=True)
        return browser_home(ca_file, folder / "home", cache=folder / "cache")

    def cached_trust() -> object:
        shutil.rmtree(folder / "home", ignore_errors=True)
        return browser_home(ca_file, folder / "home", cache=folder / "cache")

    try:
        asked = milliseconds(
            {"straight": straight, "by name": by_name, "by proxy": by_proxy}, rounds
        )
        set_up = milliseconds(
            {"context, first": fresh_context, "context, shared": lambda: client_context(ca_file)},
            20,
        )
        set_up |= milliseconds({"browser, first": fresh_trust}, 10)
        set_up |= milliseconds({"browser, cached": cached_trust}, 10)
    finally:
        proxy.stop()
        server.shutdown()
        server.server_close()
        shutil.rmtree(folder)
    for name, value in {**asked, **set_up}.items():
        print(f"{name:<16} {value:8.2f} ms")
    ratio = asked["by name"] / asked["straight"]
    print(f"by proxy / straight: {asked['by proxy'] / asked['straight']:.2f}")
    print(f"by name / straight: {ratio:.2f} (target: at most {TARGET})")
    return int(ratio > TARGET)


if __name__ == "__main__":
    sys.exit(main())
