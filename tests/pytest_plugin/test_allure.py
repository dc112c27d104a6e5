"""Allure's results of a run, and the report that Allure 3 makes of them."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stacktest.reports.export.allure import categories, properties
from tests.support.fake_stack import Shop

ALLURE = "allure@3.18.0"
MESSAGE = "httpx.ConnectError: [Errno 111] refused"


@pytest.fixture
def proved(shop: Shop) -> Shop:
    """Two services, of which loki's test fails, with Allure's results in `allure`."""
    shop.story(services={"redis": {"boot": 2.5}, "loki": {}}, phases={"phase4": "Datastores"})
    (shop.path / "stacktest.toml").write_text('[phases.phase4]\ntitle = "Datastores"\n')
    shop.about("phase4_data", "redis")
    shop.about("phase2_logs", "loki", body=f"raise OSError({MESSAGE!r})")
    assert int(shop.run("--alluredir=allure").ret) == 1
    return shop


def results(shop: Shop, kind: str | None) -> list[Any]:
    return [json.loads(file.read_text()) for file in (shop.path / "allure").glob(f"*-{kind}.json")]


def attached(shop: Shop) -> dict[str, str]:
    """What is attached to the run: name → text."""
    return {
        one["name"]: (shop.path / "allure" / one["source"]).read_text()
        for found in results(shop, "globals")
        for one in found.get("attachments", ())
    }


@pytest.mark.processes
def test_a_run_says_what_ran_and_how_the_services_came_up(proved: Shop) -> None:
    labels = {
        found["fullName"].split("#")[0].rpartition(".")[2]: {
            (one["name"], one["value"])
            for one in found["labels"]
            if one["name"] in ("epic", "feature", "tag")
        }
        for found in results(proved, "result")
    }
    assert labels == {
        "test_redis": {("epic", "Datastores"), ("feature", "redis"), ("tag", "phase4")},
        "test_loki": {("epic", "phase2"), ("feature", "loki"), ("tag", "phase2")},
    }
    rows = (proved.path / "allure/environment.properties").read_text().splitlines()
    assert {"stack=shop", "commit=none", "stacktest=0.1.0"} < set(rows)
    assert json.loads((proved.path / "allure/categories.json").read_text()) == categories()
    settings = json.loads((proved.path / "allure/allurerc.json").read_text())
    assert settings == {"name": "shop", "categories": categories()}
    assert attached(proved) == {
        "how the services came up": "redis                       2.5 s  healthy\n"
        "loki                        1.0 s  healthy"
    }


@pytest.mark.processes
def test_a_stack_that_does_not_come_up_is_an_error_of_the_run(shop: Shop) -> None:
    shop.story(services={"redis": {"fails": "exited with 1"}})
    shop.about("phase4_data", "redis")
    boot = shop.path / "reports/evidence/20260106T000000-fake00/boot"
    boot.mkdir(parents=True)
    (boot / "redis.log").write_text("out of memory")
    assert int(shop.run("--alluredir=allure").ret) == 10
    errors = [error for found in results(shop, "globals") for error in found.get("errors", ())]
    assert [error["message"] for error in errors] == ["redis exited with 1"]
    assert attached(shop)["boot/redis.log"] == "out of memory"


@pytest.mark.processes
def test_nothing_is_written_where_nobody_asked(shop: Shop) -> None:
    shop.story(services={"redis": {}})
    shop.about("phase4_data", "redis")
    assert int(shop.run().ret) == 0
    assert not (shop.path / "allure").exists()


@pytest.mark.parametrize(
    ("message", "kind"),
    [("x\n[SSL: CERTIFICATE_VERIFY_FAILED] y", "TLS"), ("net::ERR_NAME_NOT_RESOLVED", "Names"),
     ("assert 502 == 200", "Front door"), (MESSAGE, "Network"), ("TimeoutError", "Time"),
     ("assert 1502 == 15020", None), ("assert 1 == 2", None)],
)  # fmt: skip
def test_a_failure_is_of_one_kind(message: str, kind: str | None) -> None:
    found = [one["name"] for one in categories() if re.fullmatch(one["messageRegex"], message)]
    assert [name.partition(":")[0] for name in found] == ([kind] if kind else [])


def test_a_value_stays_on_its_line() -> None:
    assert properties({"a": "x\ny\\z"}) == "a=x\\ny\\\\z\n"


@pytest.fixture(scope="module")
def allure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("npm"):
        pytest.skip("node and npm are not on this machine")
    folder = tmp_path_factory.mktemp("allure")
    install = [
        "npm",
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(folder),
        ALLURE,
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    return folder / "node_modules/.bin/allure"


@pytest.mark.slow
def test_allure_makes_a_report_of_it(allure: Path, proved: Shop) -> None:
    config = "allure/allurerc.json"
    argv = [str(allure), "generate", "allure", "--config", config, "--output", "report"]
    done = subprocess.run(
        argv, cwd=proved.path, capture_output=True, text=True, check=False, timeout=120
    )
    # It ends with 0 even where a part of the report could not be made.
    assert (done.returncode, "error" in done.stdout + done.stderr) == (0, False), done.stderr

    def widget(name: str) -> Any:
        (file,) = (proved.path / "report").glob(f"**/widgets/{name}.json")
        return json.loads(file.read_text())

    kinds = widget("categories")
    assert "Network: no answer" in json.dumps(kinds)
    assert "TLS" not in json.dumps(kinds)
    (attachment,) = widget("globals")["attachments"]
    assert attachment["name"] == "how the services came up"
    rows = {one["name"]: one["values"] for one in widget("allure_environment")}
    assert (rows["stack"], rows["run"]) == (["shop"], ["20260106T000000-fake00"])
    found = [
        {(one["name"], one["value"]) for one in json.loads(file.read_text())["labels"]}
        for file in (proved.path / "report").glob("**/data/test-results/*.json")
    ]
    assert len(found) == 2
    assert any({("epic", "Datastores"), ("feature", "redis")} <= labels for labels in found)
