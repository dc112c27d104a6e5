"""What the questions of every day cost on 36 services, and after a thousand runs of them.

    python -m benchmarks.daily [--short] [--check]

`why`, `status`, `gate`, `page` and `history` are whole commands on a stack with pages, suites and
git, none of it running: with one run of history, and with a thousand. Both take turns, and the best
of all rounds counts: other work on the machine only ever adds. What a thousand runs add is shown in
seconds of CPU, children included, too. So is what a kept inventory saves `why`: the suites here
follow from files. `--check` exits 1 when a limit does not hold.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.fingerprint import SERVICES, best, project
from stacktest.adapters.ledger.history_text import NAME, HistoryText
from stacktest.adapters.ledger.signing_key import read_key
from stacktest.bootstrap.context import Project, now
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.inputs import Tests
from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun, PassedTests, RunTests

RUNS = 1000
LIMITS: Mapping[tuple[str, ...], float] = {
    ("why", "svc7"): 0.6,
    ("status",): 0.9,
    ("gate",): 0.9,
}
"""Command → seconds on two cores with nothing else to do."""
LIMIT_GROWTH = 1.2
"""How much longer such a command may take after a thousand runs than its limit says."""
LIMITS_AFTER: Mapping[tuple[str, ...], float] = {("page",): 1.0, ("history",): 0.5}
"""Command that shows the runs → seconds after a thousand of them."""
LIMIT_KEPT = 0.6
"""CPU of a command with a kept inventory, against one that collects the suites."""
LIMIT_BYTES = 12_000_000
"""What the ledger of a thousand runs may weigh."""
IMAGE = "stacktest-base:bookworm"
SUITE = """\
import pytest

pytestmark = pytest.mark.service("{name}")


@pytest.mark.parametrize("number", range(12))
def test_it_answers_to_everybody_who_asks(stack, number):
    assert number < len(stack.services)
"""


def main() -> int:
    """0 when the limits hold, or nobody asked for that."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer rounds")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as few, tempfile.TemporaryDirectory() as many:
        write(Path(few), 1)
        write(Path(many), RUNS)
        size = sum(path.stat().st_size for path in Path(many, "data/tests").rglob("*.*"))
        print(f"{'ok  ' if size <= LIMIT_BYTES else 'MISS'} {RUNS} runs: {size / 1e6:.1f} MB")
        missed = [size > LIMIT_BYTES]
        rounds = 2 if options.short else 7
        missed += [
            measure(command, Path(few), Path(many), rounds) for command in (*LIMITS, *LIMITS_AFTER)
        ]
        missed.append(measure_inventory(Path(few), rounds))
    return int(any(missed) and options.check)


def measure(command: tuple[str, ...], few: Path, many: Path, rounds: int) -> bool:
    """Whether a limit was missed by one command."""
    first, after = best(rounds, *(partial(ask, root, command) for root in (few, many)))
    growth = after.cpu / first.cpu
    if command in LIMITS:
        later_limit = LIMITS[command] * LIMIT_GROWTH
        is_missed = first.wall > LIMITS[command] or after.wall > later_limit
        limit = f"limits {LIMITS[command]} s, {later_limit:.2f} s"
    else:
        is_missed = after.wall > LIMITS_AFTER[command]
        limit = f"limit {LIMITS_AFTER[command]} s after {RUNS} runs"
    before = f"{first.wall:.2f} s ({first.cpu:.2f} s CPU)"
    later = f"after {RUNS} runs {after.wall:.2f} s ({growth:.2f} x CPU)"
    print(
        f"{'MISS' if is_missed else 'ok  '} {command[0]:8} {before}, {later}; {limit}", flush=True
    )
    return is_missed


def measure_inventory(root: Path, rounds: int) -> bool:
    """Whether `why` saves too little where nothing has changed since the suites were collected."""
    command = ("why", "svc7")

    def collect() -> None:
        shutil.rmtree(root / ".stacktest/inventory")
        ask(root, command)

    collected, kept = best(rounds, collect, partial(ask, root, command))
    saved = kept.cpu / collected.cpu
    is_missed = saved > LIMIT_KEPT
    print(
        f"{'MISS' if is_missed else 'ok  '} why      with a kept inventory {kept.cpu:.2f} s CPU, "
        f"collecting {collected.cpu:.2f} s: {saved:.2f} x; limit {LIMIT_KEPT} x"
    )
    return is_missed


def ask(root: Path, command: tuple[str, ...]) -> None:
    """One command; a closed gate is an answer, too."""
    argv = [sys.executable, "-P", "-m", "stacktest", *command]
    # With compiled modules, as an installed package has them.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(argv, cwd=root, env=env, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stdout + done.stderr)


def write(root: Path, runs: int) -> None:
    """A stack with a page and a suite for each service, all of which passed in so many runs."""
    project(root, SERVICES)
    compose = root / "docker-compose.yml"
    text = compose.read_text()
    for number in range(SERVICES):
        name = f"svc{number}"
        text = text.replace(f"app{number}:${{TAG:-1}}", IMAGE)
        page, suite = root / f"docs/spokes/{name}.md", root / f"suites/phase1_all/test_{name}.py"
        for path in (page, suite):
            path.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"# {name}\n\nWhat it is for.\n")
        suite.write_text(SUITE.format(name=name))
    compose.write_text(text)
    (root / "stacktest.toml").write_text('[phases.phase1]\ntitle = "All"\n')
    (root / "pytest.ini").write_text("[pytest]\ntestpaths = suites\n")
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    record(root, runs)
    ask(root, ("status",))


def record(root: Path, runs: int) -> None:
    """The records of so many runs, in all of which every service passed as it is now."""
    read_key(root)
    stack = Project(root, os.environ)
    tests = stack.collect()().of_services
    observations, identity = stack.look(), stack.identity
    assert isinstance(identity, str)
    run = Run(
        id="20261129T120000-bench0",
        seq=runs,
        started=now() - timedelta(minutes=5),
        finished=now(),
        stack=identity,
    )
    for name, observation in observations.items():
        required = tests[name]
        assert isinstance(required, Tests)
        fingerprint = FingerprintRecord.attest(observation.fingerprint)
        passed = LastPass(
            timestamp=run.started,
            service=name,
            quality="clean",
            fingerprint=fingerprint,
            tests=PassedTests(
                digest=required.digest, required=required.required, passed=required.required
            ),
            dependencies={},
            live=(),
            run=run,
        )
        last_run = LastRun(
            service=name,
            run=run,
            fingerprint=fingerprint,
            verdict="passed",
            credited=True,
            tests=RunTests(required=required.required, passed=required.required),
        )
        line = HistoryLine(
            service=name,
            run=run.id,
            seq=runs,
            started=run.started,
            git_commit="0" * 40,
            fingerprint=fingerprint,
            verdict="passed",
            credited=True,
            flaky=False,
            tests=dict.fromkeys(required.nodeids, "."),
            code=required.digest,
        )
        earlier(stack.ledger.records / name / NAME, line)
        stack.ledger.close_run({name: last_run}, {name: passed}, {name: line})


def earlier(path: Path, last: HistoryLine) -> None:
    """The history before the last run: one in fifty failed, and each fifty the service changed."""
    if last.seq == 1:
        return
    lines = []
    for seq in range(1, last.seq):
        failed = seq % 50 == 0
        tests = {**last.tests, min(last.tests): "F" if failed else "."}
        lines.append(
            replace(
                last,
                run=f"20261129T{seq:06}-bench0",
                seq=seq,
                git_commit=f"{seq // 3:040x}",
                verdict="failed" if failed else "passed",
                credited=not failed,
                tests=tests,
                code=f"{seq // 50:016x}",
                after=(f"20261129T{seq - 1:06}-bench0",),
            )
        )
    text = "".join(f"{json.dumps(line.to_dict())}\n" for line in lines[:-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HistoryText(text, last.service).with_line(lines[-1]))


if __name__ == "__main__":
    sys.exit(main())
