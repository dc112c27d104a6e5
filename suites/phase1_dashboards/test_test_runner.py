"""The test runner works when stacktest starts in it and every routed name answers from there."""

import json

import pytest

from fixtures.typed import Inside
from fixtures.versions import verify_version
from stacktest.adapters.network.service_access import ServiceAccess
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("test-runner")

TRY_TO_LEAVE = """
import socket
try:
    socket.create_connection(("192.0.2.1", 443), timeout=2).close()
    print("open")
except OSError:
    print("closed")
"""
ASK_ALL = """
import json, ssl, socket, sys
context = ssl.create_default_context()
said = {}
for host in sys.argv[1:]:
    with socket.create_connection(("caddy", 443), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname=host) as secured:
            ask = ["GET / HTTP/1.1", f"Host: {host}", "Connection: close", "", ""]
            secured.sendall("\\r\\n".join(ask).encode())
            said[host] = int(secured.recv(4096).split()[1])
print(json.dumps(said))
"""


@pytest.fixture
def runner(inside: Inside) -> ServiceAccess:
    return inside("test-runner")


def test_stacktest_starts_in_it(runner: ServiceAccess, stack: RunningStack) -> None:
    done = runner.run("stacktest", "--version")
    assert done.code == 0, done.err
    verify_version(done.out.split()[-1], stack, "test-runner")


def test_it_has_the_tools_of_a_run(runner: ServiceAccess) -> None:
    for tool in ("git", "docker", "python3"):
        assert runner.run("sh", "-c", f"command -v {tool}").code == 0, tool
    assert runner.run("docker", "compose", "version").code == 0


@pytest.mark.claim("P1.2")
def test_every_routed_name_is_verified_and_known_from_there(
    runner: ServiceAccess, stack: RunningStack
) -> None:
    hosts = sorted({route.host for route in stack.model.routes})
    done = runner.run("/opt/stacktest/bin/python", "-c", ASK_ALL, *hosts)
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert set(said) == set(hosts)
    assert {host: status for host, status in said.items() if status == 421} == {}


def test_it_reaches_the_browser_next_door(runner: ServiceAccess) -> None:
    done = runner.run(
        "/opt/stacktest/bin/python",
        "-c",
        "import os, socket, urllib.parse as u; at = u.urlsplit(os.environ['BROWSER_ADDRESS']);"
        "socket.create_connection((at.hostname, at.port), timeout=5).close(); print('open')",
    )
    assert (done.code, done.out.strip()) == (0, "open")


def test_it_has_no_way_out_of_the_stack(runner: ServiceAccess) -> None:
    done = runner.run("/opt/stacktest/bin/python", "-c", TRY_TO_LEAVE)
    assert (done.code, done.out.strip()) == (0, "closed")


def test_it_runs_as_nobody_in_particular(runner: ServiceAccess) -> None:
    done = runner.run("id", "-u")
    assert done.code == 0
    assert done.out.strip() != "0"
