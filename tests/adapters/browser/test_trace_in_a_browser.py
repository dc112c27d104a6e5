"""A trace of real pages, with a canary wherever a page, a person or a server has secrets.

Every canary has to be in the trace as Playwright writes it, and none in the trace that is kept;
screenshots show what the page showed.
"""

import base64
import hashlib
import http.server
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.browser.chromium import find_chromium
from stacktest.adapters.browser.trace_secrets import clean_trace

pytestmark = pytest.mark.real_browser

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJDYW5hcnkifQ.Canary-jwt"
PAGE = """<!doctype html><title>Sign in</title><meta name="csrf-token" content="Canary-meta">
<form><input name="user"><input type="password" id="pw">
<input type="hidden" name="csrf_token" value="Canary-hidden"></form>
<input aria-label="API key" id="plain"><p>An ordinary sentence.</p><p id="out"></p>
<script>
localStorage.setItem("auth_token", "Canary-local");
async function work() {
  const json = {"Content-Type": "application/json", "Authorization": "Bearer Canary-bearer"};
  const posted = JSON.stringify({nested: {api_key: "Canary-posted"}});
  const answer = await (await fetch("/token", {method: "POST", headers: json, body: posted})).json();
  console.log("got " + answer.access_token);
  document.cookie = "sid=Canary-script-cookie";
  await fetch("/x?token=Canary-query&code=Canary-code-7&session=Canary-session");
  await fetch("/x", {method: "POST", body: new URLSearchParams({password: "Canary-form"})});
  const form = new FormData(); form.append("password", "Canary-multipart");
  await fetch("/x", {method: "POST", body: form});
  const socket = new WebSocket(`ws://${location.host}/socket`);
  socket.onopen = () => socket.send(JSON.stringify({access_token: "Canary-frame-sent"}));
  await new Promise((done) => { socket.onmessage = done; });
  location.hash = "access_token=Canary-fragment";
  document.getElementById("out").textContent = "done";
}
</script>"""
ANSWERS = {
    "/": ("text/html", PAGE),
    "/x": ("text/plain", "ok"),
    "/token": (
        "application/json",
        json.dumps(
            {
                "access_token": "Canary-json",
                "data": {"refreshToken": "Canary-camel", "sessionId": "Canary-session-id"},
                "proof": TOKEN,
                "pairs": [{"name": "client_secret", "value": "Canary-pair"}],
                "apiKeys": ["Canary-list"],
            }
        ),
    ),
    "/xml": ("application/xml", "<r><apiKey>Canary-xml</apiKey><token value='Canary-attr'/></r>"),
    "/yaml": ("text/yaml", "password: Canary-yaml\n"),
    "/js": ("application/javascript", "var token = 'Canary-js'; c = {apiKey: \"Canary-js-2\"}"),
}
HIDDEN = {
    "meta", "hidden", "local", "bearer", "posted", "script-cookie", "query", "code-7", "session",
    "form", "multipart", "frame-sent", "frame-received", "fragment", "json", "camel", "session-id",
    "jwt", "pair", "list", "xml", "attr", "yaml", "js", "js-2", "set-cookie", "header", "typed",
    "api-key", "added-cookie", "argument", "result", "state-cookie", "state-storage", "state-json",
}  # fmt: skip


class Server(http.server.BaseHTTPRequestHandler):
    """Answers with secrets in every place that an answer has."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = self.path.partition("?")[0]
        if path == "/socket":
            self._speak()
            return
        kind, text = ANSWERS.get(path, ("text/plain", "ok"))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Set-Cookie", "session=Canary-set-cookie; Path=/")
        self.send_header("X-Auth-Token", "Canary-header")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self) -> None:
        self.do_GET()

    def _speak(self) -> None:
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accepted = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.wfile.write(
            "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode()
        )
        # The frame of the page has a head of 6 bytes and comes whole: it is short.
        self.rfile.read(6 + len('{"access_token":"Canary-frame-sent"}'))
        message = b'{"refresh_token":"Canary-frame-received"}'
        self.wfile.write(bytes([0x81, len(message)]) + message)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def record_trace(url: str, trace: Path) -> None:
    """What a suite may do with secrets, traced as pytest-playwright traces."""
    from playwright.sync_api import sync_playwright

    storage = [
        {"name": "refresh", "value": "Canary-state-storage"},
        {"name": "user", "value": '{"token":"Canary-state-json"}'},
    ]
    cookie = {
        "name": "st", "value": "Canary-state-cookie", "domain": "127.0.0.1", "path": "/",
        "expires": -1, "httpOnly": False, "secure": False, "sameSite": "Lax",
    }  # fmt: skip
    state: Any = {
        "cookies": [cookie],
        "origins": [{"origin": url, "localStorage": storage}],
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(headless=True), args=["--no-sandbox"]
        )
        context = browser.new_context(storage_state=state)
        context.tracing.start(screenshots=True, snapshots=True, sources=False)
        context.add_cookies([{"name": "added", "value": "Canary-added-cookie", "url": url}])
        page = context.new_page()
        page.goto(f"{url}/")
        page.fill("#pw", "Canary-typed")
        page.fill("#plain", "Canary-api-key")
        page.evaluate("value => sessionStorage.setItem('token', value)", "Canary-argument-1")
        page.evaluate("() => ({token: 'Canary-result'})")
        page.evaluate("work()")
        page.get_by_text("done").wait_for()
        page.evaluate("document.body.append('shown: Canary-typed Canary-json')")
        for path in ("/xml", "/yaml", "/js"):
            page.goto(f"{url}{path}")
        context.storage_state()
        context.tracing.stop(path=trace)
        browser.close()


def texts_of(trace: Path) -> str:
    with zipfile.ZipFile(trace) as content:
        names = [n for n in content.namelist() if not n.endswith((".png", ".jpeg"))]
        return "\n".join(content.read(name).decode("utf-8", "replace") for name in names)


def canaries(trace: Path) -> set[str]:
    return {name.removesuffix("-1") for name in re.findall(r"Canary-([a-z0-9-]+)", texts_of(trace))}


def test_no_secret_of_a_page_a_person_or_a_server_stays_in_a_trace(
    url: str, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.zip"
    record_trace(url, trace)
    assert sorted(HIDDEN - canaries(trace)) == []
    clean_trace(trace, ())
    assert sorted(canaries(trace)) == []
    text = texts_of(trace)
    assert "eyJhbGciOiJIUzI1NiJ9" not in text
    for ordinary in ("An ordinary sentence.", "Sign in", "/token", "application/json"):
        assert ordinary in text
