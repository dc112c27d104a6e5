"""Planka works when its administrator can sign in, make a project with a board, and remove it.

Its page is the same with and without a database; only signing in asks it.
"""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import secret
from fixtures.sql import postgres, rows
from fixtures.typed import Api, Inside
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("planka")

IDENTITY = Identity(
    host="planka.stack.local", path="/api/config", marker='"allowAllToCreateProjects":'
)


@pytest.fixture
def password(stack: RunningStack) -> str:
    return secret(stack, "planka", "DEFAULT_ADMIN_PASSWORD")


@pytest.fixture
def planka(api: Api, password: str) -> Iterator[httpx.Client]:
    """A client signed in as the administrator, signed out at the end."""
    client = api("planka")
    answer = do_sign_in(client, "admin", password)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['item']}"
    yield client
    assert client.delete("/api/access-tokens/me").status_code == 200


@pytest.fixture
def project(
    planka: httpx.Client, request: pytest.FixtureRequest, run_id: str
) -> Iterator[tuple[str, str]]:
    """A project of this test, deleted at the end."""
    name = own_name(request, run_id)
    made = planka.post("/api/projects", json={"name": name})
    assert made.status_code == 200, made.text
    path = f"/api/projects/{made.json()['item']['id']}"
    yield path, name
    planka.delete(path)
    assert planka.get(path).status_code == 404, "left behind"


def do_sign_in(client: httpx.Client, user: str, password: str) -> httpx.Response:
    asked = {"emailOrUsername": user, "password": password}
    return client.post("/api/access-tokens", json=asked)


def do_sign_in_on_the_page(page: Page, user: str, password: str) -> None:
    page.goto("https://planka.stack.local/login")
    page.locator("input[name=emailOrUsername]").fill(user)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_the_front_door_leads_to_planka(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_a_made_up_name_is_refused(api: Api) -> None:
    refused = do_sign_in(api("planka"), "nobody", "not-the-password")
    assert refused.status_code == 401
    assert refused.json()["message"] == "Invalid credentials"


def test_a_malformed_sign_in_is_refused(api: Api) -> None:
    assert api("planka").post("/api/access-tokens", json={}).status_code == 400


def test_who_is_not_signed_in_sees_nothing(api: Api) -> None:
    refused = api("planka").get("/api/projects")
    assert refused.status_code == 401
    assert refused.json()["code"] == "E_UNAUTHORIZED"


def test_a_project_can_be_made(planka: httpx.Client, project: tuple[str, str]) -> None:
    path, name = project
    assert planka.get(path).json()["item"]["name"] == name


def test_a_project_that_was_deleted_is_gone(planka: httpx.Client, project: tuple[str, str]) -> None:
    path, _ = project
    assert planka.delete(path).status_code == 200
    assert planka.get(path).status_code == 404


def test_a_project_without_a_name_is_refused(planka: httpx.Client) -> None:
    assert planka.post("/api/projects", json={}).status_code == 400


def test_a_board_belongs_to_its_project(planka: httpx.Client, project: tuple[str, str]) -> None:
    path, _ = project
    made = planka.post(f"{path}/boards", json={"name": "Board", "position": 65535})
    assert made.status_code == 200, made.text
    boards = planka.get(path).json()["included"]["boards"]
    assert [board["name"] for board in boards] == ["Board"]


@pytest.mark.claim("P8.1")
@pytest.mark.service("planka-postgres")
def test_a_project_is_kept_in_its_database(
    planka: httpx.Client, inside: Inside, stack: RunningStack, project: tuple[str, str]
) -> None:
    path, name = project
    assert planka.get(path).status_code == 200
    login = secret(stack, "planka-postgres", "POSTGRES_PASSWORD")
    with postgres(inside("planka-postgres"), "planka", login, "planka") as cursor:
        assert rows(cursor, "SELECT count(*) FROM project WHERE name = %s", name) == [(1,)]


def test_who_signed_out_is_nobody(api: Api, password: str) -> None:
    client = api("planka")
    token = do_sign_in(client, "admin", password).json()["item"]
    client.headers["Authorization"] = f"Bearer {token}"
    assert client.delete("/api/access-tokens/me").status_code == 200
    assert client.get("/api/projects").status_code == 401


def test_a_person_finds_the_project_on_the_page(
    page: Page, password: str, project: tuple[str, str]
) -> None:
    _, name = project
    do_sign_in_on_the_page(page, "admin", password)
    expect(page.get_by_text(name)).to_be_visible()


def test_a_refused_person_is_told_on_the_page(page: Page) -> None:
    do_sign_in_on_the_page(page, "nobody", "not-the-password")
    expect(page.locator(".ui.error.message")).to_contain_text("Invalid credentials")
