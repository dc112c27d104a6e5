"""What the plugin costs: a project without a stack, a large suite, and a stack that runs already.

    python -m benchmarks.plugin [--short]

CPU seconds are medians of interleaved runs of pytest, each a process of its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.environment import TEST_PLUGINS, without
from benchmarks.turns import medians, timed

OTHERS = (*TEST_PLUGINS, "allure_pytest", "playwright", "anyio", "xdist", "xdist.looponfail")
# As on any machine where a program is run twice: without this, modules are compiled every time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
CHECK = "assert True is not False"
IMAGE = "stacktest-base:bookworm"
LIMIT = 0.010
"""CPU seconds that a project without a stack may pay."""
LIMIT_THOUSAND = 2.5
"""How much planning a thousand tests may cost, against collecting them alone."""


def main() -> int:
    """0 when the limit holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer runs")
    rounds = 5 if parser.parse_args().short else 15
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_it.py").write_text(f"def test_it():\n    {CHECK}\n")
        ways = {"bare": lambda: cpu(folder, "-p", "no:stacktest"), "ours": lambda: cpu(folder)}
        bare, ours = medians(ways, rounds).values()
    extra = ours - bare
    print(
        f"unrelated project: bare {bare * 1000:.0f} ms CPU, with the plugin {extra * 1000:+.1f} ms"
    )
    times = thousand(max(5, rounds // 2))
    print(f"1000 tests of 100 services, planned: {times:.2f} x collecting (limit {LIMIT_THOUSAND})")
    warm_run(rounds)
    return 0 if extra <= LIMIT and times <= LIMIT_THOUSAND else 1


def thousand(rounds: int) -> float:
    """CPU of collecting and planning a thousand tests in ten phases, against collecting alone.

    A docker command that answers at once stands in: what Compose needs is not counted.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        marker = "pytestmark = pytest.mark.service"
        for number in range(100):
            suite = folder / f"suites/phase{number // 10}_x/test_app{number}.py"
            suite.parent.mkdir(parents=True, exist_ok=True)
            tests = "".join(f"\ndef test_{n}(stack):\n    {CHECK}\n" for n in range(10))
            suite.write_text(f"import pytest\n\n{marker}('app{number}')\n{tests}")
        services = {f"app{number}": {"image": "app:1"} for number in range(100)}
        (folder / "compose.yaml").write_text(json.dumps({"name": "shop", "services": services}))
        program = folder / "bin/docker"
        program.parent.mkdir()
        answers = f"*version*) echo 2.26.1;; *) cat {folder}/compose.yaml;;"
        program.write_text(f'#!/bin/sh\ncase "$*" in {answers} esac\n')
        program.chmod(0o755)
        os.environ["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        more = ("--import-mode=importlib", "-o", "markers=service")
        ways = {
            "bare": lambda: cpu(name, *more, "--collect-only", "-p", "no:stacktest"),
            "ours": lambda: cpu(name, *more, "--stack", ".", "--stack-dry-run"),
        }
        bare, ours = medians(ways, rounds).values()
        os.environ["PATH"] = os.environ["PATH"].partition(os.pathsep)[2]
    return ours / bare


def warm_run(rounds: int) -> None:
    """Print what a run costs on ten healthy containers that run already, with and without us."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        root = Path(folder)
        warm_project(root)
        (Path(other) / "test_it.py").write_text(f"def test_it():\n    {CHECK}\n")
        up = ("docker", "compose", "up", "--detach", "--wait")
        subprocess.run(up, cwd=folder, check=True, capture_output=True)
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        try:
            ways = {
                "bare": lambda: wall([*pytest, "-p", "no:stacktest"], other),
                "ours": lambda: wall([*pytest, "--stack", "."], folder),
                "compose": lambda: wall(["docker", "compose", "config", "--quiet"], folder),
            }
            bare, ours, compose = medians(ways, rounds).values()
        finally:
            down = ("docker", "compose", "down", "--timeout", "0")
            subprocess.run(down, cwd=folder, check=True, capture_output=True)
    print(
        f"ten containers that run: bare {bare * 1000:.0f} ms, with two looks, fingerprints, "
        f"pages and records {(ours - bare) * 1000:+.0f} ms (`docker compose config` alone: "
        f"{compose * 1000:.0f} ms)"
    )


def warm_project(root: Path) -> None:
    """Ten services in a repository, each with a page, and a test of one of them."""
    service = {
        "image": IMAGE,
        "init": True,
        "command": ["sleep", "infinity"],
        "healthcheck": {"test": ["CMD", "true"], "interval": "10s"},
    }
    services = {f"app{number}": service for number in range(10)}
    document = {"name": f"t-bench-warm-{os.getpid()}", "services": services}
    (root / "compose.yaml").write_text(json.dumps(document))
    (root / "pytest.ini").write_text("[pytest]\n")
    (root / "docs/spokes").mkdir(parents=True)
    for name in services:
        (root / f"docs/spokes/{name}.md").write_text(f"# {name}\n\nWhat it is for.\n")
    (root / "test_it.py").write_text(
        f"import pytest\n\n@pytest.mark.service('app0')\ndef test_it(stack):\n    {CHECK}\n"
    )
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], cwd=root, check=True)


def cpu(folder: str, *more: str) -> float:
    """CPU seconds of one run of pytest in the folder."""
    off = without(*OTHERS, "cacheprovider")
    argv = [sys.executable, "-m", "pytest", "-q", *off, *more]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, cwd=folder, check=True, capture_output=True, env=dict(os.environ))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wall(argv: list[str], folder: str) -> float:
    """Seconds of one run of a command."""
    return timed(lambda: subprocess.run(argv, cwd=folder, check=True, capture_output=True))


if __name__ == "__main__":
    raise SystemExit(main())
