"""Prometheus works when it scrapes every service, and only this stack can ask it."""

import pytest

pytestmark = pytest.mark.service("prometheus")

JOBS = ["ai-orchestra", "dashboard", "docker", "nginx", "node", "postgres", "prometheus", "redis"]


@pytest.fixture
def prometheus(inside):
    return inside("prometheus").http(9090)


@pytest.fixture
def targets(prometheus):
    return lambda: prometheus.get("/api/v1/targets").json()["data"]["activeTargets"]


@pytest.mark.claim("A33")
def test_it_keeps_30_days(prometheus):
    flags = prometheus.get("/api/v1/status/flags").json()["data"]
    assert flags["storage.tsdb.retention.time"] == "30d"


@pytest.mark.claim("A33")
def test_every_target_is_up(targets, within):
    for attempt in within(20):
        with attempt:
            assert (
                sorted(item["labels"]["job"] for item in targets() if item["health"] == "up")
                == JOBS
            )


@pytest.mark.service("exporters")
@pytest.mark.claim("A33")
@pytest.mark.parametrize(
    ("port", "name"), [(9113, "nginx_up"), (9121, "redis_up"), (9187, "pg_up")]
)
def test_the_exporter_sees_its_service(inside, prometheus, metrics, port, name):
    assert metrics(inside("exporters").http(port).get("/metrics")).value(name) == 1
    assert prometheus.get("/-/ready").status_code == 200


@pytest.mark.claim("A34")
def test_it_asks_every_15_seconds(targets):
    assert {item["labels"]["job"]: item["scrapeInterval"] for item in targets()} == dict.fromkeys(
        JOBS, "15s"
    )


@pytest.mark.claim("A37")
def test_it_is_internal(container, prometheus):
    assert container("prometheus").ports == ()
    assert prometheus.get("/-/ready").status_code == 200
