"""Containers that write without end, or what a terminal would obey, on the real engine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacktest.printable import visible
from tests.support.compose_project import Project, project

__all__ = ["project"]

pytestmark = [pytest.mark.real_docker, pytest.mark.processes]
ROOT = Path(__file__).parents[2]
COMPOSE = """services:
  flood:
    image: IMAGE
    stop_grace_period: 0s
    logging: {options: {max-size: 50m}}
    command:
      - sh
      - -c
      - while :; do yes "$$(printf 'x\\033[2J::error::y')" | head -c 2000000; sleep 0.1; done
  long:
    image: IMAGE
    depends_on: [flood]
    command:
      - sh
      - -c
      - head -c 10000000 /dev/zero | tr '\\0' z; printf '\\n\\033]52;c;Y3VybA==\\007::error::owned\\n'; exit 3
"""
MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True, errors="surrogateescape")
sys.stdout.write(done.stdout + done.stderr)
print("PEAK", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


@pytest.mark.case("hard/E1-control-sequences-from-containers")
def test_a_flood_and_a_line_of_ten_megabytes_cost_no_memory_and_act_nowhere(
    project: Project,
) -> None:
    test = 'import pytest\n@pytest.mark.service("long")\ndef test_x(inside): assert inside("long").run("true").code == 0\n'
    files = {"stacktest.toml": '[services.flood]\nready = "running"\n', "suites/test_x.py": test}
    project.write(COMPOSE, files)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project.root, env={**environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        errors="surrogateescape", timeout=170, check=False,
    )  # fmt: skip
    output, _, peak = done.stdout.rpartition("PEAK ")
    assert "long exited" in output
    assert visible(output) == output
    assert not any(line.lstrip().startswith("::error") for line in output.splitlines())
    assert int(peak) <= 150, "megabytes of the largest process"
    logs = [*project.root.glob("reports/evidence/*/boot/*.log")]
    assert {path.stem for path in logs} == {"flood", "long"}
    for path in logs:
        text = path.read_text(encoding="utf-8")
        assert visible(text) == text
        assert len(text) <= 201_000
