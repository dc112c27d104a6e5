"""Alertmanager works when it takes an alert, routes it to its receiver and lets it be silenced.

`/-/ready` is answered with 200 unconditionally, so the state of the cluster stands for readiness.
"""

import datetime as dt
from collections.abc import Iterator

import httpx
import pytest

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.prometheus import alerts_named, ask, samples
from fixtures.typed import Api
from fixtures.versions import verify_version
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("alertmanager")

IDENTITY = Identity(
    host="alertmanager.stack.local", path="/api/v2/status", marker='"versionInfo":{"branch":'
)


@pytest.fixture
def alertmanager(api: Api) -> httpx.Client:
    return api("alertmanager")


@pytest.fixture
def alert(alertmanager: httpx.Client, request: pytest.FixtureRequest, run_id: str) -> Iterator[str]:
    """An alert of this test, resolved at the end."""
    labels = {"alertname": own_name(request, run_id), "severity": "info"}
    sent = alertmanager.post("/api/v2/alerts", json=[{"labels": labels}])
    assert sent.status_code == 200
    yield labels["alertname"]
    past = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)).isoformat()
    alertmanager.post("/api/v2/alerts", json=[{"labels": labels, "endsAt": past}])
    for attempt in within(5):
        with attempt:
            assert alerts_named(alertmanager, labels["alertname"]) == [], "left behind"


@pytest.fixture
def silence(alertmanager: httpx.Client, alert: str) -> Iterator[str]:
    """A silence for the alert of this test, expired at the end."""
    now = dt.datetime.now(dt.UTC)
    made = alertmanager.post(
        "/api/v2/silences",
        json={
            "matchers": [{"name": "alertname", "value": alert, "isRegex": False, "isEqual": True}],
            "startsAt": now.isoformat(),
            "endsAt": (now + dt.timedelta(minutes=5)).isoformat(),
            "createdBy": "stacktest",
            "comment": alert,
        },
    )
    assert made.status_code == 200, made.text
    name = made.json()["silenceID"]
    yield name
    alertmanager.delete(f"/api/v2/silence/{name}")
    assert alertmanager.get(f"/api/v2/silence/{name}").json()["status"]["state"] == "expired"


def test_the_front_door_leads_to_alertmanager(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_the_program_has_the_pinned_version(
    alertmanager: httpx.Client, stack: RunningStack
) -> None:
    said = alertmanager.get("/api/v2/status").json()["versionInfo"]["version"]
    verify_version(said, stack, "alertmanager")


def test_its_cluster_has_settled(alertmanager: httpx.Client) -> None:
    for attempt in within(30):
        with attempt:
            assert alertmanager.get("/api/v2/status").json()["cluster"]["status"] == "ready"


def test_it_runs_with_the_configured_receiver(alertmanager: httpx.Client) -> None:
    configured = alertmanager.get("/api/v2/status").json()["config"]["original"]
    assert 'receiver: "null"' in configured
    assert alertmanager.get("/api/v2/receivers").json() == [{"name": "null"}]


def test_an_alert_reaches_its_receiver(alertmanager: httpx.Client, alert: str) -> None:
    for attempt in within(10):
        with attempt:
            known = alerts_named(alertmanager, alert)
            assert len(known) == 1
            assert [receiver["name"] for receiver in known[0]["receivers"]] == ["null"]
            assert known[0]["status"]["state"] == "active"


def test_an_alert_without_a_name_is_refused(alertmanager: httpx.Client) -> None:
    refused = alertmanager.post("/api/v2/alerts", json=[{"labels": {}}])
    assert refused.status_code == 400


def test_a_silenced_alert_is_suppressed(
    alertmanager: httpx.Client, alert: str, silence: str
) -> None:
    for attempt in within(10):
        with attempt:
            statuses = [known["status"] for known in alerts_named(alertmanager, alert)]
            assert [status["state"] for status in statuses] == ["suppressed"]
            assert [status["silencedBy"] for status in statuses] == [[silence]]


def test_a_silence_can_be_taken_back(alertmanager: httpx.Client, silence: str) -> None:
    assert alertmanager.get(f"/api/v2/silence/{silence}").json()["status"]["state"] == "active"
    assert alertmanager.delete(f"/api/v2/silence/{silence}").status_code == 200
    assert alertmanager.get(f"/api/v2/silence/{silence}").json()["status"]["state"] == "expired"


@pytest.mark.claim("P2.5")
@pytest.mark.service("prometheus")
def test_what_prometheus_fires_arrives_here(api: Api, alertmanager: httpx.Client) -> None:
    rules = ask(api("prometheus"), "rules")["groups"][0]["rules"]
    assert "Watchdog" in [rule["name"] for rule in rules]
    # Prometheus says again each minute what still fires.
    for attempt in within(70):
        with attempt:
            known = alerts_named(alertmanager, "Watchdog")
            assert [alert["labels"]["severity"] for alert in known] == ["none"]
            assert [alert["status"]["state"] for alert in known] == ["active"]


@pytest.mark.service("prometheus")
def test_prometheus_lost_no_notification_on_the_way(api: Api, alertmanager: httpx.Client) -> None:
    assert alertmanager.get("/-/ready").status_code == 200
    assert alertmanager.get("/api/v2/status").json()["uptime"]
    prometheus = api("prometheus")
    # While Alertmanager was replaced none arrived, which counts for two minutes.
    for attempt in within(130):
        with attempt:
            sent = samples(prometheus, "sum by (job) (prometheus_notifications_sent_total) > 0")
            assert list(sent) == ["prometheus"]
            # What it drops by itself for a moment, when it reads its files again, it sends later.
            failed = "sum by (job) (increase(prometheus_notifications_errors_total[2m]))"
            assert samples(prometheus, failed) == {"prometheus": 0.0}
