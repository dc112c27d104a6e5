"""Bring-up side by side with plain Compose: cold start, probe, dead and ill container, kill.

    python benchmarks/bringup.py [--rounds 7] [--kills 20]

Both sides are whole commands on the same ten containers, run in turns. Needs an engine and the
image `stacktest-base:bookworm`.
"""

import argparse
import contextlib
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.turns import timed
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import find_connection
from stacktest.adapters.ledger.stack_identity import stack_mark

if TYPE_CHECKING:
    from docker import APIClient

# As on any machine where a program is run twice: without this, some set-ups compile every time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
PROJECT = f"t-bench-bringup-{os.getpid()}"
IMAGE = "stacktest-base:bookworm"
TITLES = (
    "docker compose up -d --wait",
    "stacktest, whole command",
    "from plan to ready",
    "the engine alone, by its API",
)
LIMIT = 0.88
"""Of what Compose takes, from the plan to ready."""
LIMIT_ENGINE = 1.05
"""Of what the engine alone takes: on some days that is more than 0.88 of what Compose takes."""
UP = """
import sys, time
from stacktest.bootstrap.prefetch import ask_compose
compose = ask_compose(sys.argv[1])
from stacktest.adapters.startup.up import bring_up
from stacktest.adapters.engine.client import Engine
from stacktest.core.plan import plan_services
stack = compose.model()
begun = time.perf_counter()
up = bring_up(stack, plan_services(stack, stack.services), compose, Engine(), run_id=sys.argv[2])
print(time.perf_counter() - begun, flush=True)
sys.stdin.read()
up.stop()
"""


SUITE = """\
import pytest


@pytest.mark.service("s0", "s1", "s2", "s3")
@pytest.mark.parametrize("number", range(8))
def test_it_answers(inside, reach_from, number):
    assert inside("s0").run("sh", "-c", "sleep 1; echo here").out == "here\\n"
    assert reach_from("default", "s1", 9) == "refused"
"""
"""Eight seconds, in which workers wait in a container and stand on a network."""


def write(folder: Path, name: str, count: int, *, data: bool = False) -> None:
    services = {
        f"s{number}": {
            "image": IMAGE,
            "init": True,
            "command": ["sleep", "infinity"],
            "healthcheck": {"test": ["CMD", "true"], "interval": "1s"},
        }
        for number in range(count)
    }
    document = {"name": name, "services": services}
    if data:
        services["s3"]["volumes"] = ["kept:/kept"]
        document["volumes"] = {"kept": {}}
    (folder / "compose.yaml").write_text(json.dumps(document))


def run(*argv: str, folder: Path) -> str:
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True).stdout


def down(folder: Path) -> None:
    run("docker", "compose", "down", "--timeout", "0", folder=folder)


class ColdStarts(NamedTuple):
    """Seconds of each round."""

    compose: list[float]
    whole: list[float]
    """Our whole command."""
    planned: list[float]
    """Ours, from the plan to ready."""
    engine: list[float]
    """The engine alone, by its API."""


def cold(folder: Path, rounds: int) -> ColdStarts:
    """The same ten containers from nothing, in turns.

    Compose is asked while the rest is imported, as every command does. A pytest run has read the
    model before, to collect; there the last one is what it waits for.
    """
    seconds = ColdStarts([], [], [], [])

    def compose() -> None:
        seconds.compose.append(
            timed(lambda: run("docker", "compose", "up", "-d", "--wait", folder=folder))
        )

    def stacktest() -> None:
        argv = (sys.executable, "-c", UP, str(folder), "bench")
        begun = time.perf_counter()
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, cwd=folder, stdin=pipe, stdout=pipe, text=True) as child:
            assert child.stdout is not None
            seconds.planned.append(float(child.stdout.readline()))
            seconds.whole.append(time.perf_counter() - begun)
            child.communicate()

    for turn in range(rounds):
        for side in (compose, stacktest) if turn % 2 else (stacktest, compose):
            side()
            down(folder)
        seconds.engine.append(engine_alone(10))
    return seconds


def engine_alone(count: int) -> float:
    """Seconds of the same containers by the engine's API, all of them at once, until healthy.

    Nothing that uses this engine can be quicker: no file is read, no label, no order.
    """
    with contextlib.closing(find_connection().sdk()) as sdk, ThreadPoolExecutor(count) as pool:
        network = f"{PROJECT}-engine"
        sdk.create_network(network)
        try:
            names = [f"{network}-{number}" for number in range(count)]
            return timed(lambda: [*pool.map(partial(_begin, sdk, network), names)])
        finally:
            for name in names:
                sdk.remove_container(name, force=True)
            sdk.remove_network(network)


def _begin(sdk: "APIClient", network: str, name: str) -> None:
    created = sdk.create_container(
        IMAGE,
        ["sleep", "infinity"],
        name=name,
        healthcheck={"test": ["CMD", "true"], "interval": 10**9},
        host_config=sdk.create_host_config(init=True, network_mode=network),
    )
    sdk.start(created["Id"])
    while sdk.inspect_container(created["Id"])["State"]["Health"]["Status"] != "healthy":
        time.sleep(0.02)


def probe(folder: Path) -> tuple[float, float]:
    """Milliseconds of one look at ten running containers: ours, `docker compose ps`.

    The best of the looks: health checks of the containers only ever add.
    """
    run("docker", "compose", "up", "-d", "--wait", folder=folder)
    engine = Engine()
    engine.containers(PROJECT)
    ours = [timed(lambda: engine.containers(PROJECT)) for _ in range(50)]
    plain = [timed(lambda: run("docker", "compose", "ps", folder=folder)) for _ in range(5)]
    down(folder)
    return min(ours) * 1000, min(plain) * 1000


DEAD = {"image": IMAGE, "command": ["sh", "-c", "sleep 1; date +%s.%N; exit 3"]}
"""Says when it ends, and ends."""
SICK = {
    "image": IMAGE,
    "init": True,
    "command": ["sleep", "infinity"],
    "healthcheck": {"test": "date +%s.%N; exit 1", "interval": "500ms", "retries": 2},
}
"""Says when it was found ill; the engine calls it unhealthy at the second time."""


def told(folder: Path, name: str, service: Mapping[str, object], rounds: int) -> list[float]:
    """Seconds from what the service last said until a message quotes it."""
    (folder / "compose.yaml").write_text(
        json.dumps({"name": f"{PROJECT}-{name}", "services": {"app": service}})
    )
    times = []
    for number in range(rounds):
        argv = (sys.executable, "-c", UP, str(folder), f"{name}{number}")
        pipe = subprocess.PIPE
        with subprocess.Popen(
            argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        ) as child:
            assert child.stderr is not None
            stamps = (re.search(r"\b1\d{9}\.\d{9}\b", line) for line in child.stderr)
            said = next(float(stamp[0]) for stamp in stamps if stamp)
            times.append(time.time() - said)  # noqa: TID251
            child.wait()
    return times


def kills(folder: Path, count: int) -> list[tuple[float, int]]:
    """Per kill of a run at a random moment: seconds until nothing was left, and what was left.

    Killed is the process that a person started, and nothing else: two workers, what stands beside
    a container, and a Compose in the middle of its work have to notice by themselves.
    """
    name = f"{PROJECT}-kill"
    write(folder, name, 4, data=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_kill.py").write_text(SUITE)
    engine = Engine()

    def left(session: int) -> int:
        networks = engine.networks({"com.docker.compose.project": name})
        owned = engine.containers(labels={"stacktest.stack": stack_mark(folder)})
        return len(owned) + len(networks) + processes_of(session)

    found = []
    for turn in range(count):
        number = (signal.SIGKILL, signal.SIGTERM)[turn % 2]
        moment = random.uniform(0.3, 9.0)
        argv = (sys.executable, "-m", "pytest", "-q", "-n", "2", "--stack", ".")
        quiet = subprocess.DEVNULL
        with subprocess.Popen(
            argv, cwd=folder, stdout=quiet, stderr=quiet, start_new_session=True
        ) as child:
            time.sleep(moment)
            os.kill(child.pid, number)
            begun = clean = time.perf_counter()
            child.wait()
            while time.perf_counter() - begun < 4:
                if left(child.pid):
                    clean = time.perf_counter()
                time.sleep(0.02)
        found.append((clean - begun, left(child.pid)))
        print(
            f"  {number.name} after {moment:.2f} s: clean {clean - begun:.2f} s later", flush=True
        )
    return found


def processes_of(session: int) -> int:
    """How many processes of that session are at work."""
    stats = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            stats.append(path.read_text().rpartition(")")[2].split())
    return sum(int(stat[3]) == session and stat[0] != "Z" for stat in stats)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, PROJECT, 10)
        seconds = cold(folder, options.rounds)
        for title, times in zip(TITLES, seconds, strict=True):
            print(f"{title:28} {' '.join(f'{number:.2f}' for number in times)}")
        look, ps = probe(folder)
        ends, ills = told(folder, "dead", DEAD, 3), told(folder, "sick", SICK, 3)
        found = kills(folder, options.kills)
        run("docker", "compose", "down", "--volumes", folder=folder)
    usual, whole, planned, alone = map(statistics.median, seconds)
    limit = max(LIMIT * usual, LIMIT_ENGINE * alone)
    slowest = max((seconds for seconds, _ in found), default=0.0)
    left = sum(number for _, number in found)
    cold_start = (
        f"cold start of 10, plan to ready: {planned:.2f} s (<= {limit:.2f}); Compose "
        f"{usual:.2f} s, ratio {planned / usual:.2f}; the engine alone {alone:.2f} s, "
        f"{planned / alone:.2f}; "
        f"the whole command {whole:.2f} s, {whole / usual:.2f} of Compose"
    )
    clean = f"slowest clean-up {slowest:.2f} s (<= 2), left {left} (0)"
    checks = (
        (cold_start, planned <= limit),
        (f"probe: {look:.2f} ms (<= 2), `docker compose ps` {ps:.0f} ms", look <= 2),
        (f"dead container to message: {max(ends):.2f} s (< 1)", max(ends) < 1),
        (f"unhealthy to message with its output: {max(ills):.2f} s (< 1)", max(ills) < 1),
        (f"{len(found)} kills: {clean}", slowest <= 2 and left == 0),
    )
    for text, good in checks:
        print(f"{'ok  ' if good else 'MISS'} {text}")
    return 0 if all(good for _, good in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
