"""Grafana works when a person finds it at its address, with the dashboard that was promised."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.service("grafana")


@pytest.fixture
def grafana(api, stack):
    """A client signed in as the administrator."""
    password = stack.model.services["grafana"].environment["GF_SECURITY_ADMIN_PASSWORD"]
    return api("grafana", auth=("admin", password))


@pytest.mark.claim("A35")
def test_its_source_is_prometheus(grafana):
    response = grafana.get("api/datasources")
    assert response.status_code == 200
    assert [(item["type"], item["isDefault"]) for item in response.json()] == [("prometheus", True)]


@pytest.mark.claim("A35")
def test_its_dashboard_is_provisioned(grafana):
    response = grafana.get("api/dashboards/uid/ai-orchestra-overview")
    assert response.status_code == 200
    dashboard = response.json()["dashboard"]
    assert len(dashboard["panels"]) == 7
    assert dashboard["refresh"] == "10s"
    assert dashboard["time"]["from"] == "now-6h"


@pytest.mark.claim("A35")
def test_nobody_signs_up(api):
    client = api("grafana")
    settings = client.get("api/frontend/settings")
    assert settings.status_code == 200
    assert settings.json()["disableUserSignUp"] is True
    assert client.post("api/user/signup", json={"email": "a@example.org"}).status_code == 401
    assert client.get("api/datasources").status_code == 401


@pytest.mark.claim("A36")
def test_a_person_finds_it(page):
    page.goto("https://orchestra.local/grafana/login")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Welcome to Grafana")
    expect(heading).to_have_css("color", "rgb(255, 120, 10)")
