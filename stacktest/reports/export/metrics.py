"""Metrics of the last judgement, for node_exporter's textfile collector or any other scraper.

Names of tests are not labels, since their number is unbounded. `companions` has a Grafana
dashboard and alert rules for the metrics.
"""

from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from stacktest.core.freshness.reasons import Reason
from stacktest.core.freshness.states import State
from stacktest.reports.page.test_rows import current_cells
from stacktest.reports.report_data import Board

COMPANIONS = ("grafana-dashboard.json", "alert-rules.yml")


def metrics(board: Board) -> str:
    """The text of `metrics.prom`."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    _services(board, registry)
    _tests(board, registry)
    _run(board, registry)
    return generate_latest(registry).decode()


def companions() -> Mapping[str, str]:
    """File name → text of the dashboard and the alert rules."""
    folder = files("stacktest.reports.page") / "templates"
    return {name: (folder / name).read_text(encoding="utf-8") for name in COMPANIONS}


def gauge(registry: Any, name: str, text: str, *labels: str) -> Any:
    """A new gauge `stacktest_NAME` with these labels."""
    from prometheus_client import Gauge

    return Gauge(f"stacktest_{name}", text, labels, registry=registry)


# Private


def _services(board: Board, registry: Any) -> None:
    state = gauge(registry, "service_state", "1 for the service's state.", "service", "state")
    proved = gauge(registry, "service_functional", "1 when the service is proved.", "service")
    reason = gauge(
        registry, "service_reason", "How many reasons of a kind hold.", "service", "kind"
    )
    passed = gauge(
        registry,
        "service_last_pass_timestamp_seconds",
        "Start of the tests of the last pass that earned credit.",
        "service",
    )
    for name, current in board.states.items():
        for candidate in State:
            state.labels(name, candidate.value).set(candidate is current)
        proved.labels(name).set(current.functional)
        entry = board.status[name]
        if entry.last_test_pass:
            passed.labels(name).set(entry.last_test_pass.timestamp())
        for kind, number in Counter(map(_kind, entry.reasons)).items():
            reason.labels(name, kind).set(number)


def _kind(reason: str) -> str:
    """`config:configs/a.yml` → `config`; `other` for a reason without a kind."""
    return Reason(reason).kind.replace(" ", "_") or "other"


def _tests(board: Board, registry: Any) -> None:
    tests = gauge(
        registry,
        "tests",
        "Tests of a service by phase and last outcome.",
        "service",
        "phase",
        "result",
    )
    for service, lines in board.histories.items():
        counts = Counter(
            (board.phase_of(nodeid), cell) for nodeid, cell in current_cells(lines).items()
        )
        for (phase, cell), number in counts.items():
            tests.labels(service, phase, cell).set(number)


def _run(board: Board, registry: Any) -> None:
    judged = gauge(registry, "evaluated_timestamp_seconds", "When the states were judged.")
    judged.set(board.meta.evaluated_at.timestamp())
    if board.gate:
        gauge(registry, "gate_open", "1 when the gate is open.").set(board.gate.open)
        blockers = gauge(registry, "gate_blockers", "What closes the gate.")
        blockers.set(len(board.gate.blockers))
    run = board.latest_run
    about = gauge(registry, "info", "Versions.", "version", "commit", "scope")
    versions = dict(board.meta.versions) | (dict(run.versions) if run else {})
    commit = (run.git_commit if run else None) or ""
    about.labels(versions.get("stacktest", ""), commit, board.meta.scope).set(1)
    if run:
        began = gauge(registry, "run_timestamp_seconds", "When the newest run began.")
        began.set(run.started.timestamp())
    if run and run.finished:
        took = gauge(registry, "run_duration_seconds", "How long the newest run took.")
        took.set((run.finished - run.started).total_seconds())
    if board.timeline:
        start = gauge(
            registry, "service_start_seconds", "How long the service took to be ready.", "service"
        )
        for span in board.timeline.boots:
            start.labels(span.name).set(span.seconds)
