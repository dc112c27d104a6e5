"""The CI recipes are what their readers accept, and their commands do what the page says."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.pair import Pair

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/run-in-ci.md"
FENCE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
RECIPES = dict(FENCE.findall(PAGE.read_text()))
WORKFLOWS = tuple(f".github/workflows/{name}.yml" for name in ("stack", "gate", "strangers"))
UNITS = ("/etc/systemd/system/stacktest.service", "/etc/systemd/system/stacktest.timer")
BIN = Path(sys.executable).parent


def run(*argv: object, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in argv], cwd=folder, env=os.environ | variables,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def written(
    folder: Path, *titles: str, change: Callable[[str], str] = lambda text: text
) -> list[Path]:
    """The recipes as files below `folder`."""
    for title in titles:
        path = folder / title.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change(RECIPES[title]))
    return [folder / title.lstrip("/") for title in titles]


def test_every_recipe_of_the_page_is_tested() -> None:
    assert set(RECIPES) == {*WORKFLOWS, *UNITS, ".gitlab-ci.yml"}


# What their readers accept


def schema(name: str, *files: Path) -> int:
    checker = (BIN / "check-jsonschema", "--builtin-schema", f"vendor.{name}")
    return run(*checker, *files, folder=files[0].parent).returncode


@pytest.mark.processes
@pytest.mark.parametrize(
    ("name", "titles", "damage"),
    [("github-workflows", WORKFLOWS, ("runs-on:", "run-on:")),
     ("gitlab-ci", (".gitlab-ci.yml",), ("script:", "scripts:"))],
)  # fmt: skip
def test_a_recipe_holds_against_its_schema(
    tmp_path: Path, name: str, titles: tuple[str, ...], damage: tuple[str, str]
) -> None:
    assert schema(name, *written(tmp_path, *titles)) == 0
    broken = written(tmp_path, *titles, change=lambda text: text.replace(*damage))
    assert schema(name, *broken) == 1


@pytest.mark.processes
def test_nothing_unsafe_is_known_of_the_workflows(tmp_path: Path) -> None:
    audit = (BIN / "zizmor", "--offline", "--no-progress", "--color=never", ".")
    written(tmp_path, *WORKFLOWS)
    assert run(*audit, folder=tmp_path).returncode == 0
    tag = re.compile(r"@[0-9a-f]{40}.*")
    written(tmp_path, *WORKFLOWS, change=lambda text: tag.sub("@v4", text))
    assert "unpinned-uses" in run(*audit, folder=tmp_path).stdout


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not on this machine")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_a_unit(tmp_path: Path, unit: str) -> None:
    def here(text: str) -> str:
        return text.replace("/srv/stack/.venv/bin", str(BIN)).replace("User=stack", "User=root")

    (file, *_) = written(tmp_path, unit, *UNITS, change=here)
    done = run("systemd-analyze", "verify", file, folder=tmp_path)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    file.write_text(
        file.read_text().replace("Type=oneshot", "Type=never").replace("03:17", "33:17")
    )
    done = run("systemd-analyze", "verify", file, folder=tmp_path)
    assert "ignoring" in done.stderr
    assert file.name in done.stderr


def test_a_run_outlives_its_workspace_and_reaches_its_dead_man_switch() -> None:
    (job,) = YAML(typ="safe").load(RECIPES[WORKFLOWS[0]])["jobs"].values()
    kept = {name for name, value in job["env"].items() if value.startswith("/var/lib/")}
    assert kept == {"STACKTEST_LEDGER", "STACKTEST_STATUS"}
    assert job["env"]["HEALTHCHECKS_URL"] == "${{ secrets.HEALTHCHECKS_URL }}"
    assert "EnvironmentFile=/etc/stacktest.env" in RECIPES[UNITS[0]]


# What their commands do


def scripts(title: str) -> list[str]:
    """The shell of each step; what only a runner has is left out: `pip install`, `doctor`."""
    recipe = YAML(typ="safe").load(RECIPES[title])
    if "jobs" in recipe:
        (job,) = recipe["jobs"].values()
        lines = [step["run"] for step in job["steps"] if "run" in step]
    else:
        (job,) = (one for one in recipe.values() if "script" in one)
        lines = job["script"]
    left_out = ("pip install", "stacktest doctor")
    return [line for line in lines if not line.startswith(left_out)]


@dataclass(frozen=True)
class Runner:
    """A CI runner: its checkout, and what it keeps elsewhere."""

    job: Callable[[str], tuple[list[int], str]]
    kept: Path
    summary: Path
    folder: Path


@pytest.fixture
def runner(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A checkout with a stack of two in it, and state that is kept elsewhere."""
    kept = tmp_path_factory.mktemp("var-lib")
    (pair.pytester.path / "stacktest.toml").write_text("")
    shutil.move(pair.root / "docker-compose.yml", pair.pytester.path)
    summary = pair.pytester.path / "summary.md"
    variables = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(summary),
        "STACKTEST_LEDGER": str(kept / "ledger"),
        "STACKTEST_STATUS": str(kept / "status.json"),
    }

    def job(title: str) -> tuple[list[int], str]:
        """The exit code of each step, as a runner would see it, and what the last one said."""
        done = [
            run("bash", "-e", "-o", "pipefail", "-c", line, folder=pair.pytester.path, **variables)
            for line in scripts(title)
        ]
        return [one.returncode for one in done], done[-1].stdout + done[-1].stderr

    return Runner(job=job, kept=kept, summary=summary, folder=pair.pytester.path)


@pytest.mark.real_docker
@pytest.mark.parametrize(
    ("title", "steps"), [(WORKFLOWS[0], 4), (".gitlab-ci.yml", 4)], ids=["github", "gitlab"]
)
def test_a_nightly_job_proves_and_decides(
    runner: Runner, pair: Pair, title: str, steps: int
) -> None:
    assert runner.job(title) == ([0] * steps, "gate open\n")
    assert (runner.folder / "reports/junit.xml").is_file()
    assert "beta" in (runner.folder / "reports/status.html").read_text()
    assert (runner.kept / "ledger/alpha/last_pass.json").is_file()
    assert not (runner.folder / "data").exists()
    pair.write("phase1_pair/test_beta.py", "import pytest\n\n\n@pytest.mark.service('beta')\n"
               "def test_it(inside):\n    assert inside('beta').run('true').out == 'x'\n")  # fmt: skip
    codes, said = runner.job(title)
    assert (codes[-1], codes[-2]) == (1, 0)
    assert "beta" in said
    if title == WORKFLOWS[0]:
        assert "beta" in runner.summary.read_text()
