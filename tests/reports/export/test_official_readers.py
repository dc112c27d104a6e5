"""The formats as their own tools read them: promtool, the CTRF schema, MkDocs."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stacktest.reports.export import ctrf, docs_data, metrics
from stacktest.reports.export.badge import badge, badge_json
from stacktest.reports.recorded_outcomes import recorded_outcomes
from stacktest.reports.report_data import Board
from tests.support.board import build_board
from tests.support.known import known

PROMETHEUS = "stacktest/prometheus:2.42"
CTRF_PACKAGE = "ctrf@0.3.0"


# promtool, as a program or in the reference image


@pytest.fixture(scope="module")
def promtool() -> Callable[..., subprocess.CompletedProcess[str]]:
    if shutil.which("promtool"):
        command = ["promtool"]
    else:
        command = ["docker", "run", "--rm", "-i", "--network", "none", "--entrypoint", "promtool"]

    def run(
        *arguments: str, folder: Path | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        mounts = ["-v", f"{folder}:/given:ro", "-w", "/given"] if folder else []
        argv = [*command, *arguments]
        if command[0] == "docker":
            argv = [*command, *mounts, PROMETHEUS, *arguments]
        return subprocess.run(
            argv, input=stdin, capture_output=True, text=True, check=False, cwd=folder, timeout=120
        )

    return run


@pytest.mark.real_docker
def test_promtool_accepts_the_metrics(
    promtool: Callable[..., subprocess.CompletedProcess[str]], board: Board
) -> None:
    done = promtool("check", "metrics", stdin=metrics.metrics(board))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.real_docker
def test_promtool_refuses_what_is_no_metric(
    promtool: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert promtool("check", "metrics", stdin="stacktest_state{ 1\n").returncode != 0


ALERTS = """
rule_files: [alert-rules.yml]
evaluation_interval: 5m
tests:
  - interval: 5m
    input_series:
      - {series: 'stacktest_service_state{service="loki",state="failing"}', values: '1x600'}
      - {series: 'stacktest_service_state{service="loki",state="functional"}', values: '0x600'}
      - {series: 'stacktest_service_state{service="caddy",state="functional"}', values: '1x600'}
      - {series: 'stacktest_evaluated_timestamp_seconds', values: '0x600'}
      - {series: 'stacktest_service_last_pass_timestamp_seconds{service="caddy"}', values: '0x600'}
    alert_rule_test:
      - eval_time: 1h
        alertname: StackServiceBroken
        exp_alerts:
          - exp_labels: {service: loki, severity: critical}
            exp_annotations:
              summary: "loki is not what was proved"
              description: "stacktest judged loki as failing, drifted, unreadable or without evidence. Run: stacktest why loki"
      - {eval_time: 1h, alertname: StackNotJudged, exp_alerts: []}
      - eval_time: 37h
        alertname: StackNotJudged
        exp_alerts:
          - exp_labels: {severity: warning}
            exp_annotations:
              summary: "the stack was judged 1d 13h 0m 0s ago"
              description: "Nothing has judged the stack since. Check the timer that runs stacktest."
      - {eval_time: 48h, alertname: StackServiceNotProved, exp_alerts: []}
      - {eval_time: 48h, alertname: StackMetricsMissing, exp_alerts: []}
"""


@pytest.mark.real_docker
def test_the_alerts_fire_when_they_should_and_only_then(
    promtool: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "alert-rules.yml").write_text(metrics.companions()["alert-rules.yml"])
    (tmp_path / "test.yml").write_text(ALERTS)
    tmp_path.chmod(0o755)
    assert promtool("check", "rules", "alert-rules.yml", folder=tmp_path).returncode == 0
    done = promtool("test", "rules", "test.yml", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


# Prometheus itself: it scrapes the metrics, loads the rules, and answers what the dashboard asks

SCRAPE = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [alert-rules.yml]
scrape_configs:
  - job_name: stack
    static_configs: [{targets: ["127.0.0.1:9090"]}]
    metrics_path: /consoles/stacktest.prom
"""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """The reference Prometheus, which scrapes a file that it serves itself; answers its API."""
    folder = tmp_path_factory.mktemp("prometheus")
    folder.chmod(0o755)
    (folder / "stacktest.prom").write_text(metrics.metrics(build_board()))
    (folder / "alert-rules.yml").write_text(metrics.companions()["alert-rules.yml"])
    (folder / "prometheus.yml").write_text(SCRAPE)
    name = f"t-reports-prometheus-{os.getpid()}"
    start = ["docker", "run", "--rm", "--detach", "--name", name, "--network", "none",
             "-v", f"{folder}:/given:ro", "--entrypoint", "prometheus", PROMETHEUS,
             "--config.file=/given/prometheus.yml", "--storage.tsdb.path=/tmp/data",
             "--web.console.templates=/given"]  # fmt: skip
    subprocess.run(start, check=True, capture_output=True)

    def ask(path: str, **query: str) -> Any:
        options = [word for key, v in query.items() for word in ("--data-urlencode", f"{key}={v}")]
        url = f"http://127.0.0.1:9090/api/v1/{path}"
        argv = ["docker", "exec", name, "curl", "-sfG", "--max-time", "10", url, *options]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
        return json.loads(done.stdout)["data"] if done.returncode == 0 else {"result": []}

    try:
        wait_until(lambda: ask("query", query="stacktest_gate_open")["result"])
        yield ask
    finally:
        subprocess.run(["docker", "rm", "-f", "-v", name], check=True, capture_output=True)


def wait_until(condition: Callable[[], object], seconds: int = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "Prometheus never scraped the metrics"
        time.sleep(0.2)


PANELS = [
    (panel["title"], target["expr"])
    for panel in json.loads(metrics.companions()["grafana-dashboard.json"])["panels"]
    for target in panel["targets"]
]


@pytest.mark.real_docker
@pytest.mark.parametrize(("title", "asked"), PANELS, ids=[title for title, _ in PANELS])
def test_prometheus_answers_what_a_panel_asks(
    prometheus: Callable[..., Any], title: str, asked: str
) -> None:
    assert prometheus("query", query=asked)["result"]


@pytest.mark.real_docker
def test_prometheus_scrapes_every_service_and_evaluates_the_rules(
    prometheus: Callable[..., Any],
) -> None:
    proved = prometheus("query", query="stacktest_service_functional")["result"]
    assert {one["metric"]["service"] for one in proved} == set(build_board().status)
    assert prometheus("query", query="stacktest_no_such_metric")["result"] == []
    wait_until(lambda: {rule["health"] for rule in loaded(prometheus)} == {"ok"})
    assert [rule["name"] for rule in loaded(prometheus)] == re.findall(
        r"alert: (\w+)", metrics.companions()["alert-rules.yml"]
    )


def loaded(prometheus: Callable[..., Any]) -> list[Any]:
    """The rules as Prometheus has them, with what it says of each."""
    groups = prometheus("rules").get("groups", [])
    return [rule for group in groups for rule in group["rules"]]


# The CTRF schema, out of the project's own package


@pytest.fixture(scope="module")
def ctrf_schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("ctrf")
    subprocess.run(
        ["npm", "pack", "--silent", CTRF_PACKAGE], cwd=folder, check=True, capture_output=True
    )
    with tarfile.open(next(folder.glob("*.tgz"))) as package:
        member = package.extractfile("package/dist/ctrf-schema-0.0.json")
        return json.load(known(member))


@pytest.mark.slow
def test_the_report_holds_against_the_official_schema(ctrf_schema: Any, board: Board) -> None:
    import jsonschema

    report = ctrf.ctrf(board, known(board.latest_run), recorded_outcomes(board))
    checker = jsonschema.FormatChecker()
    jsonschema.Draft7Validator(ctrf_schema, format_checker=checker).validate(report)
    report["results"]["tests"][0]["status"] = "green"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(ctrf_schema).validate(report)


# MkDocs with the macros plugin

SITE = """
site_name: site
plugins:
  - macros:
      modules: [stacktest.docs_macros]
      include_yaml: [stacktest.json]
      on_undefined: strict
      on_error_fail: true
"""


BUILDERS = {
    "mkdocs": ("-W", "ignore", "-m", "mkdocs", "build", "-q", "--strict"),
    "zensical": ("-m", "zensical", "build", "--strict"),
}


@dataclass(frozen=True)
class Site:
    """A site of documentation, and how it is built."""

    build: Callable[[], subprocess.CompletedProcess[str]]
    folder: Path


@pytest.fixture(params=list(BUILDERS))
def site(request: pytest.FixtureRequest, tmp_path: Path, board: Board) -> Site:
    (tmp_path / "mkdocs.yml").write_text(SITE)
    (tmp_path / "docs").mkdir()
    text = "{{ stack_age() }}\n\n{{ stack_table() }}\n\nloki: {{ stack_badge('loki') }}\n"
    (tmp_path / "docs/index.md").write_text(text)
    (tmp_path / "stacktest.json").write_text(json.dumps(docs_data.docs_data(board)))

    def build() -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, *BUILDERS[request.param]]
        return subprocess.run(
            argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )

    return Site(build=build, folder=tmp_path)


@pytest.mark.processes
def test_a_site_shows_the_states(site: Site) -> None:
    done = site.build()
    assert done.returncode == 0, done.stdout + done.stderr
    page = (site.folder / "site/index.html").read_text()
    assert 'loki: <span class="stack-badge bad"' in page
    assert '<a href="https://grafana.stack.local:8443/">grafana</a></td>' in page
    assert "Judged 2026-11-20 09:15 UTC." in page


@pytest.mark.processes
@pytest.mark.parametrize("damage", ["missing", "empty", "torn", "foreign", "unknown service"])
def test_a_site_is_not_built_from_broken_data(site: Site, damage: str) -> None:
    file = site.folder / "stacktest.json"
    if damage == "missing":
        file.unlink()
    elif damage == "empty":
        file.write_text("{}")
    elif damage == "torn":
        file.write_text(file.read_text()[:200])
    elif damage == "foreign":
        file.write_text('{"stacktest": {"schema": "other/1"}}')
    else:
        (site.folder / "docs/index.md").write_text("{{ stack_badge('nobody') }}")
    assert site.build().returncode != 0


def test_the_badge_is_what_shields_reads(board: Board) -> None:
    found = badge_json(badge(board))
    assert set(found) == {"schemaVersion", "label", "message", "color", "isError"}
    assert found["schemaVersion"] == 1
