"""Paperless works when a document that is handed in is taken up, and its status page says so, too.

It lives in PostgreSQL and Redis; `/api/` is answered without either.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import NOBODY, secret
from fixtures.sql import postgres, rows
from fixtures.typed import Api, Inside
from fixtures.versions import verify_version
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("paperless")

IDENTITY = Identity(
    host="paperless.stack.local",
    path="/accounts/login/",
    marker="<title>Paperless-ngx sign in</title>",
)


@pytest.fixture
def password(stack: RunningStack) -> str:
    return secret(stack, "paperless", "PAPERLESS_ADMIN_PASSWORD")


@pytest.fixture
def paperless(api: Api, password: str) -> httpx.Client:
    """A client with the administrator's token."""
    client = api("paperless")
    answer = client.post("/api/token/", json={"username": "admin", "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Token {answer.json()['token']}"
    return client


@pytest.fixture
def status(paperless: httpx.Client) -> dict[str, Any]:
    response = paperless.get("/api/status/")
    assert response.status_code == 200
    document: dict[str, Any] = response.json()
    return document


@pytest.fixture
def tag(
    paperless: httpx.Client, request: pytest.FixtureRequest, run_id: str
) -> Iterator[tuple[str, str]]:
    """A tag of this test, deleted at the end."""
    name = own_name(request, run_id)
    made = paperless.post("/api/tags/", json={"name": name})
    assert made.status_code == 201, made.text
    path = f"/api/tags/{made.json()['id']}/"
    yield path, name
    paperless.delete(path)
    assert paperless.get(path).status_code == 404, "left behind"


def do_sign_in(page: Page, user: str, password: str) -> None:
    page.goto("https://paperless.stack.local/")
    page.locator("#inputUsername").fill(user)
    page.locator("#inputPassword").fill(password)
    page.locator("button[type=submit]").click()


def test_the_front_door_leads_to_paperless(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_a_stranger_is_sent_to_the_sign_in(api: Api) -> None:
    response = api("paperless").get("/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/accounts/login/?next=/"


def test_the_program_has_the_pinned_version(status: dict[str, Any], stack: RunningStack) -> None:
    verify_version(status["pngx_version"], stack, "paperless")


def test_its_database_is_up_to_date(status: dict[str, Any]) -> None:
    said = status["database"]
    assert (said["type"], said["status"]) == ("postgresql", "OK")
    assert said["migration_status"]["unapplied_migrations"] == []


@pytest.mark.claim("P7.3")
def test_its_queue_and_worker_answer(status: dict[str, Any]) -> None:
    said = status["tasks"]
    assert (said["redis_url"], said["redis_status"]) == ("redis://redis:6379", "OK")
    assert said["celery_status"] == "OK"


def test_its_search_index_is_whole(status: dict[str, Any]) -> None:
    assert status["tasks"]["index_status"] == "OK"


def test_who_is_not_signed_in_sees_nothing(api: Api) -> None:
    assert api("paperless").get("/api/documents/").status_code == 401


def test_a_made_up_name_is_refused(api: Api) -> None:
    asked = {"username": NOBODY, "password": "not-the-password"}
    refused = api("paperless").post("/api/token/", json=asked)
    assert refused.status_code == 400
    assert list(refused.json()) == ["non_field_errors"]


def test_a_tag_can_be_made(paperless: httpx.Client, tag: tuple[str, str]) -> None:
    path, name = tag
    assert paperless.get(path).json()["name"] == name


def test_a_tag_that_was_deleted_is_gone(paperless: httpx.Client, tag: tuple[str, str]) -> None:
    path, _ = tag
    assert paperless.delete(path).status_code == 204
    assert paperless.get(path).status_code == 404


@pytest.mark.service("paperless-postgres")
def test_a_tag_is_kept_in_its_database(
    paperless: httpx.Client, inside: Inside, stack: RunningStack, tag: tuple[str, str]
) -> None:
    path, name = tag
    assert paperless.get(path).status_code == 200
    login = secret(stack, "paperless-postgres", "POSTGRES_PASSWORD")
    with postgres(inside("paperless-postgres"), "paperless", login, "paperless") as cursor:
        found = rows(cursor, "SELECT count(*) FROM documents_tag WHERE name = %s", name)
    assert found == [(1,)]


@pytest.mark.claim("P7.3")
def test_a_document_is_taken_up_and_can_be_thrown_away(
    paperless: httpx.Client, request: pytest.FixtureRequest, run_id: str
) -> None:
    title, content = own_name(request, run_id), b"A letter.\n"
    sent = paperless.post(
        "/api/documents/post_document/",
        files={"document": (f"{title}.txt", content)},
        data={"title": title},
    )
    assert sent.status_code == 200, sent.text
    for attempt in within(30):
        with attempt:
            (task,) = paperless.get("/api/tasks/", params={"task_id": sent.json()}).json()
            assert task["status"] == "SUCCESS"
    document = int(task["related_document"])
    try:
        assert paperless.get(f"/api/documents/{document}/").json()["title"] == title
        assert paperless.get(f"/api/documents/{document}/download/").content == content
    finally:
        paperless.delete(f"/api/documents/{document}/")
        paperless.post("/api/trash/", json={"documents": [document], "action": "empty"})
    assert paperless.get(f"/api/documents/{document}/").status_code == 404


def test_a_person_signs_in_on_the_page(page: Page, password: str) -> None:
    do_sign_in(page, "admin", password)
    expect(page).to_have_title("Paperless-ngx")
    expect(page.locator("pngx-root")).to_be_attached()


def test_a_refused_person_is_told_on_the_page(page: Page) -> None:
    do_sign_in(page, NOBODY, "not-the-password")
    expect(page.locator(".alert-danger")).to_contain_text("username and/or password")
    expect(page).to_have_title("Paperless-ngx sign in")
