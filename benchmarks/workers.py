"""Two workers against one process: one stack, the same verdicts, and the time of tests that wait.

    python -m benchmarks.workers

Ten containers, twenty tests that each wait a second for an answer from inside of one; counted is
the time from the first test's start to the last one's end. Tests that load pages are another
matter, since a page keeps more than one core busy: `python -m benchmarks.pages --workers`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMAGE = "stacktest-base:bookworm"
PROJECT = f"t-bench-workers-{os.getpid()}"
CONTAINERS = 10
LIMIT = 1.6
SUITE = """\
import pytest

pytestmark = pytest.mark.service("app{number}")


@pytest.mark.parametrize("what", ["one", "two"])
def test_it_answers_after_a_while(inside, what):
    assert inside("app{number}").run("sh", "-c", f"sleep 1; echo {{what}}").out == what + "\\n"
"""


def main() -> int:
    """0 when there was one stack, the verdicts are the same and the limit holds."""
    found = {number: run(number) for number in ("0", "2")}
    (alone, _, before), (together, created, after) = found["0"], found["2"]
    ratio = alone / together
    same = before == after and len(after) == CONTAINERS
    one_stack = f"-n 2: {created} containers created ({CONTAINERS})"
    verdicts = f"{sum(after.values())} of {len(after)} credited, with -n 0 {sum(before.values())}"
    checks = (
        (one_stack, created == CONTAINERS),
        (f"-n 2: {verdicts}", same and all(after.values())),
        (f"tests that wait: {alone:.1f} s / {together:.1f} s = {ratio:.2f} (>= {LIMIT})",
         ratio >= LIMIT),
    )  # fmt: skip
    for text, good in checks:
        print(f"{'ok  ' if good else 'MISS'} {text}")
    return 0 if all(good for _, good in checks) else 1


def run(workers: str) -> tuple[float, int, dict[str, bool]]:
    """Seconds of its tests, containers created, and service → credited, of a run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        begun = time.time()  # noqa: TID251
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--stack", "."]
        done = subprocess.run(
            [*argv, "-n", workers], cwd=folder, check=False, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        tests = json.loads((folder / ".stacktest/timeline.json").read_text())["tests"]
        first = min(test["offset_ms"] for test in tests)
        last = max(test["offset_ms"] + test["ms"] for test in tests)
        runs = {
            path.parent.name: json.loads(path.read_text())["credited"]
            for path in sorted(folder.glob("data/tests/*/last_run.json"))
        }
        return (last - first) / 1000, creations(begun), runs


def write(folder: Path) -> None:
    """The project: services that do nothing, and a suite for each."""
    service = {"image": IMAGE, "init": True, "command": ["sleep", "infinity"]}
    services = {f"app{number}": service for number in range(CONTAINERS)}
    (folder / "compose.yaml").write_text(json.dumps({"name": PROJECT, "services": services}))
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    for number in range(CONTAINERS):
        (folder / f"test_app{number}.py").write_text(SUITE.format(number=number))


def creations(since: float) -> int:
    """Containers of the project that the engine created since then."""
    argv = ["docker", "events", "--since", f"{since:.3f}", "--until", f"{time.time():.3f}"]  # noqa: TID251
    filters = ["event=create", "type=container", f"label=com.docker.compose.project={PROJECT}"]
    argv += [part for each in filters for part in ("--filter", each)]
    return len(subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines())


if __name__ == "__main__":
    sys.exit(main())
