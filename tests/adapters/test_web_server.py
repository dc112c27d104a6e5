"""What is served, to whom, and above all what is not."""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from stacktest.adapters import web_server
from stacktest.adapters.browser.chromium import find_chromium
from stacktest.adapters.web_server import make_server, viewer_folder
from stacktest.errors import EvidenceError, ToolMissingError, UsageError


@contextmanager
def serving(
    pages: dict[str, Callable[..., Any]], folders: dict[str, Path]
) -> Iterator[ThreadingHTTPServer]:
    with make_server(pages, folders, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence, with a secret beside it and links that lead out."""
    root = tmp_path_factory.mktemp("project")
    evidence = root / "reports/evidence"
    (evidence / "r1/pages").mkdir(parents=True)
    (root / ".env").write_text("PASSWORD=canary\n")
    (root / "reports/evidence-of-others").mkdir()
    (root / "reports/evidence-of-others/x.log").write_text("canary")
    (evidence / "r1/redis.log").write_text("<script>ü")
    (evidence / "r1/pages/trace.zip").write_bytes(b"PK")
    (root / "viewer").mkdir()
    (root / "viewer/a.js").write_text("let a = 1\n")
    (evidence / "r1/out").symlink_to(root / ".env")
    (evidence / "r1/up").symlink_to(root)
    return root


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[ThreadingHTTPServer]:
    folders = {"/evidence/": project / "reports/evidence"}
    folders["/trace/"] = project / "viewer"
    pages = {"/": lambda: "<h1>page ü</h1>", "/list/": lambda: "<ul></ul>"}
    with serving(pages, folders) as server:
        yield server


def ask(
    server: ThreadingHTTPServer, path: str, *, method: str = "GET", host: str | None = None
) -> tuple[int, str, bytes]:
    port = server.server_address[1]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{port}" if host is None else host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


def test_the_page_is_served(server: ThreadingHTTPServer) -> None:
    assert ask(server, "/") == (200, "text/html; charset=utf-8", "<h1>page ü</h1>".encode())
    assert ask(server, "/", method="HEAD") == (200, "text/html; charset=utf-8", b"")


def test_evidence_is_served_and_no_log_is_a_page(server: ThreadingHTTPServer) -> None:
    kind = "text/plain; charset=utf-8"
    assert ask(server, "/evidence/r1/redis.log") == (200, kind, "<script>ü".encode())
    assert ask(server, "/evidence/r1/pages/trace.zip") == (200, "application/zip", b"PK")


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/reports/evidence/r1/redis.log",
        "/evidence/../../.env",
        "/evidence/%2e%2e/%2e%2e/.env",
        "/evidence/..%2f..%2f.env",
        "/evidence/r1/../../../.env",
        "/evidence//etc/passwd",
        "/evidence/%2fetc/passwd",
        "/evidence/../evidence-of-others/x.log",
        "/evidence/r1/out",
        "/evidence/r1/up/.env",
        "/evidence/r1",
        "/evidence/r1/redis.log%00",
        "/evidence-of-others/x.log",
        "../.env",
        "//etc/passwd",
        pytest.param(f"/evidence/{'a' * 300}", id="a name that is too long for a file"),
        pytest.param("//[::1/x", id="not a URL"),
    ],
)
def test_nothing_else_is(server: ThreadingHTTPServer, path: str) -> None:
    assert ask(server, path) == (404, "text/plain; charset=utf-8", b"not here\n")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "", "127.0.0.1:1", "10.0.0.1:80"])
def test_a_request_for_another_host_is_refused(server: ThreadingHTTPServer, host: str) -> None:
    assert ask(server, "/", host=host)[0] == 403


def test_this_machine_has_two_names(server: ThreadingHTTPServer) -> None:
    assert ask(server, "/", host=f"localhost:{server.server_address[1]}")[0] == 200


def headers_of(server: ThreadingHTTPServer, path: str) -> http.client.HTTPMessage:
    port = server.server_address[1]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.headers


def test_nothing_in_the_evidence_runs(server: ThreadingHTTPServer) -> None:
    policy = headers_of(server, "/evidence/r1/redis.log")["Content-Security-Policy"]
    assert policy.split("; ")[:2] == ["sandbox", "default-src 'none'"]


@pytest.mark.parametrize(
    "path", ["/", "/list/", "/nowhere", "/evidence/r1/redis.log", "/trace/a.js"]
)
def test_every_answer_has_a_policy(server: ThreadingHTTPServer, path: str) -> None:
    headers = headers_of(server, path)
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; ")[1:])
    assert policy["base-uri"] in ("'none'", "'self'")
    assert policy["form-action"] == "'none'"
    assert policy["frame-ancestors"] in ("'none'", "'self'")
    assert "http" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    has_scripts = "script-src" in policy
    assert has_scripts == (path in ("/", "/trace/a.js"))


def test_a_page_that_cannot_be_made_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> str:
        raise EvidenceError("the record is damaged", where="last_run.json")

    def unreadable() -> str:
        raise PermissionError(13, "Permission denied", "status.json")

    with serving({"/": broken, "/evidence/": unreadable}, {}) as server:
        assert ask(server, "/")[0] == ask(server, "/evidence/")[0] == 500
        assert b"the record is damaged" in ask(server, "/")[2]
    assert capfd.readouterr().err == ""


def test_files_that_cannot_be_read_are_not_here(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "locked.log").write_text("x")
    with serving({}, {"/evidence/": tmp_path}) as server:
        assert ask(server, "/evidence/circle")[0] == 404

        def refuse(*_: object) -> object:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        assert ask(server, "/evidence/locked.log")[::2] == (
            404,
            b"cannot be read: permission denied\n",
        )
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /<script> HTTP/9.9\r\n\r\n", b"505"),
        (b"<script>alert(1)</script>\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", b"403"),
        (b"TRACE / HTTP/1.1\r\n\r\n", b"501"),
    ],
)
def test_what_the_library_refuses_is_plain_text(
    server: ThreadingHTTPServer, capfd: pytest.CaptureFixture[str], sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as client:
        client.sendall(sent)
        reply = b"".join(iter(lambda: client.recv(65536), b""))
    assert reply.split(b" ", 2)[1] == status
    assert b"Content-Type: text/plain" in reply
    assert b"script" not in reply.partition(b"\r\n\r\n")[2]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("sent", [b"", b"GET /", b"GET / HTTP/1.1\r\n"])
def test_a_connection_that_waits_for_nothing_ends(
    sent: bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(web_server, "PATIENCE", 0.3)
    with (
        serving({}, {}) as server,
        socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as client,
    ):
        client.sendall(sent)
        assert client.recv(100) == b""
    assert capfd.readouterr().err == ""


def test_connections_beyond_the_limit_are_closed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(web_server, "MOST", 1)
    with (
        serving({"/": lambda: "x"}, {}) as server,
        socket.create_connection(("127.0.0.1", server.server_port), timeout=5),
        socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as second,
    ):
        assert second.recv(100) == b""
    assert capfd.readouterr().err == ""


def test_a_browser_that_gives_up_a_download_prints_nothing(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "reports/evidence/r1/large.log").write_bytes(b"x" * 50_000_000)
    with serving({}, {"/evidence/": project / "reports/evidence"}) as server:
        connection = socket.create_connection(("127.0.0.1", server.server_port), timeout=10)
        host = f"127.0.0.1:{server.server_address[1]}"
        connection.sendall(f"GET /evidence/r1/large.log HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert connection.recv(15) == b"HTTP/1.0 200 OK"
        # A reset in the middle of the answer, as a tab that is closed sends it.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        server.server_close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_written(server: ThreadingHTTPServer, method: str) -> None:
    assert ask(server, "/", method=method)[0] == 501


def test_only_this_machine_is_listened_to(server: ThreadingHTTPServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken(server: ThreadingHTTPServer) -> None:
    port = server.server_address[1]
    with pytest.raises(UsageError, match=f"port {port}: address already in use"):
        make_server({}, {}, port)


def test_a_playwright_without_a_viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (viewer_folder() / "sw.bundle.js").is_file()
    monkeypatch.setattr(web_server, "find_spec", lambda _: None)
    with pytest.raises(ToolMissingError, match="no trace viewer"):
        viewer_folder()


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(headless=True), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.mark.real_browser
def test_the_viewer_shows_a_trace_and_asks_no_other_machine(
    chromium: Browser, tmp_path: Path
) -> None:
    context = chromium.new_context()
    context.tracing.start(snapshots=True)
    context.new_page().set_content("<h1>hello</h1>")
    context.tracing.stop(path=tmp_path / "trace.zip")
    context.close()
    with serving({}, {"/evidence/": tmp_path, "/trace/": viewer_folder()}) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        page = chromium.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto(f"{address}/trace/index.html?trace={address}/evidence/trace.zip")
        page.get_by_text("Set content").first.wait_for()
        snapshot = page.frame_locator("iframe[name=snapshot]").first
        assert snapshot.get_by_role("heading").inner_text() == "hello"
        assert [text for text in problems if "Content Security Policy" in text] == []
        page.close()
