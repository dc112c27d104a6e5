"""Prometheus works when it scrapes every target, evaluates every rule and tells Alertmanager.

There is no write API to make a round trip with: the proof is what it says of itself and of others.
"""

import time

import httpx
import pytest

from fixtures.identity import Identity, verify_identity
from fixtures.prometheus import ask, samples
from fixtures.typed import Api
from fixtures.versions import verify_version
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("prometheus")

IDENTITY = Identity(
    host="prometheus.stack.local", path="/-/ready", marker="Prometheus Server is Ready.\n"
)
TARGETS = {"alertmanager", "caddy", "prometheus"}
RULES = {
    "AlertmanagerDown",
    "PrometheusConfigReloadFailed",
    "PrometheusScrapeFailures",
    "PrometheusStorageNearFull",
    "PrometheusTSDBCompactionsFailed",
    "ServiceDown",
    "Watchdog",
}


@pytest.fixture
def prometheus(api: Api) -> httpx.Client:
    return api("prometheus")


def test_the_front_door_leads_to_prometheus(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_it_is_healthy(prometheus: httpx.Client) -> None:
    response = prometheus.get("/-/healthy")
    assert response.status_code == 200
    assert response.text == "Prometheus Server is Healthy.\n"


def test_the_program_has_the_pinned_version(prometheus: httpx.Client, stack: RunningStack) -> None:
    verify_version(ask(prometheus, "status/buildinfo")["version"], stack, "prometheus")


def test_its_configuration_was_accepted(prometheus: httpx.Client) -> None:
    assert ask(prometheus, "status/runtimeinfo")["reloadConfigSuccess"] is True


@pytest.mark.claim("P2.1")
def test_every_target_is_up(prometheus: httpx.Client) -> None:
    for attempt in within(20):
        with attempt:
            targets = ask(prometheus, "targets")["activeTargets"]
            health = {target["scrapePool"]: target["health"] for target in targets}
            assert health == dict.fromkeys(TARGETS, "up")


def test_what_it_scraped_can_be_queried(prometheus: httpx.Client) -> None:
    for attempt in within(20):
        with attempt:
            assert samples(prometheus, "up") == dict.fromkeys(TARGETS, 1.0)


def test_what_it_scraped_comes_from_the_front_door(prometheus: httpx.Client) -> None:
    for attempt in within(20):
        with attempt:
            seen = samples(prometheus, "max by (job) (timestamp(caddy_http_requests_total))")
            assert list(seen) == ["caddy"]
            assert time.time() - seen["caddy"] < 15


def test_every_rule_is_evaluated(prometheus: httpx.Client) -> None:
    for attempt in within(20):
        with attempt:
            groups = ask(prometheus, "rules")["groups"]
            health = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
            assert health == dict.fromkeys(RULES, "ok")


def test_nothing_fires_but_the_watchdog(prometheus: httpx.Client) -> None:
    for attempt in within(20):
        with attempt:
            alerts = ask(prometheus, "alerts")["alerts"]
            firing = [a["labels"]["alertname"] for a in alerts if a["state"] == "firing"]
            assert firing == ["Watchdog"]


def test_it_knows_where_alerts_go(prometheus: httpx.Client) -> None:
    for attempt in within(20):
        with attempt:
            known = [a["url"] for a in ask(prometheus, "alertmanagers")["activeAlertmanagers"]]
            assert known == ["http://alertmanager:9093/api/v2/alerts"]


def test_a_broken_query_is_refused_with_its_reason(prometheus: httpx.Client) -> None:
    response = prometheus.get("/api/v1/query", params={"query": "up{"})
    assert response.status_code == 400
    assert response.json()["errorType"] == "bad_data"


def test_its_files_can_be_read_again_without_a_restart(prometheus: httpx.Client) -> None:
    assert prometheus.post("/-/reload").status_code == 200


def test_samples_cannot_be_written_from_outside(prometheus: httpx.Client) -> None:
    assert prometheus.post("/api/v1/write", content=b"").status_code == 404
