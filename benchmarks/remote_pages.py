"""What a page costs in a browser of a server, beside one that starts here.

    python -m benchmarks.remote_pages [ROUNDS]

Both browsers are in a network of their own, as in a run, and reach the page by the proxy that knows
the stack's names. Each page has a context of its own: it is loaded over TLS with what it embeds,
filled in and clicked. The two take turns within each round; what counts is the ratio of medians.
"""

import argparse
import http.server
import os
import ssl
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import trustme
from playwright.sync_api import Browser, BrowserType, sync_playwright

from benchmarks.turns import medians, timed
from stacktest.adapters.browser.chromium import find_chromium
from stacktest.adapters.browser.chromium_trust import browser_home
from stacktest.adapters.browser.network_namespace import in_own_network
from stacktest.adapters.browser.relay import Relay
from stacktest.adapters.names import ConnectProxy, NameMap
from stacktest.core.browser_endpoint import Endpoint
from stacktest.pytest_plugin.fixtures.browser import ARGUMENTS
from tests.support.browser_server import browser_server

TARGET = 1.3
HOST = "app.stack.local"
EMBEDDED = {"/style.css": 20_000, "/app.js": 200_000, "/logo.svg": 5_000}
"""What the page loads besides itself, and how many bytes of it."""
PAGE = (
    "<title>Sign in</title><link rel=stylesheet href=/style.css><img src=/logo.svg>"
    "<form><input id=name><button id=go type=button>Go</button></form><script src=/app.js></script>"
)


def main() -> int:
    """1 when a page of the server costs more than `TARGET` of one here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=40)
    rounds = parser.parse_args().rounds
    if os.geteuid() != 0:
        print("MISS remote pages: the server's network is made by root only")
        return 1
    with tempfile.TemporaryDirectory(prefix="remote-pages-") as folder, ExitStack() as stack:
        browsers = stack.enter_context(_browsers(Path(folder)))
        ways = {name: partial(timed, partial(visit, browser)) for name, browser in browsers.items()}
        medians(ways, 3)
        seconds = medians(ways, rounds)
    for name, value in seconds.items():
        print(f"a page of a browser {name:<6} {value * 1000:7.1f} ms")
    ratio = seconds["there"] / seconds["here"]
    print(f"there / here: {ratio:.2f} (target: at most {TARGET})")
    return int(ratio > TARGET)


def visit(browser: Browser) -> None:
    """What a small test of a page does."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"https://{HOST}/")
    page.fill("#name", "admin")
    page.click("#go")
    context.close()


# Private


class _Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size = EMBEDDED.get(self.path)
        body = PAGE.encode() if size is None else b" " * size
        kind = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
        self.send_response(200)
        self.send_header("Content-Type", kind.get(Path(self.path).suffix, "text/html"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _browsers(folder: Path) -> Iterator[dict[str, Browser]]:
    ca = trustme.CA()
    certificate = folder / "ca.crt"
    ca.cert_pem.write_to_path(str(certificate))
    with ExitStack() as stack:
        port = stack.enter_context(_site(ca))
        proxy = ConnectProxy(NameMap(hosts=(HOST,), doors={443: ("127.0.0.1", port)}))
        address = urlsplit(proxy.start())
        proxy.start_on_file(folder / "proxy")
        stack.callback(proxy.stop)
        server = stack.enter_context(browser_server(folder / "server", certificate))
        relay = Relay(Endpoint(server.url), (address.hostname or "", address.port or 0))
        there = relay.start()
        stack.callback(relay.stop)
        driver = stack.enter_context(sync_playwright())
        browsers = {
            "here": _launch(driver.chromium, certificate, folder, address.port or 0),
            "there": driver.chromium.connect(there),
        }
        for browser in browsers.values():
            stack.callback(browser.close)
        yield browsers


@contextmanager
def _site(ca: trustme.CA) -> Iterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(HOST).configure_cert(context)
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    site.socket = context.wrap_socket(site.socket, server_side=True)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield site.server_port
    site.shutdown()


def _launch(chromium: BrowserType, ca: Path, folder: Path, port: int) -> Browser:
    """A browser as a run starts it on this machine."""
    program = find_chromium(headless=True) or sys.exit("no Chromium is installed: make setup")
    return chromium.launch(
        executable_path=in_own_network(
            program, socket=folder / "proxy", port=port, wrapper=folder / "browser"
        ),
        env={**os.environ, **browser_home(ca, folder / "home")},
        args=list(ARGUMENTS),
        proxy={"server": f"http://127.0.0.1:{port}"},
    )


if __name__ == "__main__":
    sys.exit(main())
