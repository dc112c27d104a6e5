"""Faults of the lifecycle suites, which move only what their own run has started.

So each fault is seeded into a copy that does not run, and the suites bring up what they need. A
check that has to fail waits no longer than `IMPATIENT`.
"""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.faults.checks import Checked
from tests.faults.model import Recreate, Step
from tests.faults.throwaway import FAULTY, REPOSITORY, ThrowAway, free_port

LIFECYCLE = REPOSITORY / "lifecycle"
PHASE = "lifecycle"
WORDS = {"failure": "failed", "error": "error", "skipped": "skipped"}
"""Element of JUnit's XML → word."""
TIMEOUT = "60s"
"""How long a faulty program is waited for."""


class MovedCopy:
    """A copy of the reference stack that the lifecycle suites bring up themselves."""

    def __init__(self, folder: Path) -> None:
        self._copy = ThrowAway(folder, port=free_port(), project=f"t-moved-{os.getpid()}")

    def make(self) -> None:
        """The folder, whole."""
        self._copy.make()
        self._configure()

    def seed(self, steps: Iterable[Step]) -> None:
        """Break the folder; what is to be made anew is made by the run."""
        self._copy.seed(step for step in steps if not isinstance(step, Recreate))

    def heal(self) -> None:
        """Whole again, and without the data of the last run."""
        self._copy.heal((), ())
        self._configure()
        self._copy.empty()

    def run(self, checks: Iterable[str], *, doomed: bool) -> Checked:
        """What these checks say; `doomed`: each has to fail by itself, not before it begins."""
        report = self._copy.root / "report.xml"
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        argv += ["-p", "tests.faults.impatient"] if doomed else []
        argv += [f"--stack={self._copy.root}", f"--junitxml={report}", *sorted(checks)]
        done = subprocess.run(argv, cwd=LIFECYCLE, capture_output=True, text=True, check=False)
        if done.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            raise RuntimeError(f"the suites gave up:\n{(done.stdout + done.stderr)[-3000:]}")
        rows = [row for row in _results(report) if not doomed or row[1] != "error"]
        report.unlink()
        return Checked(
            words={check: word for check, word, _ in rows},
            reasons={check: reason for check, _, reason in rows},
        )

    def remove(self) -> None:
        """Nothing of the copy is left."""
        self._copy.remove()

    # Private

    def _configure(self) -> None:
        """The configuration of the lifecycle suites, for this folder."""
        lines, text = [], (LIFECYCLE / "stacktest.toml").read_text()
        for line in text.splitlines():
            if line.startswith(("project_", "suites ")):
                continue
            here = line.replace("../fixtures/stacks/reference/", "")
            lines.append(here.replace('"compose.yml"', f'"{FAULTY}"'))
            name, is_service, _ = line.partition(".ready")
            if is_service and f"{name}.timeout" not in text:
                lines.append(f'{name}.timeout = "{TIMEOUT}"')
        # The suites do not ask the health checks, which so need not be asked every second.
        (self._copy.root / FAULTY).write_text("services: {}\n")
        (self._copy.root / "stacktest.toml").write_text("\n".join(lines) + "\n")


# Private


def _results(report: Path) -> Iterable[tuple[str, str, str]]:
    """Node id, word and reason of each test."""
    for case in ET.parse(report).iter("testcase"):
        nodeid = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        trouble = next((e for e in case if e.tag in WORDS), None)
        if trouble is None:
            yield nodeid, "passed", ""
        else:
            yield nodeid, WORDS[trouble.tag], trouble.get("message", "")[:200]
