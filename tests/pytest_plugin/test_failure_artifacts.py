"""What a failing test leaves behind, on a real stack."""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real_docker

FAILS = """
import pytest


@pytest.mark.service("beta")
def test_it(inside):
    assert inside("beta").run("redis-cli", "ping").out.strip() == "PONG"
    assert inside("beta").run("redis-cli", "echo", "x").out.strip() == "y"
"""


def evidence(pair: Any) -> dict[str, str]:
    (run,) = (pair.pytester.path / "reports" / "evidence").iterdir()
    (test,) = (path for path in run.iterdir() if path.is_dir())
    return {path.name: Path(path).read_text() for path in test.iterdir()}


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_logs_and_events_of_the_service_and_what_it_depends_on(
    pair: Any, workers: tuple[str, ...]
) -> None:
    pair.write("phase1_pair/test_beta.py", FAILS)
    done = pair.run(*workers, "suites/phase1_pair")
    assert done.ret == 1
    done.stdout.fnmatch_lines(
        [
            "*Evidence*",
            "reports/evidence/*",
            "Reproduce: pytest --stack=stack suites/phase1_pair/test_beta.py::test_it",
        ]
    )
    found = evidence(pair)
    assert [path.read_text() for path in pair.pytester.path.rglob("evidence/*/.gitignore")] == [
        "*\n"
    ]
    assert set(found) == {"alpha.log", "beta.log", "events.txt", "index.html", "message.txt"}
    assert f"{pair.project}-beta-1: running" in found["beta.log"]
    assert "assert &#39;x&#39; == &#39;y&#39;" in found["index.html"]


def test_a_passing_test_leaves_nothing(pair: Any) -> None:
    assert pair.run().ret == 0
    folder = pair.pytester.path / "reports" / "evidence"
    assert not [path for path in folder.rglob("*") if path.is_file()]
