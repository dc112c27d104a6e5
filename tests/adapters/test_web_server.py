"""What is served, to whom, and above all what is not."""

import http.client
import threading
from contextlib import contextmanager

import pytest

from stacktest.adapters import web_server
from stacktest.adapters.web_server import make_server, viewer_folder
from stacktest.errors import ToolMissingError, UsageError


@contextmanager
def serving(pages, folders):
    with make_server(pages, folders, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Evidence, with a secret beside it and links that lead out."""
    root = tmp_path_factory.mktemp("project")
    evidence = root / "reports/evidence"
    (evidence / "r1/pages").mkdir(parents=True)
    (root / ".env").write_text("PASSWORD=canary\n")
    (root / "reports/evidence-of-others").mkdir()
    (root / "reports/evidence-of-others/x.log").write_text("canary")
    (evidence / "r1/redis.log").write_text("<script>ü")
    (evidence / "r1/pages/trace.zip").write_bytes(b"PK")
    (evidence / "r1/out").symlink_to(root / ".env")
    (evidence / "r1/up").symlink_to(root)
    return root


@pytest.fixture(scope="module")
def server(project):
    folders = {"/evidence/": project / "reports/evidence"}
    with serving({"/": lambda: "<h1>page ü</h1>"}, folders) as server:
        yield server


def ask(server, path, *, method="GET", host=None):
    port = server.server_address[1]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{port}" if host is None else host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


def test_the_page_is_served(server):
    assert ask(server, "/") == (200, "text/html; charset=utf-8", "<h1>page ü</h1>".encode())
    assert ask(server, "/", method="HEAD") == (200, "text/html; charset=utf-8", b"")


def test_evidence_is_served_and_no_log_is_a_page(server):
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
    ],
)
def test_nothing_else_is(server, path):
    assert ask(server, path) == (404, "text/plain; charset=utf-8", b"not here\n")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "", "127.0.0.1:1", "10.0.0.1:80"])
def test_a_request_for_another_host_is_refused(server, host):
    assert ask(server, "/", host=host)[0] == 403


def test_this_machine_has_two_names(server):
    assert ask(server, "/", host=f"localhost:{server.server_address[1]}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_written(server, method):
    assert ask(server, "/", method=method)[0] == 501


def test_only_this_machine_is_listened_to(server):
    assert server.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken(server):
    port = server.server_address[1]
    with pytest.raises(UsageError, match=f"port {port}: address already in use"):
        make_server({}, {}, port)


def test_a_playwright_without_a_viewer(monkeypatch):
    assert (viewer_folder() / "sw.bundle.js").is_file()
    monkeypatch.setattr(web_server, "find_spec", lambda _: None)
    with pytest.raises(ToolMissingError, match="no trace viewer"):
        viewer_folder()
