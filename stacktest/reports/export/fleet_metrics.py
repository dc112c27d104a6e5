"""Metrics of several ledgers: the same names as for one ledger, with `stack` as the first label.

    stack    PROJECT@ENGINE of the newest run, so that two stacks never share a series;
             the ledger's folder without a run

For a ledger that is not trusted every service is 0, and `stacktest_ledger_trouble` has the reason.
"""

from typing import Any

from stacktest.core.freshness.states import State
from stacktest.reports.export.metrics import gauge
from stacktest.reports.fleet_data import Fleet, LedgerCopy, Trouble


def fleet_metrics(fleet: Fleet) -> str:
    """The text of one `metrics.prom` for all of them."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    _ledgers(fleet, registry)
    _services(fleet, registry)
    return generate_latest(registry).decode()


# Private


def _label(ledger: LedgerCopy) -> str:
    return ledger.identity or ledger.place


def _ledgers(fleet: Fleet, registry: Any) -> None:
    trouble = gauge(
        registry,
        "ledger_trouble",
        "1 for what is wrong with a ledger.",
        *("stack", "ledger", "trouble"),
    )
    judged = gauge(
        registry, "evaluated_timestamp_seconds", "When the states were judged.", "stack", "ledger"
    )
    about = gauge(registry, "info", "Versions.", "stack", "version", "commit", "scope")
    for ledger in fleet.ledgers:
        label = _label(ledger)
        for candidate in Trouble:
            trouble.labels(label, ledger.place, candidate.value).set(candidate is ledger.trouble)
        if ledger.judged:
            judged.labels(label, ledger.place).set(ledger.judged.timestamp())
        if ledger.run and not ledger.trouble:
            version = ledger.run.versions.get("stacktest", "")
            about.labels(label, version, ledger.run.git_commit or "", ledger.scope or "").set(1)


def _services(fleet: Fleet, registry: Any) -> None:
    state = gauge(
        registry, "service_state", "1 for the service's state.", "stack", "service", "state"
    )
    proved = gauge(
        registry, "service_functional", "1 when the service is proved.", "stack", "service"
    )
    passed = gauge(
        registry,
        "service_last_pass_timestamp_seconds",
        "Start of the tests of the last pass that earned credit.",
        *("stack", "service"),
    )
    for ledger in fleet.ledgers:
        for name, current in ledger.states.items():
            proved.labels(_label(ledger), name).set(current.functional and not ledger.trouble)
            if ledger.trouble:
                continue
            for candidate in State:
                state.labels(_label(ledger), name, candidate.value).set(candidate is current)
            if last_pass := ledger.services[name].last_test_pass:
                passed.labels(_label(ledger), name).set(last_pass.timestamp())
