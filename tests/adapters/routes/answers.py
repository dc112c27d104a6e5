"""Asks a front door that runs, and compares who answered with what its routes say."""

import http.client
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stacktest.adapters.routes.served_files import file_kind
from stacktest.core.route import Route
from tests.support.routed import service_behind

HEADER = "X-Service"
"""What each program behind the front door says of itself."""


@dataclass(frozen=True)
class Claim:
    """One request: whose answer the routes say that it was, and whose it was."""

    host: str
    path: str
    method: str
    status: int
    claimed: str | None
    actual: str | None

    @property
    def is_wrong(self) -> bool:
        """Whether somebody else's answer would be credited."""
        return self.claimed is not None and self.claimed != self.actual


@contextmanager
def running(argv: list[str]) -> Iterator[int]:
    """A container whose port 80 is published; the port on this side."""
    container = subprocess.run(
        ["docker", "run", "-d", "--rm", "-p", "127.0.0.1::80", *argv],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout.strip()  # fmt: skip
    try:
        port = subprocess.run(
            ["docker", "port", container, "80/tcp"],
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip
        number = int(port.split()[0].rpartition(":")[2])
        _wait(number, container)
        yield number
    finally:
        subprocess.run(["docker", "rm", "-f", container], capture_output=True, check=False)


def claims(
    routes: tuple[Route, ...],
    port: int,
    hosts: Iterable[str],
    paths: Iterable[str],
    methods: Iterable[str] = ("GET",),
) -> Iterator[Claim]:
    """Every request for every host, asked and compared."""
    for host in hosts:
        for path in paths:
            for method in methods:
                status, actual = _ask(port, host, path, method)
                claimed = service_behind(
                    routes,
                    host=host,
                    path=path,
                    status=status,
                    port=80,
                    method=method,
                    file_kind=file_kind,
                )
                yield Claim(host, path, method, status, claimed, actual)


# Private


def _ask(port: int, host: str, path: str, method: str) -> tuple[int, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={"Host": host})
        response = connection.getresponse()
        response.read()
        return response.status, response.headers.get(HEADER)
    except ConnectionError:
        return 0, None
    finally:
        connection.close()


def _wait(port: int, container: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            status, _ = _ask(port, "ready.test", "/", "GET")
        except OSError:
            status = 0
        if status:
            return
        time.sleep(0.1)
    logs = subprocess.run(
        ["docker", "logs", container], capture_output=True, text=True, check=False
    )
    raise AssertionError(f"the front door does not answer: {logs.stdout}{logs.stderr}")
