"""A whole run on the real engine, from a stack that does not run to one that is gone again."""

import os
import re
import subprocess
from typing import Any

import pytest

from tests.support.pair import Pair

pytestmark = pytest.mark.real_docker

OUTPUT = """\
3 items
stacktest: PROJECT · 3 tests · 2 services planned
  starting 2: alpha, beta
  ready    alpha SECONDS s  WHY
  ready    beta  SECONDS s  WHY

suites/phase0_pair/test_alpha.py ..                                      [ 66%]
suites/phase1_pair/test_beta.py .                                        [100%]

================================== stacktest ===================================
phase0    2 passed
phase1    1 passed
credited  alpha, beta
status    2 functional
next      stacktest gate
============================== 3 passed in TIME ================================"""


def containers(project: str) -> str:
    label = f"label=com.docker.compose.project={project}"
    argv = ["docker", "ps", "-aq", "--filter", label]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_a_run_that_starts_its_stack(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = f"t-terminal-{os.getpid()}"
    monkeypatch.setenv("PAIR_PROJECT", project)
    monkeypatch.setenv("COLUMNS", "80")
    pair: Any = Pair(pytester, project)
    done = pair.run()
    text = done.stdout.str().partition("\ncollected ")[2].replace(project, "PROJECT")
    text = re.sub(r"ready    (alpha|beta ) +[\d.]+ s  .+", r"ready    \1 SECONDS s  WHY", text)
    text = re.sub(r"=+ 3 passed in [\d.]+s =+", OUTPUT.splitlines()[-1], text)
    assert text == OUTPUT
    assert containers(project) == ""
    line = (pair.root / "data/tests/beta/history.jsonl").read_text()
    assert re.search(r'"boot_ms": ?[1-9]', line)
