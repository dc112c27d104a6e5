"""Every client of stacktest against good and bad certificates: `python -m campaigns.tls`.

One server per certificate; the suite that is run has the fixtures that people use, in a pytest of
its own. `--short` leaves the browser out and takes seconds.
"""

import asyncio
import datetime as dt
import json
import os
import ssl
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from campaigns.certificates import Case, cases
from campaigns.common import Options, Report, main
from campaigns.pki import ADDRESS, Pki, write_server_files
from stacktest.adapters.event_loop_thread import LoopThread, close_server
from tests.support.browser_suite import CONFTEST

CLIENTS = ("api", "async_api", "doctor", "trust", "page", "page.request")
"""The fixtures, `stacktest doctor`, and what stands behind answers of browsers."""
WITH_BROWSER = frozenset({"page", "page.request"})
FIRST_PORT = 1001
ACCEPTED, REFUSED = "accepted", "refused"

SUITE = """
import asyncio
import json
import os
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Error

from stacktest.adapters.tls import ServerTrust, certificate_facts
from stacktest.errors import UsageError

CASES = json.loads(Path("cases.json").read_text())
CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
TITLE = "<title>App</title>"


def record(case, client, answered, contacts):
    is_counted = bool(set(contacts()) - {"door"})
    line = {"name": case["name"], "client": client, "answered": answered, "counted": is_counted}
    with Path("verdicts.jsonl").open("a") as file:
        file.write(json.dumps(line) + chr(10))


def answers(ask, *errors):
    try:
        return TITLE in ask()
    except errors:
        return False


@CASE
def test_api(api, contacts, case):
    answered = answers(lambda: api("app").get(case["url"]).text, httpx.ConnectError)
    record(case, "api", answered, contacts)


@CASE
def test_async_api(async_api, contacts, case):
    async def ask():
        async with async_api("app") as client:
            return (await client.get(case["url"])).text

    answered = answers(lambda: asyncio.run(ask()), httpx.ConnectError)
    record(case, "async_api", answered, contacts)


@CASE
def test_doctor(stack_ca, case):
    facts = certificate_facts(case["host"], tuple(case["address"]), stack_ca)
    record(case, "doctor", facts.verified, lambda: ("app",) if facts.verified else ())


@CASE
def test_trust(stack_ca, case):
    trusted = not ServerTrust(stack_ca).objection(case["host"], tuple(case["address"]))
    record(case, "trust", trusted, lambda: ("app",) if trusted else ())


@CASE
def test_page(page, contacts, case):
    def ask():
        page.goto(case["url"])
        return page.content()

    record(case, "page", answers(ask, Error, UsageError), contacts)


@CASE
def test_page_request(page, contacts, case):
    answered = answers(lambda: page.request.get(case["url"]).text(), Error, UsageError)
    record(case, "page.request", answered, contacts)
"""


def run(options: Options) -> Report:
    """Every case with every client."""
    table = cases()
    clients = [name for name in CLIENTS if not (options.short and name in WITH_BROWSER)]
    with tempfile.TemporaryDirectory(prefix="stacktest-tls-") as folder:
        verdicts = _verdicts(Path(folder), table, clients)
    return _report(table, clients, verdicts)


@contextmanager
def serving(pki: Pki, table: Sequence[Case], folder: Path) -> Iterator[list[int]]:
    """The port of a server for each case; each answers every request with the same page."""
    thread = LoopThread("stacktest-campaign")
    servers = []
    try:
        for case in table:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.load_cert_chain(write_server_files(case.make(pki), folder))
            servers.append(thread.call(asyncio.start_server(_answer, ADDRESS, 0, ssl=context)))
        yield [server.sockets[0].getsockname()[1] for server in servers]
    finally:
        for server in servers:
            thread.call(close_server(server))
        thread.stop()


# Private

Verdicts = Mapping[tuple[str, str], tuple[bool, bool]]
"""Case and client → whether it was answered, and whether that counted for the service."""


def _verdicts(folder: Path, table: Sequence[Case], clients: Sequence[str]) -> Verdicts:
    pki = Pki(dt.datetime.now(dt.UTC))  # noqa: TID251 - certificates are judged by the real clock
    pki.write_trusted(folder / "ca.crt")
    with serving(pki, table, folder) as ports:
        _write_suite(folder, table, ports)
        names = [f"test_{name.replace('.', '_')}" for name in clients]
        given = {
            "root": str(folder),
            "ca": str(folder / "ca.crt"),
            "doors": {443: ports[0]} | {FIRST_PORT + n: port for n, port in enumerate(ports)},
            "published": {
                f"web{port}": port
                for case, port in zip(table, ports, strict=True)
                if case.host == ADDRESS
            },
        }
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*argv, *(f"test_tls.py::{name}" for name in names)],
            cwd=folder,
            env={**os.environ, "GIVEN": json.dumps(given)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"the suite failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    lines = (folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line) for line in lines]
    return {(d["name"], d["client"]): (d["answered"], d["counted"]) for d in documents}


def _write_suite(folder: Path, table: Sequence[Case], ports: Sequence[int]) -> None:
    documents = [
        {
            "name": case.name,
            "host": case.host,
            "address": (ADDRESS, port),
            "url": f"https://{case.host}:{port if case.host == ADDRESS else FIRST_PORT + number}/",
        }
        for number, (case, port) in enumerate(zip(table, ports, strict=True))
    ]
    (folder / "cases.json").write_text(json.dumps(documents), encoding="utf-8")
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_tls.py").write_text(SUITE, encoding="utf-8")


def _report(table: Sequence[Case], clients: Sequence[str], verdicts: Verdicts) -> Report:
    faults = []
    counts = {client: Counter[str]() for client in clients}
    for case in table:
        for client in clients:
            answered, counted = verdicts[case.name, client]
            expected = case.accepted and client not in case.differs
            counts[client][ACCEPTED if answered else REFUSED] += 1
            if answered != expected:
                verdict = ACCEPTED if answered else REFUSED
                faults.append(f"{client}: '{case.name}' was {verdict}")
            if counted and not case.accepted:
                counts[client]["credited"] += 1
                faults.append(f"{client}: '{case.name}' counts as an answer of the service")
    good = sum(case.accepted for case in table)
    rows = [
        (client, len(table), good, number[ACCEPTED], number[REFUSED], number["credited"])
        for client, number in counts.items()
    ]
    columns = ("client", "certificates", "good", ACCEPTED, REFUSED, "credited though bad")
    return Report(columns=columns, rows=rows, faults=faults)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        body = b"<title>App</title>"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()


if __name__ == "__main__":
    raise SystemExit(main("tls", run))
