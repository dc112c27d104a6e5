"""What fingerprints cost, side by side with the program that a user would wait for anyway.

    python benchmarks/fingerprint.py [--rounds 9] [--check]

    services   all services of a 36-service stack, files and git included, against the
               `docker compose config` that they need: at most 1.3 times
    linear     seconds per service at 1000 services against 250: at most 1.3 times
    files      20 000 files in a mount: at most 0.5 s; beside it, `sha256sum` over the same files

Both sides run in turns, and the best of all rounds counts: other work on the machine only ever
adds. The seconds of CPU (children included) are printed beside it; they hardly depend on what else
runs. `--check` exits 1 when a limit does not hold.
"""

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.compose.model import read_model
from stacktest.adapters.compose.yaml import parse_yaml
from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.cli import OBJECTS
from stacktest.config import Config
from stacktest.core.fingerprint.digest import Key
from stacktest.core.json_data import Json
from stacktest.core.model import Stack

KEY = Key(secret=bytes(32))
SERVICES, MANY, FILES = 36, 1000, 20_000
LIMIT_SERVICES, LIMIT_LINEAR, LIMIT_FILES = 1.3, 1.3, 0.5


def service(number: int) -> Json:
    """A service as people write them: about 35 lines of YAML."""
    name = f"svc{number}"
    return {
        "image": f"app{number}:${{TAG:-1}}",
        "profiles": ["core", f"p{number % 5}"],
        "restart": "unless-stopped",
        "user": "1000:1000",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "command": ["run", "--level=${LEVEL:-info}", f"--name={name}"],
        "environment": {
            "DB_PASSWORD": "${PW:-secret}",
            "DB_HOST": f"db{number}",
            "DB_PORT": "5432",
            "FLAG": "yes",
            "URL": f"https://{name}.stack.local",
        },
        "ports": [f"127.0.0.1:{20000 + number}:8080"],
        "networks": ["frontend", "backend"],
        "volumes": [f"./configs/{name}:/etc/{name}:ro", f"data{number}:/data"],
        "healthcheck": {"test": ["CMD", "true"], "interval": "30s", "retries": 3},
        "labels": {
            "traefik.enable": "true",
            f"traefik.http.routers.{name}.rule": f"Host(`{name}.stack.local`)",
        },
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
        "depends_on": {f"svc{number - 1}": {"condition": "service_started"}} if number else {},
    }


def project(root: Path, count: int) -> None:
    """A tracked project with one configuration file per service."""
    document = {
        "name": "t-bench-fingerprint",
        "services": {f"svc{number}": service(number) for number in range(count)},
        "networks": {"frontend": {}, "backend": {"internal": True}},
        "volumes": {f"data{number}": {} for number in range(count)},
    }
    with (root / "docker-compose.yml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(document, file)
    for number in range(count):
        folder = root / f"configs/svc{number}"
        folder.mkdir(parents=True)
        (folder / "app.toml").write_text(f"name = {number}\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)


def read_afresh(stack: Stack) -> None:
    """All fingerprints, the compose files parsed again."""
    parse_yaml.cache_clear()
    read(stack)


def read(stack: Stack) -> None:
    found = read_fingerprints(stack, key=KEY, images={}, config=Config(root=stack.root))
    unknown = [v for each in found.values() for p, v in each.parts.items() if p != "image"]
    assert all(isinstance(value, str) for value in unknown), unknown


class Least(NamedTuple):
    """The best of several rounds."""

    wall: float
    cpu: float


def best(rounds: int, *sides: Callable[[], object]) -> list[Least]:
    """The least time of each side, all sides in turns."""
    least = [Least(float("inf"), float("inf"))] * len(sides)
    for _ in range(rounds):
        for place, side in enumerate(sides):
            begun, used = time.perf_counter(), sum(os.times()[:4])
            side()
            wall, cpu = time.perf_counter() - begun, sum(os.times()[:4]) - used
            least[place] = Least(min(least[place].wall, wall), min(least[place].cpu, cpu))
    return least


def measure_services(rounds: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        project(root, SERVICES)
        argv = ["docker", "compose", "--profile", "*", "config", "--format", "json"]

        def alone() -> str:
            return subprocess.run(argv, cwd=root, check=True, capture_output=True, text=True).stdout

        stack = Compose(root).model()

        def both() -> None:
            parse_yaml.cache_clear()
            read(Compose(root).model())

        config, total, own = best(rounds, alone, both, lambda: read_afresh(stack))
    print(
        f"{SERVICES} services: compose config {config.wall * 1e3:.0f} ms, with all fingerprints "
        f"{total.wall * 1e3:.0f} ms (own part {own.wall * 1e3:.0f} ms); CPU "
        f"{config.cpu * 1e3:.0f} and {total.cpu * 1e3:.0f} ms, {total.cpu / config.cpu:.2f} x"
    )
    return total.wall / config.wall


def measure_linear(rounds: int) -> float:
    few, many = MANY // 4, MANY
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        stacks = []
        for folder, count in ((one, few), (other, many)):
            project(Path(folder), count)
            stacks.append(Compose(Path(folder)).model())
        small, large = best(rounds, *(partial(read_afresh, stack) for stack in stacks))
    told = f"{few}: {small.wall / few * 1e3:.2f} ms, {many}: {large.wall / many * 1e3:.2f} ms"
    print(f"per service at {told}")
    return large.wall / many / (small.wall / few)


def measure_files(rounds: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number in range(FILES):
            path = root / f"site/{number % 200}/{number}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"<p>{number}</p>\n" * 20)
        mount = {"type": "bind", "source": f"{root}/site", "target": "/s", "read_only": True}
        document = {"name": "x", "services": {"app": {"image": "a", "volumes": [mount]}}}
        stack = read_model(document, root=root)
        command = f"find {root}/site -type f -print0 | xargs -0 -P 2 -n 2000 sha256sum"

        def sums() -> None:
            subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.DEVNULL)

        own, theirs = best(rounds, lambda: read(stack), sums)
    print(
        f"{FILES} files: {own.wall:.2f} s (CPU {own.cpu:.2f} s); "
        f"find | xargs -P 2 sha256sum: {theirs.wall:.2f} s (CPU {theirs.cpu:.2f} s)"
    )
    return own.wall, own.wall / theirs.wall


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--check", action="store_true")
    given = arguments.parse_args()
    # As every command does.
    gc.set_threshold(OBJECTS)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {given.rounds} rounds")
    services = measure_services(given.rounds)
    linear = measure_linear(max(3, given.rounds // 2))
    files, beside = measure_files(max(2, given.rounds // 2))
    print(
        f"fingerprints: {services:.2f} x compose config (limit {LIMIT_SERVICES}), "
        f"{linear:.2f} x linear (limit {LIMIT_LINEAR}), "
        f"{FILES} files {files:.2f} s (limit {LIMIT_FILES} s) = {beside:.2f} x sha256sum"
    )
    holds = services <= LIMIT_SERVICES and linear <= LIMIT_LINEAR and files <= LIMIT_FILES
    return 0 if holds or not given.check else 1


if __name__ == "__main__":
    sys.exit(main())
