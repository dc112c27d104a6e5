"""Grafana works when a person can sign in, and when what it shows comes from the data sources.

That the sign-in form is gone proves nothing: who one is, the program must say itself.
"""

import json
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import made_up_name, secret
from fixtures.typed import Api
from fixtures.versions import verify_version
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("grafana")

IDENTITY = Identity(host="grafana.stack.local", path="/api/health", marker='"database":"ok"')
PROMETHEUS = "PBFA97CFB590B2093"
LOKI = "P8E80F9AEF21F6940"
"""Ids that Grafana derives from the provisioned names."""


@pytest.fixture
def password(stack: RunningStack) -> str:
    return secret(stack, "grafana", "GF_SECURITY_ADMIN_PASSWORD")


@pytest.fixture
def grafana(api: Api, password: str) -> httpx.Client:
    """A client signed in as the administrator."""
    return api("grafana", auth=("admin", password))


@pytest.fixture
def dashboard(
    grafana: httpx.Client, request: pytest.FixtureRequest, run_id: str
) -> Iterator[tuple[str, str]]:
    """A dashboard of this test, deleted at the end."""
    title = own_name(request, run_id)
    made = grafana.post("/api/dashboards/db", json={"dashboard": {"title": title, "panels": []}})
    assert made.status_code == 200
    uid = made.json()["uid"]
    yield uid, title
    grafana.delete(f"/api/dashboards/uid/{uid}")
    assert grafana.get(f"/api/dashboards/uid/{uid}").status_code == 404, "left behind"


def do_sign_in(page: Page, user: str, password: str) -> None:
    page.goto("https://grafana.stack.local/login")
    page.get_by_test_id("data-testid Username input field").fill(user)
    page.get_by_test_id("data-testid Password input field").fill(password)
    page.get_by_test_id("data-testid Login button").click()


def test_the_front_door_leads_to_grafana(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_the_program_has_the_pinned_version(api: Api, stack: RunningStack) -> None:
    verify_version(api("grafana").get("/api/health").json()["version"], stack, "grafana")


def test_a_stranger_is_sent_to_the_sign_in(api: Api) -> None:
    response = api("grafana").get("/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/login"


def test_a_stranger_is_nobody(api: Api) -> None:
    assert api("grafana").get("/api/user").status_code == 401


def test_the_administrator_is_known_by_name(grafana: httpx.Client) -> None:
    response = grafana.get("/api/user")
    assert response.status_code == 200
    assert response.json()["login"] == "admin"


@pytest.mark.claim("P1.3")
def test_a_person_signs_in(page: Page, password: str) -> None:
    do_sign_in(page, "admin", password)
    expect(page.get_by_test_id("data-testid Command palette trigger")).to_be_visible()
    assert page.request.get("https://grafana.stack.local/api/user").json()["login"] == "admin"


def test_a_made_up_name_is_refused(page: Page) -> None:
    do_sign_in(page, made_up_name(), "not-the-password")
    expect(page.get_by_role("alert")).to_contain_text("Invalid username or password")
    assert page.request.get("https://grafana.stack.local/api/user").status == 401


@pytest.mark.claim("P2.4")
def test_exactly_the_provisioned_sources_are_there(grafana: httpx.Client) -> None:
    found = {source["uid"]: source["type"] for source in grafana.get("/api/datasources").json()}
    assert found == {PROMETHEUS: "prometheus", LOKI: "loki"}


@pytest.mark.parametrize("uid", [PROMETHEUS, LOKI], ids=["prometheus", "loki"])
def test_the_source_is_healthy(grafana: httpx.Client, uid: str) -> None:
    response = grafana.get(f"/api/datasources/uid/{uid}/health")
    assert response.status_code == 200
    assert response.json()["status"] == "OK"


@pytest.mark.claim("P2.3")
def test_measurements_come_through_from_prometheus(grafana: httpx.Client) -> None:
    for attempt in within(20):
        with attempt:
            path = f"/api/datasources/proxy/uid/{PROMETHEUS}/api/v1/query"
            response = grafana.get(path, params={"query": 'up{job="prometheus"}'})
            assert response.status_code == 200
            assert [s["value"][1] for s in response.json()["data"]["result"]] == ["1"]


@pytest.mark.claim("P2.3")
def test_lines_come_through_from_loki(
    grafana: httpx.Client, api: Api, request: pytest.FixtureRequest, run_id: str
) -> None:
    line, moment = own_name(request, run_id), str(time.time_ns())
    stream = {"stream": {"stacktest": line}, "values": [[moment, line]]}
    assert api("loki").post("/loki/api/v1/push", json={"streams": [stream]}).status_code == 204
    path = f"/api/datasources/proxy/uid/{LOKI}/loki/api/v1/query_range"
    for attempt in within(15):
        with attempt:
            response = grafana.get(path, params={"query": f'{{stacktest="{line}"}}'})
            assert response.status_code == 200
            (found,) = response.json()["data"]["result"] or [None]
            assert found is not None
            assert found["values"] == [[moment, line]]


def test_a_dashboard_can_be_made_and_opened(
    grafana: httpx.Client, dashboard: tuple[str, str]
) -> None:
    uid, title = dashboard
    response = grafana.get(f"/api/dashboards/uid/{uid}")
    assert response.status_code == 200
    assert response.json()["dashboard"]["title"] == title


def test_a_dashboard_that_was_deleted_is_gone(
    grafana: httpx.Client, dashboard: tuple[str, str]
) -> None:
    uid, _ = dashboard
    assert grafana.delete(f"/api/dashboards/uid/{uid}").status_code == 200
    assert grafana.get(f"/api/dashboards/uid/{uid}").status_code == 404


def test_a_dashboard_without_a_title_is_refused(grafana: httpx.Client) -> None:
    refused = grafana.post("/api/dashboards/db", content=json.dumps({"dashboard": {}}))
    assert refused.status_code == 400
