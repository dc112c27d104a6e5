"""The recipes for shards are what their readers accept, and their commands join a real run."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.docs.test_recipes import FENCE, ROOT, schema
from tests.support.pair import Pair
from tests.support.sharded_run import without_times

PAGE = ROOT / "docs/how-to/split-a-run.md"
RECIPES = dict(FENCE.findall(PAGE.read_text()))
GITHUB, FORGEJO, GITLAB = (
    ".github/workflows/shards.yml",
    ".forgejo/workflows/shards.yml",
    ".gitlab-ci.yml",
)
BIN = Path(sys.executable).parent
ONE_MORE = """
import pytest


@pytest.mark.service("alpha", "beta")
def test_both(inside):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"
    assert inside("beta").run("redis-cli", "ping").out.strip() == "PONG"
"""


def test_every_recipe_of_the_page_is_tested() -> None:
    assert set(RECIPES) == {GITHUB, FORGEJO, GITLAB}


@pytest.mark.processes
@pytest.mark.parametrize(
    ("title", "name", "damage"),
    [
        (GITHUB, "github-workflows", ("runs-on:", "run-on:")),
        (FORGEJO, "github-workflows", ("runs-on:", "run-on:")),
        (GITLAB, "gitlab-ci", ("script:", "scripts:")),
    ],
)
def test_a_recipe_holds_against_its_schema(
    tmp_path: Path, title: str, name: str, damage: tuple[str, str]
) -> None:
    file = tmp_path / Path(title).name
    file.write_text(RECIPES[title])
    assert schema(name, file) == 0
    file.write_text(RECIPES[title].replace(*damage))
    assert schema(name, file) == 1


@pytest.mark.processes
def test_nothing_unsafe_is_known_of_the_workflow(tmp_path: Path) -> None:
    file = tmp_path / GITHUB
    file.parent.mkdir(parents=True)
    file.write_text(RECIPES[GITHUB])
    audit = [str(BIN / "zizmor"), "--offline", "--no-progress", "--color=never", "."]
    done = subprocess.run(audit, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


# What their commands do


@dataclass(frozen=True)
class Job:
    """One job of a recipe as a machine runs it."""

    lines: tuple[str, ...]
    variables: dict[str, str]


def jobs(title: str) -> tuple[list[Job], Job]:
    """The jobs of the shards, and the one that joins them; what only a runner has is left out."""
    recipe = YAML(typ="safe").load(RECIPES[title])
    if title == GITLAB:
        shared, test = recipe["variables"], recipe["test"]
        count = test["parallel"]
        numbers = [
            {"CI_NODE_INDEX": str(index), "CI_NODE_TOTAL": str(count)}
            for index in range(1, count + 1)
        ]
        shards = [Job(shell(test["script"]), {**shared, **number}) for number in numbers]
        return shards, Job(shell(recipe["merge"]["script"]), shared)
    test, merge = recipe["jobs"]["test"], recipe["jobs"]["merge"]
    assert merge["needs"] == "test"
    shards = [
        Job(shell(runs(test)), {**environment(test), "SHARD": str(index)})
        for index in test["strategy"]["matrix"]["shard"]
    ]
    return shards, Job(shell(runs(merge)), environment(merge))


def runs(job: Any) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def shell(lines: list[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if not line.startswith("pip install"))


def environment(job: Any) -> dict[str, str]:
    """Variables that need no runner, and no place outside of the workspace."""
    own = ("${{", "/var/lib/")
    return {k: v for k, v in job["env"].items() if not any(text in v for text in own)}


class Machines:
    """Jobs in one checkout, one after the other, each without what the one before remembered."""

    def __init__(self, pair: Pair) -> None:
        self.root = pair.pytester.path
        (self.root / "stacktest.toml").write_text("")
        shutil.move(pair.root / "docker-compose.yml", self.root)
        pair.write("phase1_pair/test_both.py", ONE_MORE)

    def run(self, job: Job) -> list[int]:
        """The exit code of each line; the checkout has no record of an earlier run."""
        for name in ("data", "docs", ".stacktest/last_runs.json"):
            file = self.root / name
            shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
        path = f"{BIN}:{os.environ['PATH']}"
        return [
            subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", line],
                cwd=self.root,
                env={**os.environ, **job.variables, "PATH": path},
                check=False,
                timeout=120,
            ).returncode
            for line in job.lines
        ]

    def status(self) -> str:
        return without_times(json.loads((self.root / "docs/_data/status.json").read_text()))


@pytest.fixture
def machines(pair: Pair) -> Machines:
    return Machines(pair)


@pytest.mark.real_docker
@pytest.mark.parametrize(
    "title", [GITHUB, pytest.param(GITLAB, marks=pytest.mark.slow)], ids=["github", "gitlab"]
)
def test_the_shards_of_a_real_run_are_joined(machines: Machines, title: str) -> None:
    shards, merge = jobs(title)
    assert machines.run(Job(("pytest -q",), merge.variables)) == [0]
    whole = machines.status()
    for number, job in enumerate(shards):
        assert machines.run(job) == [0]
        if title != GITLAB:
            # As the artifacts of all jobs are downloaded.
            shutil.move(machines.root / "reports/shards", machines.root / f"shards/{number}")
    # It needs no engine.
    merge.variables["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    assert machines.run(merge) == [0, 0]
    assert machines.status() == whole
    assert '"state": "functional"' in whole
    folder = machines.root / merge.lines[0].split()[-1]
    next(folder.rglob("2-of-*.json")).unlink()
    assert machines.run(Job(merge.lines[:1], merge.variables)) == [11]


def test_forgejo_runs_what_github_runs() -> None:
    lines = [
        [job.lines for job in (*jobs(title)[0], jobs(title)[1])] for title in (GITHUB, FORGEJO)
    ]
    assert lines[0] == lines[1]
    assert not re.search(r"uses: actions/(up|down)load-artifact", RECIPES[FORGEJO])
