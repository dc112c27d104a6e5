"""What `--stale` costs on 36 services: when nothing has changed, and when one service has.

    python -m benchmarks.stale [--services 36]

Each service has a test that takes a second. All of them are proved once, in a whole run that starts
and removes them. Then the same command with `--stale`: nothing may start, and after one definition
has changed nothing but that service. Needs an engine and the image `stacktest-base:bookworm`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.turns import timed

# As on any machine where a program is run twice: without this, modules are compiled every time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
PROJECT = f"t-bench-stale-{os.getpid()}"
IMAGE = "stacktest-base:bookworm"
SERVICES = 36
LIMIT_NOTHING = 2.0
"""Seconds of a run in which nothing is stale."""
LIMIT_ONE = 1 / 12
"""Of a whole run of 36 services, how much one may take that finds one of them changed."""
SUITE = """\
import pytest

pytestmark = pytest.mark.service("{name}")


def test_it_answers(inside):
    assert inside("{name}").run("sh", "-c", "sleep 1; echo here").out == "here\\n"
"""


def main() -> int:
    """0 when the limits hold; the share of one service has a limit among 36 only."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--services", type=int, default=SERVICES)
    count = parser.parse_args().services
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write(root, count)
        whole, everything = run(root)
        nothing, none = run(root, "--stale")
        define(root, count, changed="svc1")
        one, changed = run(root, "--stale")
    share, of = one / whole, "" if count == SERVICES else f" of {SERVICES}"
    names = f"started {', '.join(sorted(changed))} (svc1)"
    checks = (
        (f"whole run of {count} services: {whole:.1f} s", len(everything) == count),
        (
            f"nothing changed: {nothing:.2f} s (<= {LIMIT_NOTHING}), {len(none)} started (0)",
            nothing <= LIMIT_NOTHING and not none,
        ),
        (
            f"one changed: {one:.2f} s, {share:.3f} of the whole (<= {LIMIT_ONE:.3f}{of}); {names}",
            changed == {"svc1"} and (share <= LIMIT_ONE or count != SERVICES),
        ),
    )
    for text, good in checks:
        print(f"{'ok  ' if good else 'MISS'} {text}")
    return 0 if all(good for _, good in checks) else 1


def write(root: Path, count: int) -> None:
    """A repository with so many services and a suite of each."""
    define(root, count)
    (root / "pytest.ini").write_text("[pytest]\ntestpaths = suites\n")
    (root / "suites/phase1_all").mkdir(parents=True)
    for number in range(count):
        name = f"svc{number}"
        (root / f"suites/phase1_all/test_{name}.py").write_text(SUITE.format(name=name))
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], cwd=root, check=True)


def define(root: Path, count: int, *, changed: str = "") -> None:
    """The compose file, in which one service may have another definition than at first."""
    services = {
        f"svc{number}": {
            "image": IMAGE,
            "init": True,
            "command": ["sleep", "infinity"],
            "healthcheck": {"test": ["CMD", "true"], "interval": "1s"},
            "environment": {"ROUND": "2" if f"svc{number}" == changed else "1"},
        }
        for number in range(count)
    }
    (root / "compose.yaml").write_text(json.dumps({"name": PROJECT, "services": services}))


def run(root: Path, *options: str) -> tuple[float, set[str]]:
    """Seconds of one run of pytest, and the services of which it started a container."""
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--stack", "."]
    argv += options
    label = f"label=com.docker.compose.project={PROJECT}"
    name = '{{index .Actor.Attributes "com.docker.compose.service"}}'
    watch = ["docker", "events", "--filter", "event=start", "--filter", label, "--format", name]
    # The engine remembers its last 256 events, which are less than one run has.
    with subprocess.Popen(watch, stdout=subprocess.PIPE, text=True) as events:
        taken = timed(lambda: subprocess.run(argv, cwd=root, check=True, capture_output=True))
        events.terminate()
        started, _ = events.communicate()
    return taken, set(started.split())


if __name__ == "__main__":
    sys.exit(main())
