"""`stacktest plan` asks pytest, in a process of its own, and starts nothing."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stacktest.cli.plan import _check_options
from stacktest.errors import UsageError
from tests.support.nested_pytest import PLAIN
from tests.support.terminal import plain

pytestmark = pytest.mark.real_docker  # Compose resolves the model; no engine is asked

BIN = Path(sys.executable).parent / "stacktest"
COMPOSE = """
name: t-plan
services:
  redis: {image: "redis:7"}
  web: {image: "web:1", depends_on: [redis]}
"""
SUITE = """
import pytest


@pytest.mark.service("web")
def test_it():
    assert 1
"""

DOOR_COMPOSE = """
name: t-plan
services:
  door: {image: "caddy:2", ports: ["127.0.0.1:8443:443"]}
  books: {image: "books:1"}
  films: {image: "films:1"}
  radio: {image: "radio:1"}
"""
DOOR_CONFIG = """
[stack]
front_door = "door"
routes = ["none"]

[stack.hosts]
"books.t.test" = "books:80"
"films.t.test" = "films:80"
"radio.t.test" = "radio:80"
"""
DOOR_SUITE = """
import pytest


@pytest.mark.service("door")
@pytest.mark.parametrize("place", ["books.t.test", "https://films.t.test/list", "other.t.test", "3.5"])
def test_it_leads_there(api, place):
    assert api(place).get("/").status_code == 200


@pytest.mark.service("door")
@pytest.mark.parametrize("name", ["radio.t.test"])
def test_without_a_client(name):
    assert name
"""


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / "stacktest.toml").write_text("")
    # Warnings are errors here, as in a careful project: nothing may be imported too early.
    text = f"[pytest]\nfilterwarnings = error\ntestpaths = suites\naddopts = {' '.join(PLAIN)}\n"
    (tmp_path / "pytest.ini").write_text(text)
    (tmp_path / "suites/phase5_web").mkdir(parents=True)
    (tmp_path / "suites/phase5_web/test_web.py").write_text(SUITE)

    def plan(*words: str, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        argv = [str(BIN), "plan", *words]
        return subprocess.run(
            argv, cwd=cwd, env=plain({}), capture_output=True, text=True, check=False
        )

    return plan


def test_it_says_what_would_be_started_and_why(
    plan: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = plan()
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        re.sub(r"in [\d.]+s", "in TIME", done.stdout)
        == """\
stacktest: t-plan · 1 test · 2 services planned
start 1: redis
start 2: web
  redis  phase5    web depends on it (service_started)
  web    phase5    named by suites/phase5_web/test_web.py::test_it

no tests ran in TIME
"""
    )


def test_programs_get_the_same(plan: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = plan("--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "start": [["redis"], ["web"]],
        "running": [],
        "services": [
            {
                "service": "redis",
                "phase": "phase5",
                "reasons": ["web depends on it (service_started)"],
            },
            {
                "service": "web",
                "phase": "phase5",
                "reasons": ["named by suites/phase5_web/test_web.py::test_it"],
            },
        ],
    }


def test_services_behind_the_host_names_of_a_door_s_parameters_are_planned_with_it(
    plan: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text(DOOR_COMPOSE)
    (tmp_path / "stacktest.toml").write_text(DOOR_CONFIG)
    (tmp_path / "suites/phase5_web/test_web.py").write_text(DOOR_SUITE)
    done = plan("--json")
    assert (done.returncode, done.stderr) == (0, "")
    services = {row["service"]: row["reasons"] for row in json.loads(done.stdout)["services"]}
    assert sorted(services) == ["books", "door", "films"]
    assert services["films"] == ["answers for films.t.test"]


@pytest.mark.parametrize("words", [["--no-such-option"], ["-k", "nothing"], ["--json", "nowhere"]])
def test_what_cannot_be_planned_is_a_usage_error_and_no_document(
    plan: Callable[..., subprocess.CompletedProcess[str]], words: str
) -> None:
    done = plan(*words)
    assert done.returncode == 2
    assert done.stdout == "" or "--json" not in words
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("is_configured", [False, True])
def test_without_a_configuration_of_pytest_here_the_stacks_own_is_planned(
    plan: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    *,
    is_configured: bool,
) -> None:
    here = tmp_path_factory.mktemp("elsewhere")
    (here / "test_other.py").write_text("raise RuntimeError('imported')\n")
    if is_configured:
        (here / "pytest.ini").write_text("[pytest]\n")
    done = plan("--stack", str(tmp_path), *PLAIN, cwd=here)
    assert ("imported" in done.stdout) is is_configured
    assert done.stdout.startswith("stacktest: t-plan · 1 test · 2 services") is not is_configured
    assert done.returncode == (2 if is_configured else 0)


def test_the_name_of_a_service_in_place_of_a_path_is_answered_with_the_option_for_it(
    plan: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = plan("web")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "error: web is a service, not a file or folder of tests\n"
        "  at: the arguments\n"
        "  hint: stacktest plan --stack-services=web\n"
        "  code: SK-USAGE\n"
    )
    assert plan("--stack-services=web").returncode == 0
    asked = plan("--stack", ".", "web").stderr
    assert "  hint: stacktest plan --stack . --stack-services=web\n" in asked


@pytest.mark.case("compose/own-addopts")
def test_an_option_that_pytest_does_not_know_is_named_in_one_line() -> None:
    text = "usage: pytest\npytest: error: unrecognized arguments: --cov=app\n  inifile: x\n"
    with pytest.raises(UsageError, match="pytest does not know --cov=app"):
        _check_options(text)
    _check_options("ERROR: no test of a service is left")


@pytest.mark.parametrize(
    ("remove", "compose", "message"),
    [
        ("stacktest.toml", COMPOSE, "error: no stack here"),
        (
            "",
            "services: {web: {image: x, env_file: gone.env}}",
            "error: env_file gone.env does not",
        ),
    ],
)
def test_without_a_stack_that_can_be_read_the_stack_is_the_error(
    plan: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    remove: str,
    compose: str,
    message: str,
) -> None:
    (tmp_path / "suites/phase5_web/test_web.py").unlink()
    (tmp_path / "compose.yaml").write_text(compose)
    if remove:
        (tmp_path / remove).unlink()
    done = plan()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
