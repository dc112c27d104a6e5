"""Outline works as far as it goes: it reaches its database and its cache, and keeps strangers out.

No way to sign in is configured here, so nobody can use it; that is claimed, not passed over.
"""

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.people import secret
from fixtures.sql import postgres, rows
from fixtures.typed import Api, Inside
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("outline")

IDENTITY = Identity(host="wiki.stack.local", path="/", marker="<title>Outline</title>")


@pytest.fixture
def outline(api: Api) -> httpx.Client:
    return api("wiki.stack.local")


def test_the_front_door_leads_to_outline(api: Api) -> None:
    verify_identity(api, IDENTITY)


@pytest.mark.service(
    "outline-postgres", "outline-redis", no_contact="Outline's answer says that it reaches them"
)
def test_it_reaches_its_database_and_its_cache(outline: httpx.Client, inside: Inside) -> None:
    response = outline.get("/_health")
    assert response.status_code == 200
    assert response.text == "OK"
    # Whoever says OK to everything would also have let this one in.
    assert outline.post("/api/auth.info", json={}).status_code == 401
    inside("outline-postgres").connect(5432).close()
    inside("outline-redis").connect(6379).close()


def test_no_way_to_sign_in_is_configured(outline: httpx.Client) -> None:
    said = outline.post("/api/auth.config", json={})
    assert said.status_code == 200
    assert said.json()["data"]["providers"] == []


def test_its_questions_are_not_answered_to_a_get(outline: httpx.Client) -> None:
    assert outline.get("/api/auth.config").status_code == 404


def test_a_stranger_is_refused(outline: httpx.Client) -> None:
    refused = outline.post("/api/auth.info", json={})
    assert refused.status_code == 401
    assert refused.json()["error"] == "authentication_required"


def test_a_stranger_learns_nothing_of_the_installation(outline: httpx.Client) -> None:
    assert outline.post("/api/installation.info", json={}).status_code == 401


def test_an_unknown_question_is_not_found(outline: httpx.Client) -> None:
    refused = outline.post("/api/no.such", json={})
    assert refused.status_code == 404
    assert refused.json()["error"] == "not_found"


@pytest.mark.service("outline-postgres")
def test_its_own_tables_are_in_its_database(
    outline: httpx.Client, inside: Inside, stack: RunningStack
) -> None:
    assert outline.post("/api/auth.config", json={}).json()["ok"] is True
    password = secret(stack, "outline-postgres", "POSTGRES_PASSWORD")
    with postgres(inside("outline-postgres"), "outline", password, "outline") as cursor:
        tables = {name for (name,) in rows(cursor, "SELECT tablename FROM pg_tables")}
    assert {"documents", "teams"} <= tables


def test_the_page_asks_who_is_there(page: Page) -> None:
    page.goto("https://wiki.stack.local/")
    expect(page).to_have_title("Login - Outline")
    expect(page.get_by_role("heading", name="Login to Outline")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
