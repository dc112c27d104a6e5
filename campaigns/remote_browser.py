"""The suites of the reference stack, every page loaded by a browser of a server.

The server is on another machine: a network namespace from which neither the stack nor this machine's
loopback can be reached. Then it is the stack's own `browserless`. Browsers of this machine cannot
start meanwhile. Counted: tests by result, and services that the whole of the suites proved.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from dotenv import dotenv_values

from campaigns.common import Options, Report, main
from campaigns.docker_command import docker
from campaigns.reference_copy import bring_suites, reference_copy, use_images_as_they_are
from stacktest.adapters.browser.chromium import WITH_WINDOW, WITHOUT_WINDOW
from stacktest.adapters.process import write_wrapper
from stacktest.bootstrap.context import find_project
from tests.faults.throwaway import ThrowAway
from tests.support.browser_server import browser_server

TESTED = "adminer"
"""The service of the short form."""
SHORT = (TESTED, "browserless", "caddy", "mariadb", "planka-postgres")
"""What runs in the short form."""
PAGES = ("-k", "chromium")
"""Tests that use a browser have its name among their parameters."""
PATIENCE = 1800


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of the suites showed."""

    results: Counter[str]
    credited: frozenset[str]
    faults: tuple[str, ...]


def run(options: Options) -> Report:
    """The whole of the suites, then their pages once more; those of one service in the short form."""
    chosen = (f"--stack-services={TESTED}",) if options.short else ()
    with reference_copy("remote-browser") as live:
        bring_suites(live.root.parent)
        use_images_as_they_are(live.root)
        _forbid_browsers(live.root.parent / "no-browsers")
        live.up(SHORT if options.short else ())
        with browser_server(live.root.parent / "server", live.root / "certs/ca.crt") as server:
            whole = _test(live, server.url, *chosen)
        missing = list(_without_pass(live, whole, short=options.short))
        pages = _test(live, _browserless(live), *chosen, *PAGES)
    rows = [*_rows("another machine", whole), *_rows("browserless", pages)]
    return Report(
        columns=("browsers of", "what", "number"),
        rows=rows,
        faults=[*whole.faults, *missing, *pages.faults],
    )


# Private


def _forbid_browsers(folder: Path) -> None:
    folder.mkdir()
    for name in (WITHOUT_WINDOW, *WITH_WINDOW):
        write_wrapper(folder / name, ["false"])


def _browserless(live: ThrowAway) -> str:
    """The address of the stack's own server, as this machine reaches it."""
    networks = json.loads(
        docker(
            *("inspect", "--format", "{{json .NetworkSettings.Networks}}"),
            f"{live.project}-browserless-1",
        )
    )
    (network,) = networks.values()
    token = dotenv_values(live.root / ".env")["BROWSERLESS_TOKEN"]
    return f"ws://{network['IPAddress']}:3000/{token}"


def _test(live: ThrowAway, url: str, *options: str) -> Outcome:
    folder = live.root.parent
    results = folder / "results.xml"
    argv = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    argv += [f"--stack={live.root}", "--stack-up=never", f"--junitxml={results}", *options]
    done = subprocess.run(
        [*argv, "suites"],
        cwd=folder,
        env=_environment(folder, url),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    output = done.stdout + done.stderr
    faults = list(_failures(results))
    if not results.is_file():
        faults.append(f"no test ran: {output[-2000:]}")
    if url.rpartition("/")[2] in output + results.read_text():
        faults.append("the token of the server is in what was printed")
    return Outcome(_results(results), _credited(live), tuple(faults))


def _environment(folder: Path, url: str) -> Mapping[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PATH": f"{folder / 'no-browsers'}{os.pathsep}{os.environ['PATH']}",
        "STACKTEST_BROWSER_ENDPOINT": url,
    }


def _failures(results: Path) -> Iterator[str]:
    for test, kind, why in _tests(results):
        if kind in {"failure", "error"}:
            yield f"{test}: {why}"


def _results(results: Path) -> Counter[str]:
    return Counter(kind for _, kind, _ in _tests(results))


def _tests(results: Path) -> Iterator[tuple[str, str, str]]:
    """Name, result and reason of each test in pytest's own report."""
    if not results.is_file():
        return
    for case in ET.parse(results).iter("testcase"):
        problem = next((item for item in case if item.tag in {"failure", "error", "skipped"}), None)
        name = f"{case.get('classname')}::{case.get('name')}"
        kind = "passed" if problem is None else problem.tag
        yield name, kind, "" if problem is None else str(problem.get("message"))[:300]


def _credited(live: ThrowAway) -> frozenset[str]:
    """Services that have a pass."""
    return frozenset(
        path.parent.name for path in (live.root / "data/tests").glob("*/last_pass.json")
    )


def _without_pass(live: ThrowAway, outcome: Outcome, *, short: bool) -> Iterator[str]:
    """Services that the whole of the suites did not prove, with what their last run recorded."""
    wanted = {TESTED} if short else set(find_project(str(live.root)).stack.services)
    for name in sorted(wanted - outcome.credited):
        record = live.root / f"data/tests/{name}/last_run.json"
        run = json.loads(record.read_text()) if record.is_file() else {}
        shown = {key: run.get(key) for key in ("verdict", "refusal", "reasons", "tests")}
        yield f"{name}: no pass: {shown}"


def _rows(where: str, outcome: Outcome) -> Iterator[tuple[str, str, int]]:
    for kind, number in sorted(outcome.results.items()):
        yield where, f"tests {kind}", number
    yield where, "services with a pass", len(outcome.credited)


if __name__ == "__main__":
    raise SystemExit(main("remote_browser", run))
