"""Runs the suites against a copy of the stack and says which checks were red."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.faults.recorder import FILES, RECORD

REPOSITORY = Path(__file__).parent.parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What one run of the suites said."""

    words: dict[str, str]
    """Node id → passed, failed, skipped or unfinished."""
    reasons: dict[str, str]
    code: int
    said: str
    """The last lines of the run, for a run that did not work out."""

    @property
    def red(self) -> frozenset[str]:
        """Checks that did not pass."""
        return frozenset(nodeid for nodeid, word in self.words.items() if word != "passed")


def run_checks(stack: Path, files: tuple[str, ...] = ()) -> Checked:
    """The checks of these files (all when none is named), against the stack that runs."""
    return _pytest("--stack", str(stack), "--stack-up", "never", files=files)


def all_checks() -> frozenset[str]:
    """The node id of every check that the suites hold."""
    collected = _pytest("--collect-only")
    if collected.code != 0:
        raise RuntimeError(f"the suites cannot be collected:\n{collected.said}")
    return frozenset(collected.words)


# Private


def _pytest(*options: str, files: tuple[str, ...] = ()) -> Checked:
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        record = Path(folder, "record.json")
        argv = [sys.executable, "-m", "pytest", "suites", "-q", "--tb=short", *options]
        argv += ["-p", "tests.faults.recorder", "-p", "no:cacheprovider", "-o", "log_cli=false"]
        done = subprocess.run(
            argv,
            cwd=REPOSITORY,
            env={**os.environ, RECORD: str(record), FILES: ",".join(files), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        heard = json.loads(record.read_text()) if record.is_file() else {"words": {}, "reasons": {}}
    said = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
    return Checked(**heard, code=done.returncode, said=said)
