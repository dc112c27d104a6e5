"""The same stack brought up by pytest with stacktest, with pytest-docker and with testcontainers.

    python -m benchmarks.peers [--rounds 5]

Each side is a whole pytest with one test, in turns with plain Compose, which tests nothing. What
is installed takes part in every run: the peers live in a virtual environment of their own
(`.venv-peers`, made when missing), and stacktest's side runs without the plugins that only this
repository's tests need. Who tests web programs has plugins for browsers, workers and reports as
well, which stacktest brings along: each peer runs with them and, as `NAME alone`, without. The
limit is the quickest peer with them. Needs an engine and the image `stacktest-base:bookworm`.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment import TEST_PLUGINS, without
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.documents import PROJECT

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
HERE = Path(__file__).resolve().parents[1]
PEERS = HERE / ".venv-peers"
PACKAGES = (
    *("pytest>=8.3", "pytest-docker>=3.2", "testcontainers>=4.15"),
    *("pytest-playwright", "pytest-xdist", "allure-pytest"),
)
BROUGHT = (
    "playwright",
    "playwright-asyncio",
    "xdist",
    "xdist.looponfail",
    "allure_pytest",
    "base_url",
)
"""The plugins that stacktest depends on, and those that they depend on."""
ALONE = " alone"
COMPOSE = "docker compose up --wait"
IMAGE = "stacktest-base:bookworm"
LAST_WORDS = "no such table: users"

STAMP = 'open("began", "w").write(repr(time.time()))'
TESTS = {
    "stacktest": f"""
import json, pytest, time
@pytest.mark.service(*json.load(open("compose.yaml"))["services"])
def test_it(stack):
    {STAMP}
    time.sleep(float(__import__("os").environ.get("STAY", "0")))
""",
    "pytest-docker": f"""
import pathlib, pytest, time
@pytest.fixture(scope="session")
def docker_compose_file():
    return str(pathlib.Path(__file__).parent / "compose.yaml")
def test_it(docker_services):
    {STAMP}
    time.sleep(float(__import__("os").environ.get("STAY", "0")))
""",
    "testcontainers": f"""
import pathlib, pytest, time
from testcontainers.compose import DockerCompose
@pytest.fixture(scope="session")
def services():
    with DockerCompose(str(pathlib.Path(__file__).parent), wait=True) as compose:
        yield compose
def test_it(services):
    {STAMP}
    time.sleep(float(__import__("os").environ.get("STAY", "0")))
""",
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One way to bring the stack up: its folder, and the pytest that does it."""

    name: str
    folder: Path
    argv: tuple[str, ...]

    @property
    def project(self) -> str:
        """What the file says; pytest-docker chooses a name of its own, by its process."""
        return f"t-peers-{self.name.replace(' ', '-')}"


def main() -> int:
    """Print what was measured; 1 when stacktest is slower, silent about a death, or leaves some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    install_peers()
    with tempfile.TemporaryDirectory() as name:
        sides = [side(Path(name), each) for each in TESTS]
        bare = [side(Path(name), each, alone=True) for each in TESTS if each != "stacktest"]
        for each in (*sides, *bare):
            write(each, healthy(10))
        cold: dict[str, list[float]] = {each.name: [] for each in (*sides, *bare)}
        cold[COMPOSE] = []
        for _ in range(rounds):
            for each in (*sides, *bare):
                cold[each.name].append(until_first_test(each))
            cold[COMPOSE].append(plain(sides[0]))
        left = {each.name: killed(each) for each in sides}
        for each in sides:
            write(each, dead())
        told = {each.name: death(each) for each in sides}
    print("from the command to the first test, 10 containers (median of", rounds, "in turns)")
    for name, times in cold.items():
        print(f"  {name:26} {statistics.median(times):5.2f} s")
    print("containers and networks 3 s after SIGKILL of pytest")
    for name, count in left.items():
        print(f"  {name:26} {count:3}")
    print("a container that ends with an error: seconds to the end of pytest, its own words shown")
    for name, (seconds, shown, code) in told.items():
        print(f"  {name:26} {seconds:5.2f} s  {'yes' if shown else 'no':3}  exit code {code}")
    ours, *peers = (statistics.median(cold[each.name]) for each in sides)
    good = ours <= min(peers) and not left["stacktest"] and told["stacktest"][1]
    print(f"stacktest against the quickest peer with the same plugins: {ours / min(peers):.2f} x")
    print(f"against plain Compose: {ours / statistics.median(cold[COMPOSE]):.2f} x")
    return 0 if good else 1


def install_peers() -> None:
    """Make the peers' environment, once."""
    stamp = PEERS / "stamp"
    if stamp.is_file() and stamp.read_text() == repr(PACKAGES):
        return
    venv.create(PEERS, with_pip=True, clear=True)
    pip = (str(PEERS / "bin/python"), "-m", "pip", "install", "-q", *PACKAGES)
    subprocess.run(pip, check=True)
    stamp.write_text(repr(PACKAGES))


def side(root: Path, name: str, *, alone: bool = False) -> Side:
    title = name + ALONE * alone
    folder = root / title.replace(" ", "-")
    folder.mkdir()
    (folder / "test_it.py").write_text(TESTS[name])
    (folder / "pytest.ini").write_text("[pytest]\n")
    if name == "stacktest":
        python, own = sys.executable, (*without(*TEST_PLUGINS), "--stack", ".")
    else:
        python, own = str(PEERS / "bin/python"), without(*BROUGHT) if alone else ()
    return Side(name=title, folder=folder, argv=(python, "-m", "pytest", "-q", *own))


def healthy(count: int) -> dict[str, object]:
    stanza = {
        "image": IMAGE,
        "init": True,
        "command": ["sleep", "infinity"],
        "healthcheck": {"test": ["CMD", "true"], "interval": "1s"},
    }
    return {f"s{number}": stanza for number in range(count)}


def dead() -> dict[str, object]:
    script = f"echo {LAST_WORDS}; exit 3"
    return {**healthy(1), "s1": {"image": IMAGE, "command": ["sh", "-c", script]}}


def write(side: Side, services: dict[str, object]) -> None:
    document = {"name": side.project, "services": services}
    (side.folder / "compose.yaml").write_text(json.dumps(document))


def until_first_test(side: Side) -> float:
    begun = time.time()  # noqa: TID251 - compared with another process
    subprocess.run(side.argv, cwd=side.folder, check=True, capture_output=True)
    return float((side.folder / "began").read_text()) - begun


def plain(side: Side) -> float:
    begun = time.perf_counter()
    compose(side, "up", "-d", "--wait")
    taken = time.perf_counter() - begun
    compose(side, "down", "--timeout", "0")
    return taken


def compose(side: Side, *rest: str) -> None:
    subprocess.run(("docker", "compose", *rest), cwd=side.folder, check=True, capture_output=True)


def killed(side: Side) -> int:
    """Containers and networks that are there 3 s after pytest was killed in its test."""
    (side.folder / "began").unlink(missing_ok=True)
    before = everything()
    with subprocess.Popen(
        side.argv,
        cwd=side.folder,
        env={**os.environ, "STAY": "60"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        while not (side.folder / "began").is_file() and child.poll() is None:
            time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
    time.sleep(3)
    return remove(everything() - before)


def everything() -> set[tuple[str, str]]:
    engine = Engine()
    named = engine.socket.get("/containers/json", {"all": 1, "filters": {"label": [PROJECT]}})
    networks = engine.socket.get("/networks", {"filters": {"label": [PROJECT]}})
    ours = ("t-peers", "pytest")
    return {
        (kind, each["Id"])
        for kind, found in (("container", named), ("network", networks))
        for each in found
        if each["Labels"][PROJECT].startswith(ours)
    }


def remove(things: set[tuple[str, str]]) -> int:
    """Remove them, containers first, since a network in use stays; answers how many there were."""
    for kind, name in sorted(things):
        argv = ("rm", "--force") if kind == "container" else ("network", "rm")
        subprocess.run(("docker", *argv, name), check=True, capture_output=True)
    return len(things)


def death(side: Side) -> tuple[float, bool, int]:
    """Seconds until pytest had ended, whether it quoted the container, and its exit code."""
    before = everything()
    begun = time.perf_counter()
    done = subprocess.run(side.argv, cwd=side.folder, check=False, capture_output=True, text=True)
    taken = time.perf_counter() - begun
    remove(everything() - before)
    return taken, LAST_WORDS in done.stdout + done.stderr, done.returncode


if __name__ == "__main__":
    sys.exit(main())
