"""Under pytest-xdist: one stack, the same verdicts, and nothing lost when a worker dies."""

from typing import Any

import pytest

pytestmark = pytest.mark.real_docker

CRASHES = """
import os

import pytest


@pytest.mark.service("alpha")
def test_fails(inside):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "nothing"


@pytest.mark.service("beta")
def test_vanishes(inside):
    assert inside("beta").run("redis-cli", "ping").out.strip() == "PONG"
    os._exit(3)
"""


def records(pair: Any) -> dict[str, Any]:
    return {
        name: {key: pair.document(name, "last_pass.json")[key] for key in ("tests", "parts")}
        for name in ("alpha", "beta")
    }


def test_two_workers_say_what_one_process_says(pair: Any) -> None:
    assert pair.run().ret == 0
    alone = records(pair)
    done = pair.run("-n", "2")
    assert done.ret == 0
    assert records(pair) == alone
    assert done.stdout.str().count("run already, used as they are") == 1


def test_what_failed_before_a_crash_is_kept(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", CRASHES)
    assert pair.run("-n", "1").ret == 1
    assert pair.verdict("alpha") == "failed"
    assert pair.verdict("beta") == "incomplete"
    (run,) = (pair.pytester.path / "reports" / "evidence").iterdir()
    assert list(run.rglob("alpha.log"))


def test_groups_are_refused_before_anything_starts(pair: Any) -> None:
    done = pair.run("-n", "2", "--dist", "loadgroup")
    assert done.ret == 4
    done.stderr.fnmatch_lines(["*--dist loadgroup hangs*", "*hint: use --dist load*"])
    assert pair.document("alpha", "last_run.json") is None
