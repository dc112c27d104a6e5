"""What a service is given stays when its container is replaced."""

import pytest

pytestmark = pytest.mark.claim("A32")


@pytest.mark.service("ollama")
def test_models_are_kept(inside, lifecycle):
    name = "tiny"
    pulled = inside("ollama").http(11434).post("/api/pull", json={"model": name})
    assert pulled.json() == {"status": "success"}
    lifecycle("ollama").recreate()
    models = inside("ollama").http(11434).get("/api/tags").json()["models"]
    assert name in [model["name"] for model in models]


@pytest.mark.service("prometheus")
def test_measurements_are_kept(inside, lifecycle):
    def oldest():
        query = {"query": 'min_over_time(timestamp(up{job="prometheus"})[1h:1s])'}
        answer = inside("prometheus").http(9090).get("/api/v1/query", params=query)
        return [item["value"][1] for item in answer.json()["data"]["result"]]

    before = oldest()
    assert len(before) == 1
    lifecycle("prometheus").recreate()
    assert oldest() == before


@pytest.mark.service("grafana")
def test_dashboards_are_kept(inside, lifecycle, stack, run_id):
    environment = stack.model.services["grafana"].environment
    port = int(environment.get("GF_SERVER_HTTP_PORT", "3000"))
    auth = ("admin", environment["GF_SECURITY_ADMIN_PASSWORD"])
    client = inside("grafana").http(port, auth=auth)
    saved = client.post("/api/dashboards/db", json={"dashboard": {"uid": run_id, "panels": []}})
    assert saved.status_code == 200
    lifecycle("grafana").recreate()
    kept = inside("grafana").http(port, auth=auth).get(f"/api/dashboards/uid/{run_id}")
    assert kept.status_code == 200
