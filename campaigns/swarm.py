"""The reference stack's fast suites on a swarm of one node: `python -m campaigns.swarm`.

The front door and the observability of a copy of the reference stack, on an engine of the
campaign's own. promtail is left out: it looks for containers by labels that only Compose gives.
`--short` runs the front door's suites only.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence

from campaigns.common import Options, Report, main
from campaigns.reference_copy import reference_copy
from stacktest.errors import ToolMissingError
from tests.faults.throwaway import REPOSITORY
from tests.support.own_swarm import Node, own_swarm

FRONT_DOOR = ("suites/phase0_front_door",)
OBSERVABILITY = tuple(
    f"suites/phase2_observability/test_{name}.py" for name in ("alertmanager", "loki", "prometheus")
)
IMAGES = ("caddy:2.6.2", "stand-in:1", "prometheus:2.42", "alertmanager:0.25", "probe:1")
COUNTS = re.compile(r"(\d+) (passed|failed|errors?|xfailed|skipped)")


def run(options: Options) -> Report:
    """Every test of these suites, once."""
    suites = FRONT_DOOR if options.short else (*FRONT_DOOR, *OBSERVABILITY)
    try:
        with own_swarm(1, [f"stacktest/{name}" for name in IMAGES]) as (node,):
            rows, faults = _prove(node, suites)
    except ToolMissingError as error:
        rows, faults = [(f"not tried: {error.what}", 0)], []
    return Report(columns=("tests", "number"), rows=rows, faults=faults)


def run_suites(
    node: Node, suites: Sequence[str], **environment: str
) -> subprocess.CompletedProcess[str]:
    """Suites of the reference stack, on a copy of it that the swarm of this node runs."""
    with reference_copy("swarm") as copy:
        file = copy.root / "stacktest.toml"
        file.write_text(file.read_text().replace("[stack]\n", '[stack]\nengine = "swarm"\n', 1))
        argv = [*node.inside, sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        return subprocess.run(
            [*argv, f"--stack={copy.root}", *suites],
            cwd=REPOSITORY,
            env={**os.environ, "DOCKER_HOST": node.address, **environment},
            capture_output=True,
            text=True,
            check=False,
        )


# Private


def _prove(node: Node, suites: Sequence[str]) -> tuple[list[tuple[str, int]], list[str]]:
    done = run_suites(node, suites)
    lines = f"{done.stderr}{done.stdout}".splitlines()
    rows = [(kind, int(count)) for count, kind in COUNTS.findall(lines[-1] if lines else "")]
    faults = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    if done.returncode and not faults:
        faults = lines[-8:]
    return rows, faults


if __name__ == "__main__":
    raise SystemExit(main("swarm", run))
